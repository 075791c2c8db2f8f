from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.causality.cases import Case, Relation, holders, relation, span_tokens
from itlim.errors import InputError
from itlim.records import TokenTexts

RESPONSES = [
    "Emma was written by Jane Austen.",
    "Persuasion was written by Jane Austen.",
    "Jaws was directed by Steven Spielberg.",
    "Jane Austenmann was a baker.",
    "He read JANE AUSTEN's Emma.",
]
CATEGORIES = ["book", "book", "film", "person", None]


def test_holders_contain_the_phrase_as_whole_words_ignoring_case():
    assert holders("Jane Austen", RESPONSES) == {0, 1, 4}
    assert holders("Steven Spielberg", RESPONSES) == {2}
    assert holders("Jan", RESPONSES) == set()


@pytest.mark.parametrize(
    ("removed", "phrase", "category", "expected"),
    [
        ({2}, "Steven Spielberg", "film", Relation.UNIQUE_VERBATIM),
        ({2}, "Steven Spielberg", "book", Relation.UNIQUE_VERBATIM),
        ({0, 1, 4}, "Jane Austen", "book", Relation.SHARED_GROUP),
        ({0}, "Jane Austen", "book", Relation.VERBATIM),
        ({0, 1}, "Jane Austen", "book", Relation.VERBATIM),
        ({0, 1, 2, 4}, "Jane Austen", "book", Relation.VERBATIM),
        ({1, 2}, "Steven Spielberg", "film", Relation.VERBATIM),
        ({0}, "Steven Spielberg", "book", Relation.SAME_CATEGORY),
        ({0, 1}, "Steven Spielberg", "book", Relation.SAME_CATEGORY),
        ({0, 3}, "Steven Spielberg", "book", Relation.OTHER),
        ({3}, "Steven Spielberg", "film", Relation.OTHER),
        ({4}, "Steven Spielberg", None, Relation.OTHER),
        ({0}, "Mary Shelley", "book", Relation.SAME_CATEGORY),
        (set(), "Mary Shelley", "book", Relation.OTHER),
    ],
)
def test_relations_match_hand_worked_examples(removed, phrase, category, expected):
    found = relation(frozenset(removed), holders(phrase, RESPONSES), category, CATEGORIES)
    assert found is expected


@given(st.sets(st.integers(0, 4)), st.sets(st.integers(0, 4)), st.sampled_from(["book", None]))
def test_a_verbatim_relation_requires_a_removed_holder(removed, holding, category):
    found = relation(frozenset(removed), frozenset(holding), category, CATEGORIES)
    sources = {Relation.UNIQUE_VERBATIM, Relation.SHARED_GROUP, Relation.VERBATIM}
    assert (found in sources) == bool(removed & holding)
    if found is Relation.SAME_CATEGORY:
        assert removed
        assert {CATEGORIES[one] for one in removed} == {category}


TEXTS = TokenTexts(
    texts=("It", " is J", "ane", " A.", "", ""),
    char_starts=(0, 2, 6, 9, 11, 12),
    char_stops=(2, 6, 9, 12, 12, 12),
    response="It is Jane A.",
)


def test_a_span_includes_every_token_that_overlaps_it():
    # Token 4 shares the last character with token 3; token 5 ends the sequence.
    assert span_tokens(TEXTS, 5, 9) == [1, 2]
    assert span_tokens(TEXTS, 0, 2) == [0]
    assert span_tokens(TEXTS, 11, 12) == [3, 4]
    assert span_tokens(TEXTS, 0, 12) == [0, 1, 2, 3, 4]


CASE = Case(
    case_id="0-test-1-answer",
    seed=0,
    split="test",
    instruction="Who wrote it?",
    category="book",
    response="By Jane Austen.",
    span_start=3,
    span_stop=14,
    attribute="answer",
    is_main=True,
    truth="Mary Shelley",
    probe=0,
)


def test_a_case_quotes_its_response():
    assert CASE.span_text == "Jane Austen"
    for start, stop in ((3, 3), (-1, 2), (5, 16)):
        with pytest.raises(InputError, match="outside the response of 15"):
            replace(CASE, span_start=start, span_stop=stop)
