"""Text that a person typed, inside Markdown: shown as it is, whatever characters it has."""

import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>$~|#&{}])")
# Streamlit turns `:name:` into an emoji or icon, `:red[x]` into color, and `->` into an arrow. A
# backslash does not stop all of them; an invisible character between the two does.
_PAIRS = re.compile(r"(:(?=[\w+\-/])|-(?=[\->])|<(?=-))")
_LINE_START = re.compile(r"^(?=[-+=>]|\d+[.)])")
JOINER = "\u2060"
"""An invisible character without width, at which no line breaks."""


def as_markdown(text: str) -> str:
    r"""Markdown that shows a text as it is, on one line.

    >>> as_markdown("<b>**x**</b>")
    '\\<b\\>\\*\\*x\\*\\*\\</b\\>'
    >>> as_markdown("Ann's notes")
    "Ann's notes"
    """
    line = " ".join(text.split())
    return _LINE_START.sub(JOINER, _SPECIAL.sub(r"\\\1", _PAIRS.sub(rf"\1{JOINER}", line)))
