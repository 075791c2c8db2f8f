"""Texts that can be written as UTF-8."""


def as_unicode(text: str) -> str:
    r"""The text with a question mark for each half of a surrogate pair, which is no character.

    >>> as_unicode("caf\u00e9 \ud800!")
    'café ?!'
    """
    return text.encode("utf-8", "replace").decode("utf-8")
