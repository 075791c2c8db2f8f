"""Records reject invalid values on construction."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shift_tables import made_up_shifts

from itlim.errors import InputError, NonFiniteError, ShapeError
from itlim.records import ModelSource, Pair, Request, Run, Thresholds, TokenShifts
from itlim.schema import RUNS, DecodingMode, ShiftCategory, TuningKind

BASE, OTHER = ModelSource(path="base"), ModelSource(path="other")


def test_the_default_thresholds_are_those_of_the_paper():
    found = [str(Thresholds().category(rank)) for rank in (1, 2, 3, 4, 50)]
    assert found == ["unshifted", "marginal", "marginal", "shifted", "shifted"]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_categories_never_decrease_with_the_rank(first, second, rank):
    limits = Thresholds(marginal_above=min(first, second), shifted_above=max(first, second))
    order = list(ShiftCategory)
    assert order.index(limits.category(rank)) <= order.index(limits.category(rank + 1))
    assert limits.category(1) is ShiftCategory.UNSHIFTED


@pytest.mark.parametrize(("marginal", "shifted"), [(0, 3), (4, 3), (-1, -1)])
def test_thresholds_out_of_order_are_rejected(marginal, shifted):
    with pytest.raises(InputError, match="1 <= marginal_above <= shifted_above"):
        Thresholds(marginal_above=marginal, shifted_above=shifted)


def test_the_kind_and_source_of_a_pair_follow_its_tuned_model():
    assert Pair(name="p", base=BASE).kind is TuningKind.NONE
    assert Pair(name="p", base=BASE, tuned=OTHER).kind is TuningKind.FULL
    assert Pair(name="p", base=BASE, adapter=OTHER).kind is TuningKind.ADAPTER
    assert Pair(name="p", base=BASE).tuned_source is BASE
    assert Pair(name="p", base=BASE, adapter=OTHER).tuned_source is OTHER
    with pytest.raises(InputError, match="both a tuned model and an adapter"):
        Pair(name="p", base=BASE, tuned=OTHER, adapter=OTHER)


@pytest.mark.parametrize("wrong", [{"path": " "}, {"dtype": "int8"}, {"device": "tpu"}])
def test_invalid_sources_are_rejected(wrong):
    with pytest.raises(InputError):
        ModelSource(**({"path": "x"} | wrong))


@pytest.mark.parametrize(
    "wrong",
    [{"instruction": " \n"}, {"response": ""}, {"max_new_tokens": 0}, {"top_k": 0}, {"top_k": 101}],
)
def test_invalid_requests_are_rejected(wrong):
    with pytest.raises(InputError):
        Request(**({"pair": Pair(name="p", base=BASE), "instruction": "Hi"} | wrong))


def test_a_request_with_a_response_is_pasted():
    pair = Pair(name="p", base=BASE)
    assert Request(pair=pair, instruction="Hi").decoding is DecodingMode.GREEDY
    assert Request(pair=pair, instruction="Hi", response="x").decoding is DecodingMode.PASTED


def test_measures_of_different_lengths_are_rejected():
    with pytest.raises(ShapeError, match="js has 2 rows, token_id has 3"):
        made_up_shifts(3, js=[0.1, 0.2])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["kl_tuned_base", "top_base_probs"])
def test_non_finite_measures_are_rejected(name, bad):
    values = np.full((2, 3) if name.startswith("top") else 2, 0.5)
    values.flat[1] = bad
    with pytest.raises(NonFiniteError, match=name):
        made_up_shifts(2, **{name: values})


@given(st.integers(1, 6), st.integers(1, 6))
def test_concatenated_parts_equal_the_whole(first, second):
    whole = made_up_shifts(first + second)
    cut = [
        TokenShifts(**{field.name: getattr(whole, field.name)[part] for field in fields(whole)})
        for part in (slice(0, first), slice(first, None))
    ]
    joined = TokenShifts.concatenate(cut)
    assert len(joined) == first + second
    for field in fields(whole):
        np.testing.assert_array_equal(getattr(joined, field.name), getattr(whole, field.name))


def test_the_fields_of_a_run_are_the_columns_of_its_table():
    assert [field.name for field in fields(Run)] == [*RUNS.names, "tokens"]


def test_records_are_immutable():
    with pytest.raises(FrozenInstanceError):
        BASE.path = "elsewhere"
