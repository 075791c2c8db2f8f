"""The token table keeps every measure, in the schema, and gives it back."""

from dataclasses import fields

import numpy as np
import pytest
from shift_tables import made_up_shifts, made_up_table

from itlim.errors import ShapeError
from itlim.records import Thresholds, TokenShifts
from itlim.schema import TOKEN_SHIFTS
from itlim.shift.tables import shifts_of


def test_a_table_gives_back_what_went_in():
    shifts = made_up_shifts(5)
    back = shifts_of(made_up_table(shifts))
    for field in fields(TokenShifts):
        ours, theirs = getattr(back, field.name), getattr(shifts, field.name)
        np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        assert ours.dtype == theirs.dtype, field.name


def test_a_slice_of_a_table_gives_its_own_rows():
    shifts = made_up_shifts(5)
    back = shifts_of(made_up_table(shifts).slice(2, 2))
    np.testing.assert_array_equal(back.top_base_ids, shifts.top_base_ids[2:4])
    np.testing.assert_array_equal(back.kl_tuned_base, shifts.kl_tuned_base[2:4])


def test_rows_have_the_schema_positions_and_top_texts():
    shifts = made_up_shifts(3, token_ids=[4, 5, 0])
    table = made_up_table(shifts)
    assert table.schema.equals(TOKEN_SHIFTS, check_metadata=True)
    row = table.to_pylist()[1]
    assert (row["position"], row["char_start"], row["char_stop"]) == (1, 2, 4)
    assert [one["token_id"] for one in row["top_tuned"]] == shifts.top_tuned_ids[1].tolist()
    assert row["top_tuned"][0]["text"] == f"t{shifts.top_tuned_ids[1, 0]}"
    assert table["is_eos"].to_pylist() == [False, False, True]


def test_categories_follow_the_thresholds():
    shifts = made_up_shifts(4, base_ranks=[1, 2, 5, 6])
    table = made_up_table(shifts, thresholds=Thresholds(marginal_above=2, shifted_above=5))
    assert table["category"].to_pylist() == ["unshifted", "unshifted", "marginal", "shifted"]


def test_texts_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="3 measured tokens, 2 token texts"):
        made_up_table(made_up_shifts(3), texts=["a", "b"])
