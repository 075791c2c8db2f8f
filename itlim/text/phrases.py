"""Find a phrase in a text: as whole words, or as an exact quote with its position."""

import re

from itlim.errors import InputError
from itlim.text.messages import plural


def phrase_in(phrase: str, text: str) -> bool:
    """Whether a text contains a phrase as whole words, ignoring case.

    >>> phrase_in("Titan", "The Titanic sank."), phrase_in("titan", "Titan was seen.")
    (False, True)
    """
    if phrase.casefold() not in text.casefold():
        return False  # the most common case, and much faster than a pattern
    pattern = r"(?<!\w)" + re.escape(phrase) + r"(?!\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None


def quoted_span(text: str, quote: str, nth: int = 1) -> tuple[int, int]:
    """Half-open code-point range of the nth occurrence of a quote.

    Raises:
        InputError: the quote is empty or occurs fewer than `nth` times.

    >>> quoted_span("the cat, the dog", "the", 2)
    (9, 12)
    """
    if not quote or nth < 1:
        raise InputError(f"Quote {quote!r}, occurrence {nth}: expected words and a number from 1.")
    start = -1
    for found in range(nth):
        start = text.find(quote, start + 1)
        if start < 0:
            raise InputError(
                f"The quote {quote!r} occurs {plural(found, 'time')} in the response, not {nth}: "
                "copy it from the response exactly."
            )
    return start, start + len(quote)
