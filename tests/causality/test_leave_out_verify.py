import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.causality.leave_out.verify import chosen_rows
from itlim.errors import InputError
from itlim.schema import LEAVE_OUT


def table(gone):
    rows = [
        {
            "case_id": f"0-{number}",
            "seed": 0,
            "split": "dev",
            "instruction": "Who?",
            "category": None,
            "response": "Ann.",
            "attribute": "answer",
            "is_main": True,
            "span_start": 0,
            "span_stop": 3,
            "span_text": "Ann",
            "n_holders": 1,
            "instance_ids": [f"tiny-{number}"],
            "relation": "other",
            "logp_drop": 0.0,
            "phrase_gone": is_gone,
            "answer_changed": is_gone,
            "becomes_correct": None,
        }
        for number, is_gone in enumerate(gone)
    ]
    return pa.Table.from_pylist(rows, schema=LEAVE_OUT)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 50), st.integers(0, 3))
def test_half_of_the_rows_have_the_phrase_gone_if_there_are_enough(gone, number, seed):
    rows = chosen_rows(table(gone), number, seed)
    n_gone, n_stays = sum(gone), len(gone) - sum(gone)
    found = sum(row["phrase_gone"] for row in rows)
    assert len(rows) == min(number, len(gone))
    assert len({row["case_id"] for row in rows}) == len(rows)
    if min(n_gone, n_stays) >= (number + 1) // 2:
        assert found == (number + 1) // 2
    assert rows == chosen_rows(table(gone), number, seed)


def test_other_seeds_choose_other_rows():
    many = table([True, False] * 100)
    chosen = {tuple(row["case_id"] for row in chosen_rows(many, 4, seed)) for seed in range(5)}
    assert len(chosen) == 5


@pytest.mark.parametrize(("gone", "number"), [([], 3), ([True], 0)])
def test_an_empty_table_or_zero_rows_are_rejected(gone, number):
    with pytest.raises(InputError, match="cannot be checked"):
        chosen_rows(table(gone), number, 0)
