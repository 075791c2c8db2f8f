"""Text inside HTML: escaped, and without a way to reorder what stands beside it."""

from html import escape


def html_text(value: object) -> str:
    """Any value as HTML text; control characters, which HTML forbids, become Unicode pictures."""
    pictures = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
    return escape(str(value).translate(pictures))


def isolated_html(value: object) -> str:
    """`html_text` in an element whose direction ends with it.

    >>> isolated_html("<b>\u202e")
    '<bdi>&lt;b&gt;\u202e</bdi>'
    """
    return f"<bdi>{html_text(value)}</bdi>"
