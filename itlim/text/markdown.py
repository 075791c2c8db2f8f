"""Text that a person typed, inside Markdown: shown as it is, whatever characters it has."""

import re

_SPECIAL = re.compile(r"([\\`*_\[\]<>$~|#&{}])")
# Streamlit turns `:name:` into an emoji or icon, `:red[x]` into color, `->` into an arrow, and
# `www.` into a link. A backslash does not stop all of them; an invisible character between the two
# does.
_PAIRS = re.compile(r"(:(?=[\w+\-/])|-(?=[\->])|<(?=-)|\bwww(?=\.))", re.IGNORECASE)
# Code, and a command's option: shown as code, they can be copied without the invisible character.
_CODE = re.compile(r"(`[^`]+`|(?<![^\s(])--[a-z][\w-]*)")
# Inside a message, these would reorder the words around a name, or hide some of it. Lone surrogates
# cannot be sent at all.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PICTURES = 0x2400
"""First of the signs for the characters below the space."""
_LINE_START = re.compile(r"^(?=[-+=>]|\d+[.)])")
JOINER = "\u2060"
"""An invisible character without width, at which no line breaks."""


def as_markdown(text: str) -> str:
    r"""Markdown that shows a text as it is, on one line.

    >>> as_markdown("<b>**x**</b>")
    '\\<b\\>\\*\\*x\\*\\*\\</b\\>'
    >>> as_markdown("Ann's notes")
    "Ann's notes"
    >>> as_markdown("a\u202eb\x1b")
    'a⟨U+202E⟩b␛'
    """
    return _LINE_START.sub(JOINER, _escaped(" ".join(text.split())))


def lines_as_markdown(text: str) -> str:
    r"""Markdown for a cell of a table: as `as_markdown`, with line breaks and outer blanks kept.

    >>> lines_as_markdown("*a* | b")
    '\\*a\\* \\| b'
    >>> lines_as_markdown("a\u202eb\n# c")
    'a⟨U+202E⟩b<br>\\# c'
    """
    # First, since some controls, such as U+0085, would end a line.
    seen = _seen(text)
    if not seen.strip():
        return seen
    return "<br>".join(_LINE_START.sub(JOINER, _escaped(line)) for line in seen.splitlines())


def with_visible_controls(text: str) -> str:
    r"""The text with a code or sign for each character that would reorder or hide others.

    Line breaks and tabs stay, and so do marks that only say how neighbors are ordered.

    >>> with_visible_controls("a\u202eb\x1b\u200f")
    'a⟨U+202E⟩b␛\u200f'
    """
    return _seen(text)


def message_as_markdown(text: str) -> str:
    r"""Markdown for a message of the app: as `as_markdown`, but code is shown as code.

    >>> message_as_markdown("Repeat with --merge.")
    'Repeat with `--merge`.'
    >>> message_as_markdown("Run `make real`, *please*")
    'Run `make real`, \\*please\\*'
    """
    parts = _CODE.split(" ".join(text.split()))
    shown = "".join(
        f"`{_seen(part.strip('`'))}`" if number % 2 else _escaped(part)
        for number, part in enumerate(parts)
    )
    return _LINE_START.sub(JOINER, shown)


def without_images(text: str) -> str:
    r"""Markdown whose images, which a browser would load from other machines, are text.

    >>> without_images("**Read** ![this](https://example.org/a.png)")
    '**Read** !\\[this](https://example.org/a.png)'
    """
    return text.replace("![", "!\\[")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _PAIRS.sub(rf"\1{JOINER}", _seen(text)))


def _seen(text: str) -> str:
    return _CONTROLS.sub(lambda found: _visible(found.group()), text)


def _visible(character: str) -> str:
    """What is shown in place of a control character."""
    code = ord(character)
    return chr(_PICTURES + code) if code < ord(" ") else f"⟨U+{code:04X}⟩"
