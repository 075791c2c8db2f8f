"""Sentences cover all tokens; their first 5% is compared with the rest."""

import math
import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.errors import InputError
from itlim.shift.sentences import head_and_rest, head_length, sentence_ranges, split_tokens


def split(text):
    """Sentences of a text whose tokens are its words with the space before them."""
    tokens = re.findall(r"\s*\S+|\s+$", text)
    return ["".join(tokens[start:stop]).strip() for start, stop in split_tokens(tokens)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("No end at all", ["No end at all"]),
        ("It is 3.5 km long. Yes.", ["It is 3.5 km long.", "Yes."]),
        ("Dr. Smith met J. K. Rowling. Nice.", ["Dr. Smith met J. K. Rowling.", "Nice."]),
        ("Fruit (e.g. apples) etc. is sold.", ["Fruit (e.g. apples) etc. is sold."]),
        ("He lives in the U.S. She does not.", ["He lives in the U.S.", "She does not."]),
        ('She said "No." He left.', ['She said "No."', "He left."]),
        ("Wait... what?! Ok", ["Wait...", "what?!", "Ok"]),
        ("寿司です。 日本。", ["寿司です。", "日本。"]),
        ("1. One thing\n2. Two things\n\nDone.", ["1. One thing", "2. Two things", "Done."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, sentences):
    assert split(text) == sentences


@given(st.lists(st.text("ab. \n!?A", max_size=4), max_size=20))
def test_ranges_cover_all_tokens_without_overlap(texts):
    ranges = split_tokens(texts)
    reached = 0
    for start, stop in ranges:
        assert start == reached < stop
        reached = stop
    assert reached == len(texts)


def test_a_mark_inside_a_token_ends_the_sentence_before_the_next_token():
    assert split_tokens(["Hi.", " You", "."]) == ((0, 1), (1, 3))
    assert split_tokens(["A", ".\n\n", "B"]) == ((0, 2), (2, 3))


def test_empty_tokens_belong_to_the_sentence_of_the_previous_token():
    assert split_tokens(["🙃", "", ".", " Yes"]) == ((0, 3), (3, 4))


@given(st.integers(1, 500))
def test_the_start_is_the_ceiling_of_a_twentieth(tokens):
    assert head_length(tokens) == max(1, -(-tokens // 20))


def test_a_sentence_without_tokens_has_no_start():
    with pytest.raises(InputError):
        head_length(0)


def table(*runs):
    """Rows of (text, kl, is_eos) for each run."""
    rows = [
        {"run_id": f"r{number}", "text": text, "kl_tuned_base": kl, "is_eos": eos}
        for number, run in enumerate(runs)
        for text, kl, eos in run
    ]
    return pa.Table.from_pylist(rows)


def test_heads_and_rests_by_hand_over_two_responses():
    first = [("A", 8.0, False), (" b", 1.0, False), (".", 3.0, False), (" C", 5.0, False)]
    first += [("</s>", 99.0, True)]
    second = [("D", 2.0, False)] + [(" e", 1.0, False)] * 19 + [(" f", 11.0, False)]
    found = head_and_rest(table(first, second))
    # 21 tokens start with two; "C" alone has no rest.
    assert found.heads.tolist() == [8.0, 5.0, 1.5]
    assert found.rests.tolist() == pytest.approx([2.0, (18 + 11) / 19])
    assert found.first_heads.tolist() == [8.0, 1.5]
    assert found.head == pytest.approx(14.5 / 3)
    assert found.ratio == pytest.approx((14.5 / 3) / ((2 + 29 / 19) / 2))


def test_a_mean_over_nothing_is_none_and_not_zero():
    found = head_and_rest(table([("A", 1.0, False)]))
    assert (found.head, found.rest, found.ratio, found.first_rest) == (1.0, None, None, None)
    only_end = table([("", 1.0, True)])
    assert sentence_ranges(only_end) == ()
    assert head_and_rest(only_end).head is None


def test_the_end_of_sequence_is_in_no_sentence():
    tokens = table([("A", 1.0, False), (".", 1.0, False), ("", math.pi, True)])
    assert sentence_ranges(tokens) == ((0, 2),)
