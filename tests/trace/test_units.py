"""Units that people mark: sentences, clauses, names and passages of a response."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.units import PASSAGE_WORDS, UnitKind, passages, sample_units, units


def quoted(text: str, kind: UnitKind) -> list[str]:
    response = Response.of("", text)
    return [
        text[response.starts[one.first] : response.stops[one.last - 1]]
        for one in units(response)
        if one.kind == kind
    ]


def test_sentences_end_at_marks_and_line_breaks_but_not_in_abbreviations():
    text = "Dr. No is a film. It is old!\n- Milk and honey\n1. Bread"
    assert quoted(text, UnitKind.SENTENCE) == [
        "Dr. No is a film", "It is old", "Milk and honey", "1. Bread",
    ]  # fmt: skip


def test_clauses_are_the_parts_between_punctuation_of_three_words_or_more():
    text = "When it rains, the road (which is old) floods, so stay – at home tonight."
    assert quoted(text, UnitKind.CLAUSE) == [
        "When it rains", "which is old", "at home tonight",
    ]  # fmt: skip
    assert quoted("It is, yes.", UnitKind.CLAUSE) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was founded by Tony and Maureen Wheeler.", ["Tony and Maureen Wheeler"]),
        ("It was by Jim Henson, Frank Oz and I like it.", ["Jim Henson", "Frank Oz"]),
        ("The book by J. K. Rowling is from 1997.", ["J. K. Rowling", "1997"]),
        ("I think I'm in the Bay of Fundy.", ["Bay of Fundy"]),
        ("no capitals at all", []),
    ],
)
def test_names_are_runs_of_capitalized_words_and_numbers(text, expected):
    assert quoted(text, UnitKind.NAME) == expected


def test_passages_are_all_runs_of_sentences_of_a_length():
    sentence = " ".join(["word"] * 20) + ". "
    response = Response.of("", sentence * 4)
    low, high = PASSAGE_WORDS
    assert low <= 40 <= 80 <= high
    assert [(one.first, one.last) for one in passages(response)] == [
        (0, 40), (0, 60), (0, 80), (20, 60), (20, 80), (40, 80),
    ]  # fmt: skip
    assert passages(Response.of("", sentence)) == []


@settings(deadline=None)
@given(st.text(alphabet="aB1 .,;\n-(é", max_size=80))
def test_units_are_distinct_ranges_of_words_and_sentences_cover_the_text(text):
    response = Response.of("", text)
    found = units(response)
    ranges = [(one.first, one.last) for one in found]
    assert len(set(ranges)) == len(ranges)
    assert all(0 <= first < last <= len(response.words) for first, last in ranges)
    sentences = sorted((one.first, one.last) for one in found if one.kind == UnitKind.SENTENCE)
    covered = [word for first, last in sentences for word in range(first, last)]
    assert covered == list(range(len(response.words)))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(1, 4))
def test_a_sample_has_each_unit_once_at_the_nearest_length(sizes, per_length):
    lengths = (1, 3, 9, 20)
    responses = [Response.of("", " ".join(["word"] * size) + ".") for size in sizes]
    found = sample_units(responses, lengths, per_length, seed=1)
    assert found == sample_units(responses, lengths, per_length, seed=1)
    assert len({(one.response, one.first, one.last) for one in found}) == len(found)
    assert all(count <= per_length for count in Counter(one.length for one in found).values())
    for one in found:
        ratios = {length: abs(np.log((one.last - one.first) / length)) for length in lengths}
        assert ratios[one.length] == min(ratios.values())
    available = Counter(min(lengths, key=lambda a: abs(np.log(size / a))) for size in sizes)
    for length, count in available.items():
        assert sum(one.length == length for one in found) == min(count, per_length)


def test_a_sample_depends_on_its_seed():
    responses = [Response.of("", f"word{number} and more.") for number in range(40)]
    one, other = (sample_units(responses, (3,), 5, seed=seed) for seed in (1, 2))
    assert [unit.response for unit in one] != [unit.response for unit in other]


def test_a_text_without_words_has_no_units():
    assert units(Response.of("", "—!?")) == []
    assert sample_units([Response.of("", "")], (1, 2), 5, seed=0) == []


def test_a_length_with_few_units_is_filled_up_with_distinct_stretches():
    responses = [Response.of("", "One two three four five. Six seven eight.")]
    found = sample_units(responses, (1, 3, 5), 9, seed=0, at_least=4)
    assert Counter(one.length for one in found) == {1: 4, 3: 4, 5: 4}
    assert len({(one.first, one.last) for one in found}) == len(found)
    assert {(0, 5), (5, 8)} <= {(one.first, one.last) for one in found}, "the sentences"
    short = sample_units(responses, (3, 7), 9, seed=0, at_least=50)
    # The sentence of five words, and both stretches of seven.
    assert Counter(one.length for one in short)[7] == 3
