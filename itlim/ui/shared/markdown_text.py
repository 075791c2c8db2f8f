"""Text of models, data sets and people inside Markdown."""


def escaped(text: str) -> str:
    r"""Escape everything that Markdown would interpret.

    >>> print(escaped("**a** :red[b]"))
    \*\*a\*\* \:red\[b\]
    """
    return "".join(f"\\{one}" if one in r"\`*_{}[]()<>#+!|~$:" else one for one in text)
