"""The table of measures agrees with the schema, the store, the record and the formulas."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from shift_tables import made_up_shifts

from itlim.measures import DEFAULT_MEASURE, MEASURES, Subject, measure, measures_of
from itlim.schema import TOKEN_SHIFTS
from itlim.shift import divergence

each_measure = pytest.mark.parametrize("one", MEASURES, ids=lambda one: one.column)


@each_measure
def test_a_measure_is_a_column_with_its_type_unit_and_meaning(one):
    field = TOKEN_SHIFTS.field(one.column)
    assert field.type == one.type
    assert not field.nullable
    assert field.metadata == {b"meaning": one.meaning.encode(), b"unit": one.unit.encode()}


def test_every_numeric_column_except_ids_and_positions_is_a_measure():
    numeric = {
        field.name
        for field in TOKEN_SHIFTS
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    }
    others = {"position", "token_id", "char_start", "char_stop", "tuned_argmax_id"}
    assert numeric - others == {one.column for one in MEASURES}


COLUMNS = (
    "run_id position token_id text char_start char_stop is_eos tuned_argmax_id base_rank base_prob "
    "tuned_prob emitted_rank emitted_prob emitted_tuned_prob category kl_tuned_base kl_base_tuned "
    "js base_entropy tuned_entropy top_base top_tuned"
)


def test_the_columns_keep_the_order_in_which_they_were_first_stored():
    assert TOKEN_SHIFTS.names == COLUMNS.split()


@each_measure
def test_a_measure_that_can_color_the_text_has_a_label_and_edges(one):
    assert one.name
    assert one.title
    assert (one.place is not None) == bool(one.label)
    if one.place is not None:
        assert len(one.edges) == 7
        assert list(one.edges) == sorted(set(one.edges))


def test_button_places_are_consecutive_from_zero():
    places = sorted(one.place for one in MEASURES if one.place is not None)
    assert places == list(range(len(places)))


def test_each_measure_has_exactly_one_subject():
    divided = [one.column for subject in Subject for one in measures_of(subject)]
    assert divided == [one.column for one in MEASURES]
    assert measure(DEFAULT_MEASURE).subject is Subject.DISTRIBUTIONS


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 1.0, 30.0]))
def test_results_of_the_formulas_are_within_the_range_of_their_measure(seed, scale):
    generator = torch.Generator().manual_seed(seed)
    base, tuned = torch.randn((2, 3, 40), generator=generator) * scale
    found = divergence.measure(base, tuned, torch.tensor([0, 7, 39]), 5)
    for one in MEASURES:
        least, greatest = one.range
        values = getattr(found, one.column)
        assert (values >= least).all(), one.column
        assert (values <= greatest + 1e-12).all(), one.column


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_concatenate_reverses_split(lengths):
    whole = made_up_shifts(sum(lengths))
    cut = whole.split(np.cumsum(lengths)[:-1])
    assert [len(part) for part in cut] == lengths
    np.testing.assert_array_equal(type(whole).concatenate(cut).js, whole.js)
    np.testing.assert_array_equal(cut[-1].top_base_ids, whole.top_base_ids[-lengths[-1] :])
