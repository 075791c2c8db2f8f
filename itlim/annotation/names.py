"""Names of people: those known here, and those that are probably another spelling of one."""

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from itlim.annotation.adjudication import FINAL
from itlim.records import ANYONE
from itlim.store.connection import Store
from itlim.store.studies import names_in_studies

NEAR_RATIO = 80.0
"""Similarity, in percent, from which two names may be of one person: "anna" and "ana" have 86."""
NAME_LENGTH = 60
"""Characters."""
_NOT_PEOPLE = frozenset((FINAL, ANYONE, "command line", ""))


def known_names(store: Store) -> list[str]:
    """Names of everybody who has annotated or is named in a study, most recent first."""
    return [name for name in names_in_studies(store) if name not in _NOT_PEOPLE]


def tidy_name(typed: str) -> str:
    """A typed name with single spaces, at most `NAME_LENGTH` characters.

    >>> tidy_name("  ann   b. ")
    'ann b.'
    """
    return " ".join(typed.split())[:NAME_LENGTH].strip()


def near_matches(name: str, known: Sequence[str]) -> list[str]:
    """Known names that are probably another spelling of a name, most similar first.

    Names that differ in a digit, such as "rater 1" and "rater 2", are different people.

    >>> near_matches("Anna B", ["ana b", "bea", "anna  b."])
    ['anna  b.', 'ana b']
    >>> near_matches("rater 2", ["rater 1"]), near_matches("bea", ["bea"])
    ([], [])
    """
    if name in known:
        return []
    digits = _digits(name)
    alike = [one for one in known if _digits(one) == digits]
    found = process.extract(
        name, alike, scorer=fuzz.ratio, processor=_plain, score_cutoff=NEAR_RATIO, limit=5
    )
    return [one for one, _, _ in found]


def _plain(name: str) -> str:
    """Letters and digits without accents and case, with single spaces."""
    bare = "".join(
        one
        for one in unicodedata.normalize("NFKD", name.casefold())
        if not unicodedata.combining(one)
    )
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)
