"""Agreement by position only: a case by hand, two oracles, and properties of any marks."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from annotated import item, sheet
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from itlim.annotation.agreement.layers import RatedItem
from itlim.annotation.agreement.positions import covered, overlap, position_agreement
from itlim.annotation.agreement.report import agreement_report, as_json, format_figure

LENGTH = 40
TEXT = "x" * LENGTH
LABELS = ("not_factual", "not_useful")
spans = st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from(LABELS)).map(
    lambda one: (one[0], one[0] + one[1], one[2])
)
marks = st.lists(spans, max_size=5, unique=True)


def agreement(*responses):
    """Agreement over responses, each given as the marks of its annotators."""
    rated = [
        RatedItem(
            item=item(f"r{number}", TEXT),
            sheets={f"p{who}": sheet(*given) for who, given in enumerate(of)},
        )
        for number, of in enumerate(responses)
    ]
    return position_agreement(rated, n_resamples=50, seed=0)


def characters(given):
    return {place for start, stop, *_ in given for place in range(start, stop)}


def f1_of_sets(pairs):
    """F1 of sets, pooled: the second, independent way to compute both figures."""
    total = sum(len(one) + len(other) for one, other in pairs)
    return 2 * sum(len(one & other) for one, other in pairs) / total if total else None


def test_the_case_worked_by_hand():
    # A marks [5, 9), [20, 24); B marks [7, 11), [20, 24) with another label.
    # Characters: 2 + 4 shared of 8 + 8, so 12 / 16. Exact marks: 0 shared of 2 + 2.
    found = agreement(
        [
            [(5, 9, "not_factual"), (20, 24, "not_factual")],
            [(7, 11, "not_factual"), (20, 24, "not_useful")],
        ]
    )
    assert found.position_f1.value == 0.75
    assert found.exact_f1.value == 0.0
    assert (found.n_responses, found.n_pairs) == (1, 1)
    assert format_figure(found.position_f1) == "0.750 (no interval: one response only)"


def test_responses_and_pairs_are_pooled_by_characters():
    # 4 shared of 4 + 4 in one response, 0 of 2 + 2 in the other: 8 / 12, not (1 + 0) / 2.
    found = agreement([[(0, 4)], [(0, 4)]], [[(0, 2)], [(5, 7)]])
    assert found.position_f1.value == pytest.approx(8 / 12)
    three = agreement([[(0, 4)], [(0, 4)], []])
    assert three.position_f1.value == pytest.approx(8 / 16), "three pairs, two with an empty sheet"
    assert three.n_pairs == 3


def test_characters_that_two_spans_of_one_person_cover_count_once():
    twice = [(0, 4, "not_factual"), (2, 6, "not_useful")]
    assert overlap([one[:2] for one in twice], [(0, 6)]) == (6, 12)
    assert agreement([twice, [(0, 6)]]).position_f1.value == 1


def test_undefined_figures_say_why():
    assert format_figure(agreement([[], []]).position_f1) == "undefined: nobody marked"
    alone = agreement([[(0, 4)]])
    assert format_figure(alone.exact_f1) == (
        "undefined: no response was submitted by two annotators"
    )


@given(marks, marks)
def test_position_f1_equals_scikit_learn_on_masks(one, other):
    masks = np.zeros((2, LENGTH), dtype=bool)
    for row, given_ in zip(masks, (one, other), strict=True):
        row[list(characters(given_))] = True
    found = agreement([one, other]).position_f1.value
    assert (found is None) == (not masks.any())
    if found is not None:
        assert found == pytest.approx(f1_score(*masks))


@given(st.lists(st.lists(marks, min_size=2, max_size=2), min_size=1, max_size=4))
def test_both_figures_equal_f1_of_plain_sets_pooled_over_responses(responses):
    found = agreement(*responses)
    by_position = [(characters(one), characters(other)) for one, other in responses]
    exact = [(set(one), set(other)) for one, other in responses]
    assert found.position_f1.value == pytest.approx(f1_of_sets(by_position))
    assert found.exact_f1.value == pytest.approx(f1_of_sets(exact))


@given(marks, marks, st.integers(1, 8))
def test_labels_order_and_cuts_do_not_change_the_figure_by_position(one, other, at):
    found = agreement([one, other]).position_f1
    assert agreement([other, one]).position_f1 == found
    relabeled = [(start, stop, LABELS[0]) for start, stop, _ in one]
    assert agreement([relabeled, other]).position_f1 == found
    pieces = [
        piece
        for start, stop, label in one
        for piece in ((start, min(start + at, stop), label), (min(start + at, stop), stop, label))
        if piece[0] < piece[1]
    ]
    assert agreement([pieces, other]).position_f1 == found
    if found.value is not None:
        assert 0 <= found.value <= 1
        assert (found.value == 1) == (characters(one) == characters(other))


@given(marks)
def test_the_union_of_spans_has_their_characters_in_disjoint_ascending_ranges(given_):
    ranges = covered([one[:2] for one in given_])
    assert characters(ranges) == characters(given_)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(ranges))


def test_sheets_with_suggestions_do_not_count():
    of = item("r1", TEXT)
    blind, helped = sheet((0, 4)), replace(sheet((0, 4)), suggestions_on=True)
    report = agreement_report([of], {"r1": {"ann": blind, "bob": helped}})
    assert report.positions.n_responses == 0
    report = agreement_report([of], {"r1": {"ann": blind, "bob": blind}})
    assert as_json(report)["positions"]["position_f1"]["value"] == 1
