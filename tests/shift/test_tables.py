"""The token table keeps every measure, in the schema."""

import subprocess
import sys

import numpy as np
import pytest
from shift_tables import made_up_shifts, made_up_table

from itlim.errors import ShapeError
from itlim.measures import MEASURES
from itlim.records import Thresholds
from itlim.schema import TOKEN_SHIFTS


def test_a_table_contains_every_measured_number():
    shifts = made_up_shifts(5)
    table = made_up_table(shifts)
    for name in ("token_id", "tuned_argmax_id", *(one.column for one in MEASURES)):
        np.testing.assert_array_equal(table[name].to_numpy(), getattr(shifts, name), err_msg=name)
    for model in ("base", "tuned"):
        tops = table[f"top_{model}"].to_pylist()
        ids, probs = ([[one[key] for one in row] for row in tops] for key in ("token_id", "prob"))
        np.testing.assert_array_equal(ids, getattr(shifts, f"top_{model}_ids"))
        np.testing.assert_array_equal(probs, getattr(shifts, f"top_{model}_probs"))


def test_rows_have_the_schema_positions_and_top_texts():
    shifts = made_up_shifts(3, token_id=[4, 5, 0])
    table = made_up_table(shifts)
    assert table.schema.equals(TOKEN_SHIFTS, check_metadata=True)
    row = table.to_pylist()[1]
    assert (row["position"], row["char_start"], row["char_stop"]) == (1, 2, 4)
    assert [one["token_id"] for one in row["top_tuned"]] == shifts.top_tuned_ids[1].tolist()
    assert row["top_tuned"][0]["text"] == f"t{shifts.top_tuned_ids[1, 0]}"
    assert table["is_eos"].to_pylist() == [False, False, True]


def test_categories_follow_the_thresholds():
    shifts = made_up_shifts(4, base_rank=[1, 2, 5, 6])
    table = made_up_table(shifts, thresholds=Thresholds(marginal_above=2, shifted_above=5))
    assert table["category"].to_pylist() == ["unshifted", "unshifted", "marginal", "shifted"]


def test_the_later_rows_of_a_table_can_be_built_alone():
    shifts = made_up_shifts(5, token_id=[4, 5, 6, 7, 0])
    whole = made_up_table(shifts)
    later = made_up_table(shifts.split(np.array([2]))[1], texts=[" w"] * 4 + [""], first=2)
    assert later.equals(whole.slice(2))


def test_texts_of_another_length_are_rejected():
    with pytest.raises(ShapeError, match="3 measured tokens, but 2 token texts"):
        made_up_table(made_up_shifts(3), texts=["a", "b"])


def test_the_first_page_imports_no_heavy_library():
    code = (
        "import sys, itlim.pipeline, itlim.shift.summary, itlim.shift.tables; "
        "import itlim.shift.measure, itlim.shift.live; "
        "print([name for name in ('torch', 'transformers', 'numba') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
