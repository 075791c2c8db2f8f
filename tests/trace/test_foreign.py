"""Function words of other languages than English are not evidence of borrowing."""

import json
import math

import pytest

from itlim.text.words import words
from itlim.trace.evidence.foreign import (
    FUNCTION_WORD,
    FUNCTION_WORDS_FILE,
    foreign_surprisal,
    function_words,
)


def capped(text: str) -> list[str]:
    split = words(text)
    return [
        word for word, nats in zip(split, foreign_surprisal(split), strict=True) if nats < math.inf
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Le lac est situé au nord de la ville", ["le", "est", "au", "de", "la"]),
        ("Il lago si trova a nord della villa", ["il", "si", "a", "della"]),
        ("Der See liegt im Norden der Stadt", ["der", "im", "der"]),
        ("The lake is north of the town", []),
        ("Mosquito zapper", []),
        # One function word may be part of a name.
        ("Miguel de Cervantes wrote", []),
    ],
)
def test_only_function_words_of_a_foreign_language_are_common(text, expected):
    assert capped(text) == expected


def test_their_surprisal_is_that_of_common_words():
    found = foreign_surprisal(words("Le lac est ici"))
    assert set(found.tolist()) == {FUNCTION_WORD, math.inf}


@pytest.mark.full
def test_the_lists_are_those_of_spacy():
    stored = json.loads(FUNCTION_WORDS_FILE.read_text(encoding="utf-8"))
    from spacy.lang.fr import stop_words as french
    from spacy.lang.it import stop_words as italian

    assert set(stored["fr"]) == french.STOP_WORDS
    assert set(stored["it"]) == italian.STOP_WORDS
    assert function_words().keys() == stored.keys()
