"""The list of synonyms proposed for words that a question shares with its source."""

import pytest

from itlim.causality.rephrasing.synonyms import synonym_of
from itlim.causality.rephrasing.wordings import rephrasings, shared_concept_words


@pytest.mark.parametrize(
    ("instruction", "source", "word"),
    [
        ("Tell me who founded Toyota.", "Who is the founder of Lonely Planet?", "founded"),
        ("Who directed Alien?", "Who directed Jaws?", "directed"),
        ("Name popular movies.", "Which movies are popular?", "movies"),
    ],
)
def test_a_synonym_removes_the_shared_word(instruction, source, word):
    swapped = rephrasings(instruction, {word: synonym_of(word)})[0].text
    ranges, _ = shared_concept_words(swapped, source)
    assert word not in [swapped[start:stop] for start, stop in ranges]


def test_an_unknown_word_has_no_synonym():
    assert synonym_of("Toyota") == ""
