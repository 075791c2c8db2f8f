"""Find the wrong phrases in an answer of the demo family, by the known sentence templates."""

import re


def phrase_in(phrase: str, text: str) -> bool:
    """Whether a phrase stands in a text as whole words, whatever the case.

    >>> phrase_in("Titan", "The Titanic sank."), phrase_in("titan", "Titan was seen.")
    (False, True)
    """
    pattern = r"(?<!\w)" + re.escape(phrase) + r"(?!\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None
