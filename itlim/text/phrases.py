"""Whether a phrase occurs in a text as whole words."""

import re


def phrase_in(phrase: str, text: str) -> bool:
    """Whether a phrase stands in a text as whole words, whatever the case.

    >>> phrase_in("Titan", "The Titanic sank."), phrase_in("titan", "Titan was seen.")
    (False, True)
    """
    if phrase.casefold() not in text.casefold():
        return False  # the usual case, and much faster than a pattern
    pattern = r"(?<!\w)" + re.escape(phrase) + r"(?!\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None
