"""Which columns are exact, up to ties, or missing for want of a longer list."""

from math import log

import pyarrow as pa
from example_remote import remote_token

from itlim.records import Thresholds
from itlim.remote.figures import figures
from itlim.remote.readout import Position
from itlim.remote.statements import Exactness, column_statements
from itlim.schema import REMOTE_TOKENS

FIRST = ("base_rank", "category", "base_prob")
"""Columns about the tuned model's first choice."""


def position(top_k, server_rank=1, **probs):
    listed = {int(name[1:]): log(prob) for name, prob in probs.items()}
    return Position(token_id=4, listed=listed, top_k=top_k, server_rank=server_rank)


def statements(*pairs):
    rows = [
        remote_token(place, "x", None) | figures(base, tuned, Thresholds())
        for place, (base, tuned) in enumerate(pairs)
    ]
    return {
        one.column: one
        for one in column_statements(pa.Table.from_pylist(rows, schema=REMOTE_TOKENS))
    }


def kinds(found):
    return [found[name].exactness for name in FIRST]


def test_with_one_listed_token_all_about_the_first_choice_is_exact_up_to_ties():
    """Another token may be exactly as probable as the only one listed."""
    found = statements((position(1, t4=0.5), position(1, t4=0.6)))
    assert kinds(found) == [Exactness.UP_TO_TIES] * 3
    assert "whether another one is exactly as probable" in found["base_prob"].note
    assert found["tuned_prob"].exactness is Exactness.EXACT, "tied tokens have the same"


def test_with_a_longer_list_the_first_choice_is_decided():
    pair = position(2, t4=0.5, t1=0.2), position(2, t4=0.6, t1=0.1)
    assert kinds(statements(pair)) == [Exactness.EXACT] * 3
    tied = position(2, t4=0.5, t1=0.2), position(2, t4=0.3, t1=0.3)
    found = statements(pair, tied)
    assert kinds(found) == [Exactness.UP_TO_TIES] * 3
    assert found["base_prob"].note.startswith("Of 1 token, ")


def test_without_a_list_the_first_choice_is_missing_because_it_is_not_listed():
    found = statements((position(0, 2, t4=0.5), position(0, 2, t4=0.3)))
    assert kinds(found) == [Exactness.MISSING] * 3
    assert all(found[name].is_unlisted for name in (*FIRST, "tuned_prob"))
    assert not found["js"].is_unlisted
    assert not found["emitted_prob"].is_unlisted
