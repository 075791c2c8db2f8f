import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from itlim.records import Thresholds
from itlim.schema import ShiftCategory
from itlim.shift.counts import category_counts


def ranks_table(ranks: list[int], ends: list[bool]) -> pa.Table:
    return pa.table(
        {"base_rank": pa.array(ranks, pa.int32()), "is_eos": pa.array(ends, pa.bool_())}
    )


def test_paper_thresholds_by_hand():
    counted = category_counts(ranks_table([1, 1, 2, 3, 4, 90], [False] * 5 + [True]))
    assert list(counted.counts.values()) == [2, 2, 1]
    assert counted.n == 5
    assert counted.share(ShiftCategory.SHIFTED) == 0.2


def test_the_end_token_is_counted_only_on_request():
    tokens = ranks_table([1, 90], [False, True])
    assert category_counts(tokens, include_end=True).counts[ShiftCategory.SHIFTED] == 1
    assert category_counts(tokens).counts[ShiftCategory.SHIFTED] == 0


def test_a_share_of_no_tokens_is_undefined():
    counted = category_counts(ranks_table([], []))
    assert counted.n == 0
    assert counted.share(ShiftCategory.SHIFTED) is None


@given(
    st.lists(st.tuples(st.integers(1, 60), st.booleans())), st.integers(1, 20), st.integers(0, 20)
)
def test_counts_agree_with_the_thresholds_own_categories(rows, marginal, more):
    thresholds = Thresholds(marginal_above=marginal, shifted_above=marginal + more)
    tokens = ranks_table([rank for rank, _ in rows], [end for _, end in rows])
    named = [thresholds.category(rank) for rank, end in rows if not end]
    assert category_counts(tokens, thresholds).counts == {
        category: named.count(category) for category in ShiftCategory
    }
