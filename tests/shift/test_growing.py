"""A table that is read while it grows, in any steps, equals the table of the whole answer."""

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shift_tables import made_up_shifts
from tiny_models import byte_level_tokenizer, unigram_tokenizer

from itlim.measures import TokenShifts
from itlim.records import Thresholds
from itlim.schema import TOKEN_SHIFTS
from itlim.shift.growing import GrowingTable
from itlim.shift.tables import token_table
from itlim.text.token_text import TokenDecoder

BYTE_LEVEL, UNIGRAM = byte_level_tokenizer(), unigram_tokenizer()
TOKENIZERS = pytest.mark.parametrize(
    "tokenizer", [BYTE_LEVEL, UNIGRAM], ids=["byte-level", "unigram"]
)
# Emoji of several tokens and several code points, combining marks, scripts that join, flags.
TEXTS = st.lists(
    st.sampled_from(
        ["The ", "🙃", "👩‍👩‍👧‍👦", "e\u0301", "🇳🇱", "日本", "مر", "नि", "\n", "é", "x"]
    ),
    min_size=1,
    max_size=10,
).map("".join)


class Answer:
    """An answer that grows token by token, and the table that follows it."""

    def __init__(self, tokenizer, ids):
        self.ends = {tokenizer.eos_token_id}
        self.decoder = TokenDecoder(tokenizer, eos_ids=self.ends)
        self.ids = ids
        self.steps = [made_up_shifts(1, seed=at, token_id=[one]) for at, one in enumerate(ids)]
        self.parts = []
        self.built = 0
        self.growing = GrowingTable(self.parts, self.decoder.token_texts, self.build)

    def build(self, shifts, texts, first=0):
        self.built += len(shifts)
        text_of = self.decoder.text_of
        return token_table("run", shifts, texts, text_of, self.ends, Thresholds(), first)

    def grow(self, count):
        self.parts += self.steps[len(self.parts) : len(self.parts) + count]

    def whole(self):
        count = len(self.parts)
        texts = self.decoder.token_texts(self.ids[:count])
        return self.build(TokenShifts.concatenate(self.parts), texts)


def joined(shown, grown):
    """What a reader shows after it took what was new."""
    return shown if grown.start is None else pa.concat_tables(
        [shown.slice(0, grown.start), grown.rows]
    )  # fmt: skip


def check_all_ways(tokenizer, ids, steps):
    answer = Answer(tokenizer, ids)
    often, seldom = TOKEN_SHIFTS.empty_table(), TOKEN_SHIFTS.empty_table()
    often_version = seldom_version = 0
    for number, step in enumerate(steps):
        answer.grow(step)
        grown = answer.growing.since(often_version)
        often, often_version = joined(often, grown), grown.version
        if not answer.parts:
            assert grown.rows.num_rows == 0
            continue
        assert often.equals(answer.whole())
        if number % 3 == 2:
            later = answer.growing.since(seldom_version)
            seldom, seldom_version = joined(seldom, later), later.version
            assert seldom.equals(answer.whole())
        assert answer.growing.since().rows.equals(answer.whole())
        assert answer.growing.since(often_version).rows.num_rows == 0


@TOKENIZERS
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS, steps=st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_a_text_read_in_parts_is_the_whole(tokenizer, text, steps):
    ids = [*TokenDecoder(tokenizer).encode_response(text), tokenizer.eos_token_id]
    check_all_ways(tokenizer, ids, steps)


@TOKENIZERS
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), steps=st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_any_ids_that_a_model_may_emit_read_in_parts_are_the_whole(tokenizer, data, steps):
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) - 1), min_size=1, max_size=16))
    check_all_ways(tokenizer, ids, steps)


def test_a_character_of_several_tokens_is_read_again_when_it_is_complete():
    ids = BYTE_LEVEL.encode("x🙃", add_special_tokens=False)
    answer = Answer(BYTE_LEVEL, ids)
    seen = []
    version = 0
    for _ in ids:
        answer.grow(1)
        grown = answer.growing.since(version)
        version = grown.version
        seen.append((grown.start, grown.rows["text"].to_pylist()))
    assert seen == [(0, ["x"]), (1, ["\ufffd"]), (2, [""]), (1, ["🙃", "", ""])]


def test_each_row_of_plain_text_is_built_once():
    ids = TokenDecoder(BYTE_LEVEL).encode_response("The Nile is a river in Africa. " * 10)
    answer = Answer(BYTE_LEVEL, ids)
    while len(answer.parts) < len(ids):
        answer.grow(4)
        answer.growing.since()
    assert answer.built == len(ids)
