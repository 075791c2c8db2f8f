"""The interval plot of candidate datasets."""

import pytest

from itlim.charts.provenance import provenance_intervals
from itlim.records import DatasetProvenance


def dataset(name, difference, low, high, p):
    return DatasetProvenance(
        dataset=name,
        n=100,
        share=0.2,
        controls_share=0.2 - difference,
        difference=difference,
        ci_low=low,
        ci_high=high,
        p=p,
        m_minus_decoy=None,
        m_minus_decoy_controls=None,
        explanation="",
    )


def test_each_dataset_has_its_difference_and_asymmetric_interval_in_points():
    figure = provenance_intervals(
        [dataset("a <b>", 0.13, 0.08, 0.19, 0.001), dataset("c", -0.01, -0.02, 0.04, 0.6)]
    )
    (points,) = figure.data
    assert list(points.x) == pytest.approx([13, -1])
    assert list(points.error_x.array) == pytest.approx([6, 5])
    assert list(points.error_x.arrayminus) == pytest.approx([5, 1])
    assert list(figure.layout.yaxis.ticktext) == ["a &lt;b&gt;", "c"]


def test_only_a_significant_dataset_has_a_filled_marker():
    figure = provenance_intervals(
        [dataset("a", 0.1, 0.0, 0.2, 0.049), dataset("b", 0.1, 0.0, 0.2, 0.05)]
    )
    assert list(figure.data[0].marker.symbol) == ["circle", "circle-open"]
