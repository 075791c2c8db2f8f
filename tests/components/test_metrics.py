import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.components.tokens.metrics import METRICS, measures_for_browser, metric_for
from itlim.errors import InputError
from itlim.measures import DEFAULT_MEASURE, MEASURES
from itlim.schema import TOKEN_SHIFTS


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.column)
def test_every_metric_is_a_column_with_unit_and_meaning(metric):
    assert metric.column in TOKEN_SHIFTS.names
    assert metric.unit
    assert metric.meaning


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.column)
def test_edges_define_eight_ascending_steps(metric):
    assert len(metric.edges) == 7
    assert list(metric.edges) == sorted(set(metric.edges))


@given(st.sampled_from(METRICS), st.lists(st.floats(0, 5000), min_size=1))
def test_steps_count_the_edges_passed(metric, values):
    expected = [sum(v < e if metric.inverted else v > e for e in metric.edges) for v in values]
    assert metric.steps(np.array(values)).tolist() == expected


def test_paper_thresholds_fall_between_rank_steps():
    assert metric_for("base_rank").steps(np.array([1, 2, 3, 4])).tolist() == [0, 1, 1, 2]


def test_values_on_an_edge_take_the_paler_side():
    assert metric_for("kl_tuned_base").steps(np.array([0.01, 0.0100001])).tolist() == [0, 1]
    assert metric_for("base_prob").steps(np.array([0.9, 0.8999999])).tolist() == [0, 1]


def test_unknown_metric_names_the_known_ones():
    with pytest.raises(InputError, match="kl_tuned_base"):
        metric_for("perplexity")


def test_buttons_are_in_order_and_the_first_is_the_default_measure():
    assert [metric.label for metric in METRICS] == [
        "KL",
        "Base prob.",
        "Base rank",
        "Emitted rank",
        "JS",
    ]
    assert METRICS[0].column == DEFAULT_MEASURE
    assert all(len(metric.label.split()) <= 2 for metric in METRICS)


def test_browser_gets_every_measure_with_its_names_and_unit():
    sent = measures_for_browser()
    assert [item["column"] for item in sent] == [one.column for one in MEASURES]
    assert all(item["name"] and item["unit"] for item in sent)
    assert [item["column"] for item in sent if item["place"] is not None] == [
        one.column for one in MEASURES if one in METRICS
    ]
