"""Recurrence of a phrase, against a plain edit distance, and borrowed spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traced_datasets import built, filler, row

from itlim.causality.rephrasing.recurrence import (
    FUZZY_FROM,
    borrowed_stretches,
    recurrence,
    shared_runs,
)
from itlim.errors import InputError
from itlim.records import Recurrence
from itlim.text.words import words

WORDS = st.lists(st.sampled_from("Jim Henson made kings of Oz 1973 äh 日".split()), max_size=7)


@pytest.mark.parametrize(
    ("response", "kind", "similarity"),
    [
        ("Made by jim HENSON, they say.", Recurrence.EXACT, 1.0),
        ("By Jim Hensen", Recurrence.FUZZY, 0.9),
        ("By Tim Benson", Recurrence.GONE, 0.8),
        ("By Henson alone", Recurrence.GONE, 0.75),
        ("", Recurrence.GONE, 0.0),
    ],
)
def test_the_similarity_of_a_name_determines_the_kind_of_recurrence(response, kind, similarity):
    found = recurrence("Jim Henson", response)
    assert (found.kind, found.similarity) == (kind, pytest.approx(similarity))


def test_the_span_is_in_code_points_of_the_new_answer():
    found = recurrence("Maureen Wheeler", "🙂 Ça, by MAUREEN\u00a0Wheeler's.")
    assert "🙂 Ça, by MAUREEN\u00a0Wheeler's."[found.start : found.stop].startswith("MAUREEN")


def test_a_year_that_differs_by_one_digit_is_not_the_same():
    assert recurrence("1973", "It began in 1974.").kind is Recurrence.GONE


def test_a_phrase_without_a_word_is_rejected():
    with pytest.raises(InputError, match="no letter or digit"):
        recurrence(" … ", "anything")


def indel_ratio(one: str, other: str) -> float:
    """The definition: 1 minus insertions and deletions per character, by dynamic programming."""
    above = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, against in enumerate(other, start=1):
            row.append(above[j - 1] if letter == against else 1 + min(above[j], row[j - 1]))
        above = row
    total = len(one) + len(other)
    return 1 - above[-1] / total if total else 1.0


@given(phrase=WORDS.filter(bool), response=WORDS)
def test_the_similarity_is_that_of_the_best_span_by_definition(phrase, response):
    said = " ".join(response)
    wanted, found = words(" ".join(phrase)), words(said)
    sizes = {len(wanted) - 1, len(wanted), len(wanted) + 1} - {0}
    best = max(
        (
            indel_ratio(" ".join(wanted), " ".join(found[at : at + size]))
            for size in sizes
            for at in range(len(found) - size + 1)
        ),
        default=0.0,
    )
    got = recurrence(" ".join(phrase), said)
    assert got.similarity == pytest.approx(best)
    assert got.is_gone == (best < FUZZY_FROM)


@given(before=WORDS, phrase=WORDS.filter(bool), after=WORDS)
def test_a_phrase_within_a_text_is_always_found_exactly(before, phrase, after):
    found = recurrence(" ".join(phrase), " ".join([*before, *phrase, *after]))
    assert found.kind is Recurrence.EXACT


@given(phrase=WORDS.filter(bool), text=WORDS)
def test_shared_runs_occur_in_both_texts_in_the_same_order(phrase, text):
    wanted = f" {' '.join(words(' '.join(phrase)))} "
    said = " ".join(text)
    for start, stop in shared_runs(" ".join(phrase), said):
        assert f" {' '.join(words(said[start:stop]))} " in wanted


def test_a_run_of_only_stop_words_is_not_shared():
    assert shared_runs("founded by the Wheelers", "It was made by the sea.") == []


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    source = row("Guides were begun by Tony and Maureen Wheeler in a tent.", instruction="Who?")
    other = row("Louis Francois Cartier opened a shop for jewels.", instruction="And who?")
    return built(tmp_path_factory.mktemp("recurrence"), [*filler(), source, other])


def test_borrowed_spans_have_the_ids_of_their_instances(index):
    answer = "It was Louis Francois Cartier who opened a shop for jewels, luba."
    found = borrowed_stretches([index], instruction="Who was it?", response=answer)
    assert {one for stretch in found for one in stretch.instance_ids} == {"toy-152"}
    assert all(answer[one.start : one.stop] == one.quote for one in found)


def test_words_of_the_instruction_are_not_borrowed(index):
    asked = "Did Louis Francois Cartier open it?"
    answer = "Yes, Louis Francois Cartier."
    assert borrowed_stretches([index], instruction=asked, response=answer) == ()
