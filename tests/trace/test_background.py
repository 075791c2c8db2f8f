"""The background by hand, against a slow count of contents, and from a base model's tokens."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import CORPORA, QUERIES, in_memory, n_contents, written

from itlim.errors import ShapeError
from itlim.schema import TOKEN_SHIFTS
from itlim.text.words import words
from itlim.trace.evidence import background as module
from itlim.trace.evidence.background import (
    FEW,
    MANY,
    base_surprisal,
    corpus_surprisal,
    joint_surprisal,
)
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import match


def rows_with(phrase: str, times: int) -> list[tuple[str, str, str]]:
    return [(phrase, "", f"filler{number} x{number}") for number in range(times)]


def slowly(rows_of_indexes, query, few=FEW, many=MANY) -> list[float]:
    """The docstring of `corpus_surprisal`, word by word."""

    def holding(run) -> int:
        return sum(n_contents(rows, run) for rows in rows_of_indexes)

    vocabulary = {
        word for rows in rows_of_indexes for row in rows for text in row for word in words(text)
    }
    total = sum(holding([word]) for word in vocabulary)
    found = []
    for last, word in enumerate(query):
        alone = -math.log(max(holding([word]) - 1, few) / total)
        value = alone
        for order in range(2, module.LONGEST_PHRASE + 1):
            if last - order + 1 < 0:
                continue
            phrase = query[last - order + 1 : last + 1]
            others = holding(phrase) - 1
            if others <= few:
                continue
            before = max(holding(phrase[:-1]) - 1, 1)
            as_phrase = min(alone, -math.log(module.DISCOUNT * others / before))
            stock = min(1.0, math.log(others / few) / math.log(many / few))
            value = min(value, (1 - stock) * alone + stock * as_phrase)
        found.append(value)
    return found


def test_a_stock_phrase_by_hand(tmp_path):
    # "stone wall" in 41 contents, "stone" in 2 more; 43 + 41 + 2 · 43 document frequencies.
    rows = [*rows_with("stone wall", 41), ("stone", "", "y1 z1"), ("stone", "", "y2 z2")]
    index = written(tmp_path, rows)
    assert index.total_frequency == 43 + 41 + 2 * 43
    stone, wall = corpus_surprisal([match(index, ["stone", "wall"])])
    assert stone == pytest.approx(-math.log(42 / 170))
    # 40 others are more than MANY: the phrase alone counts, 0.75 · 40 of the 42 other "stone"s.
    assert wall == pytest.approx(-math.log(0.75 * 40 / 42))
    unheard, alone = corpus_surprisal([match(index, ["cloud", "wall"])])
    assert unheard == pytest.approx(-math.log(3 / 170)), "a word of no content is maximally rare"
    assert alone == pytest.approx(-math.log(40 / 170)), "without its phrase a word is on its own"


def test_between_few_and_many_a_phrase_is_interpolated_between_its_words_and_itself(tmp_path):
    index = written(tmp_path, rows_with("stone wall", 10))
    alone = -math.log(9 / 40)
    as_phrase = -math.log(0.75 * 9 / 9)
    share = math.log(9 / 3) / math.log(32 / 3)
    found = corpus_surprisal([match(index, ["stone", "wall"])])
    assert found[1] == pytest.approx((1 - share) * alone + share * as_phrase)
    assert as_phrase < found[1] < alone


@pytest.mark.parametrize("holding", [1, 2, 3, 4])
def test_what_few_contents_share_stays_as_rare_as_its_words(tmp_path, holding):
    rows = rows_with("stone wall", holding) + rows_with("other words", 30)
    index = written(tmp_path, rows)
    found = corpus_surprisal([match(index, ["stone", "wall"])])
    assert found.tolist() == pytest.approx([-math.log(3 / index.total_frequency)] * 2)


def test_a_three_word_phrase_is_stock_where_its_two_word_ends_are_not(tmp_path):
    # "b" has many continuations, but "a b" is nearly always followed by "c".
    rows = rows_with("a b c", 40) + rows_with("b d", 200)
    index = written(tmp_path, rows)
    *_, third = corpus_surprisal([match(index, ["a", "b", "c"])])
    *_, second = corpus_surprisal([match(index, ["b", "c"])])
    assert third == pytest.approx(-math.log(0.75 * 39 / 39))
    assert second == pytest.approx(-math.log(0.75 * 39 / 239))


@settings(deadline=None, max_examples=40)
@given(rows=CORPORA, query=QUERIES, times=st.integers(2, 4))
def test_exact_copies_of_instances_change_nothing(rows, query, times):
    once = corpus_surprisal([match(in_memory(rows), query)])
    often = corpus_surprisal([match(in_memory(rows * times), query)])
    np.testing.assert_allclose(once, often)


@settings(deadline=None, max_examples=40)
@given(first=CORPORA, second=CORPORA, query=QUERIES, few=st.sampled_from([1, 2, 3]))
def test_surprisal_equals_a_slow_implementation_of_its_definition(first, second, query, few):
    # With the default limits, the phrases of small corpora would all count as rarest.
    limits = {"few": few, "many": few + 2}
    for rows in ([first], [first, second]):
        found = corpus_surprisal([match(in_memory(one), query) for one in rows], **limits)
        np.testing.assert_allclose(found, slowly(rows, query, **limits))


def tokens_of(pieces: list[tuple[str, float]]) -> tuple[pa.Table, str]:
    text, rows = "", []
    for piece, prob in pieces:
        rows.append((len(text), len(text) + len(piece), prob))
        text += piece
    starts, stops, probs = zip(*rows, strict=True)
    columns = {"char_start": starts, "char_stop": stops, "emitted_prob": probs}
    return pa.table(columns), text


def test_surprisals_of_tokens_sum_to_those_of_their_words():
    tokens, text = tokens_of(
        [("The", 0.5), (" Wheel", 0.25), ("er", 0.125), (",", 0.01), (" so", 1.0), (".", 0.2)]
    )
    assert {"char_start", "char_stop", "emitted_prob"} <= set(TOKEN_SHIFTS.names)
    found = base_surprisal(tokens, text)
    # Punctuation does not belong to a word.
    assert found.tolist() == pytest.approx([math.log(2), math.log(4) + math.log(8), 0.0])


def test_a_token_of_two_words_belongs_to_the_first():
    tokens, text = tokens_of([("in New", 0.5), ("port", 0.25)])
    assert base_surprisal(tokens, text).tolist() == pytest.approx([math.log(2), math.log(4)])


def test_byte_pieces_of_one_letter_belong_to_its_word():
    tokens = pa.table(
        {"char_start": [0, 0, 1], "char_stop": [1, 1, 1], "emitted_prob": [0.5, 0.25, 0.1]}
    )
    # Two byte pieces of one character, and the end of the sequence behind it.
    assert base_surprisal(tokens, "京").tolist() == pytest.approx([math.log(8)])


def test_an_impossible_token_has_finite_surprisal():
    tokens, text = tokens_of([("never", 0.0)])
    (found,) = base_surprisal(tokens, text)
    assert 700 < found < math.inf


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["ab", " cd", "e", " ", "-", "ß", "😀"]), st.floats(0.01, 1)),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_no_surprisal_is_counted_twice(pieces):
    tokens, text = tokens_of(pieces)
    found = base_surprisal(tokens, text)
    assert len(found) == len(words(text))
    assert (found >= 0).all()
    letters = [prob for piece, prob in pieces if any(map(str.isalnum, piece))]
    assert found.sum() == pytest.approx(-np.log(letters).sum())


def test_the_joint_background_is_the_smaller_surprisal():
    corpus, base = np.array([1.0, 9.0, 4.0]), np.array([2.0, 0.0, 4.5])
    assert joint_surprisal(corpus, base).tolist() == [1.0, 0.0, 4.0]
    assert joint_surprisal(corpus, None).tolist() == corpus.tolist()
    with pytest.raises(ShapeError, match="2 base surprisals for 3 words"):
        joint_surprisal(corpus, base[:2])


def test_no_words_have_no_surprisal(tmp_path):
    index: LexicalIndex = written(tmp_path, rows_with("a", 1))
    assert corpus_surprisal([match(index, [])]).tolist() == []
