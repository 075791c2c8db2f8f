"""Text that a person typed, inside Markdown: shown as it is, whatever characters it has."""

import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>$~|#&{}])")
# Streamlit turns `:name:` into an emoji or icon, `:red[x]` into color, and `->` into an arrow. A
# backslash does not stop all of them; an invisible character between the two does.
_PAIRS = re.compile(r"(:(?=[\w+\-/])|-(?=[\->])|<(?=-))")
# Code, and a command's option: shown as code, they can be copied without the invisible character.
_CODE = re.compile(r"(`[^`]+`|(?<![^\s(])--[a-z][\w-]*)")
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
    return _LINE_START.sub(JOINER, _escaped(" ".join(text.split())))


def message_as_markdown(text: str) -> str:
    r"""Markdown for a message of the app: as `as_markdown`, but code is shown as code.

    >>> message_as_markdown("Repeat with --merge.")
    'Repeat with `--merge`.'
    >>> message_as_markdown("Run `make real`, *please*")
    'Run `make real`, \\*please\\*'
    """
    parts = _CODE.split(" ".join(text.split()))
    shown = "".join(
        f"`{part.strip('`')}`" if number % 2 else _escaped(part)
        for number, part in enumerate(parts)
    )
    return _LINE_START.sub(JOINER, shown)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _PAIRS.sub(rf"\1{JOINER}", text))
