"""Paired differences in one figure, although their measures have different units."""

import pytest

from itlim.charts.differences import difference_intervals
from itlim.findings.comparison import Difference


def difference(measure, value, low, high, marks=""):
    return Difference(
        measure=measure, unit="u", marks=marks, first=0.0, second=value, difference=value,
        ci_low=low, ci_high=high, n=30,
    )  # fmt: skip


def test_differences_of_several_units_share_an_axis_and_keep_their_order_by_clearness():
    figure = difference_intervals(
        [difference("small", 1.0, -1.0, 3.0), difference("large", -50.0, -70.0, -40.0, "gold")]
    )
    (points,) = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["large (by known answers)", "small"]
    assert list(points.x) == [pytest.approx(-50 / 15), pytest.approx(0.5)]
    highs = [x + up for x, up in zip(points.x, points.error_x.array, strict=True)]
    assert highs == [pytest.approx(-40 / 15), pytest.approx(1.5)]
    assert list(points.marker.symbol) == ["circle", "circle"]


def test_an_interval_without_width_is_drawn_beyond_the_others_or_at_zero_and_named():
    figure = difference_intervals(
        [
            difference("some", 1.0, -1.0, 3.0),
            difference("none", 0.0, 0.0, 0.0),
            difference("all", -100.0, -100.0, -100.0),
        ]
    )
    (points,) = figure.data
    # The largest scaled end of the others is 3 / 2.
    assert list(points.x) == [pytest.approx(-2.5), pytest.approx(0.5), 0]
    assert list(points.marker.symbol) == ["diamond-open", "circle", "diamond-open"]
    labels = [label.replace("<br>", " ") for label in figure.layout.yaxis.ticktext]
    assert labels == [
        "all (all differences are equal)",
        "some",
        "none (all differences are equal)",
    ]
