"""Parts of a span: its names, its shifted words, and words of the topic."""

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.schema import ShiftCategory
from itlim.text.words import words, words_with_offsets
from itlim.trace.evidence.parts import (
    TIGHT,
    TOPIC_SHARE,
    WORD_CHANCE,
    names,
    repeat_surprisal,
    shifted_words,
    span_parts,
    topic_surprisal,
)


def named(text: str) -> list[str]:
    _, starts, stops = words_with_offsets(text)
    chosen = names(text, starts, stops)
    return [text[a:b] for a, b, kept in zip(starts, stops, chosen, strict=True) if kept]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The film was made by Ann Lee in 1999.", ["Ann", "Lee", "1999"]),
        ("Ann left. Lee stayed! Then Bob? Yes: So it goes", ["Bob"]),
        ("A list:\n- Milk\n* Bread\n1. Salt", ["1"]),
        ("He said “Come” and Ann came", ["Ann"]),
        ("the 2nd of MI5 and NATO", ["2nd", "MI5", "NATO"]),
        ("la ville d’Évry et Ōsaka", ["Ōsaka"]),
        ("a book by J. K. Rowling", ["J", "K", "Rowling"]),
        ("It joined NATO. The end", ["NATO"]),
        ("no capitals at all", []),
        ("它在東京 and שלום", []),
        ("Alone", []),
    ],
)
def test_names_are_capitals_inside_sentences_and_numbers(text, expected):
    assert named(text) == expected


def test_white_space_after_a_period_still_starts_a_sentence():
    assert named("It ends.   Then it starts") == []
    assert named("It ends   Then it starts") == ["Then"]


def parts_of(text: str, shifted=None):
    _, starts, stops = words_with_offsets(text)
    return span_parts(text, starts, stops, None if shifted is None else np.array(shifted))


def test_a_long_span_has_its_names_and_shifted_words_as_parts():
    text = "the book was written by Ann Lee"
    found = parts_of(text, [0, 0, 1, 1, 0, 0, 0])
    assert [part.name for part in found] == ["span", "names", "shifted words"]
    assert [part.words.astype(int).tolist() for part in found] == [
        [1] * 7,
        [0, 0, 0, 0, 0, 1, 1],
        [0, 0, 1, 1, 0, 0, 0],
    ]
    assert [part.chance for part in found] == pytest.approx(
        [7 * WORD_CHANCE, 2 * WORD_CHANCE, 2 * WORD_CHANCE]
    )


def test_an_empty_part_and_one_equal_to_the_span_are_left_out():
    assert [part.name for part in parts_of("all of these words are lower case")] == ["span"]
    assert [part.name for part in parts_of("x A B C D E F", [1] * 7)] == ["span", "names"]
    assert [part.name for part in parts_of("a b c d e f g", [0] * 7)] == ["span"]


def test_a_tight_span_has_one_part():
    assert TIGHT == 5
    assert [part.name for part in parts_of("written by Ann Lee twice", [1, 0, 0, 0, 0])] == ["span"]
    assert len(parts_of("was written by Ann Lee twice", [0, 1, 0, 0, 0, 0])) == 3


def test_words_that_contain_a_shifted_token_are_shifted():
    text = "Tony Wheeler, so"
    tokens = pa.table(
        {
            "category": [
                ShiftCategory.UNSHIFTED, ShiftCategory.SHIFTED, ShiftCategory.UNSHIFTED,
                ShiftCategory.SHIFTED, ShiftCategory.MARGINAL, ShiftCategory.SHIFTED,
            ],
            # "Tony", " Whe", "eler", ",", " so", and the end of the sequence.
            "char_start": [0, 4, 8, 12, 13, 16],
            "char_stop": [4, 8, 12, 13, 16, 16],
        }
    )  # fmt: skip
    assert shifted_words(tokens, text).tolist() == [False, True, True]


def test_repeating_the_topic_by_hand():
    # The words around the span are "who found lonely planet" and "it is": six words.
    response = words("tony and maureen founded lonely planet it is")
    found = topic_surprisal("Who founded Lonely Planet?", response, 0, 6)
    assert found is not None
    assert found[:3].tolist() == [math.inf] * 3
    assert found[3:].tolist() == pytest.approx([-math.log(0.5 / 6)] * 3)
    assert topic_surprisal("Who founded it?", response, 0, 5) is None, "tight"


def test_a_span_with_nothing_around_it_repeats_nothing():
    found = topic_surprisal("", ["a"] * 6, 0, 6)
    assert found is not None
    assert found.tolist() == [math.inf] * 6


def test_a_phrase_that_the_response_repeats_is_not_its_topic():
    # The rest is "the zapper was a zapper" without the repeated "mosquito zapper": five words.
    response = words("they had a mosquito zapper there the zapper was a mosquito zapper zapper")
    found = topic_surprisal("", response, 0, 6)
    assert found is not None
    assert found[3] == math.inf
    # "the zapper was a … zapper": "a mosquito" is repeated, too, so "a" is left out.
    assert found[4] == pytest.approx(-math.log(0.5 * 2 / 4))


def test_repeated_words_surprise_less_by_hand():
    found = repeat_surprisal("ha ha ha oh ha".split())
    # The second "ha" follows one word, which is "ha"; the fifth follows four, three of them "ha".
    assert found.tolist() == pytest.approx(
        [math.inf, -math.log(0.5), -math.log(0.5), math.inf, -math.log(0.5 * 3 / 4)]
    )


@settings(deadline=None)
@given(st.lists(st.sampled_from("ann lee book was by".split()), max_size=14))
def test_repeat_surprisal_equals_a_slow_count(span):
    found = repeat_surprisal(span)
    for place, word in enumerate(span):
        earlier = span[:place].count(word)
        expected = -math.log(TOPIC_SHARE * earlier / place) if earlier else math.inf
        assert found[place] == pytest.approx(expected)


WORDS = st.lists(st.sampled_from("ann lee book was by".split()), max_size=14)


@settings(deadline=None)
@given(WORDS, WORDS, st.data())
def test_topic_surprisal_equals_a_slow_count(asked, response, data):
    first = data.draw(st.integers(0, len(response)))
    last = data.draw(st.integers(first, len(response)))
    found = topic_surprisal(" ".join(asked), response, first, last)
    if last - first <= TIGHT:
        assert found is None
        return
    span = response[first:last]
    rest = [(place, word) for place, word in enumerate(response) if not first <= place < last]

    def in_a_repeated_phrase(place: int) -> bool:
        for begin in (place - 1, place):
            inside = begin >= 0 and (begin + 1 < first or begin >= last)
            phrase = response[begin : begin + 2]
            if inside and any(span[at : at + 2] == phrase for at in range(len(span) - 1)):
                return True
        return False

    kept = [word for place, word in rest if not in_a_repeated_phrase(place)]
    around = Counter([*words(" ".join(asked)), *kept])
    assert found is not None
    for word, value in zip(span, found, strict=True):
        share = around[word] / max(1, around.total())
        assert value == (pytest.approx(-math.log(TOPIC_SHARE * share)) if share else math.inf)


@settings(deadline=None)
@given(st.text("aB c.D9-\n", max_size=40))
def test_parts_are_true_subsets_of_the_span(text):
    _, starts, stops = words_with_offsets(text)
    first, *rest = span_parts(text, starts, stops)
    assert first.words.all()
    assert len(first.words) == len(starts)
    for part in rest:
        assert part.words.any()
        assert not part.words.all()
        assert part.chance < first.chance


def test_digits_of_any_script_make_numbers():
    assert named("غرفة ٣") == ["٣"]
    assert named("عام ١٩٩٩") == ["١٩٩٩"]
