"""Curves of findings: one line per pair over the places that have a value."""

import pytest
from test_findings_chart import estimate

from itlim.charts.curves import finding_curves

POINTS = [
    estimate("<b>sft</b>", "a", 4.0, ci_low=3.0, ci_high=6.0, series="s", place="0–10%"),
    estimate("lft", "a", 1.0, series="s", place="0–10%"),
    estimate("<b>sft</b>", "b", None, series="s", place="10–20%"),
    estimate("lft", "b", None, series="s", place="10–20%"),
    estimate("<b>sft</b>", "c", 2.0, series="s", place="20–30%"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_line_has_the_values_and_intervals_of_its_pair_in_order_of_place(theme):
    figure = finding_curves(POINTS, axis_title="place", theme=theme)
    sft, lft = figure.data
    assert list(sft.y) == [4, 2]
    assert (list(sft.error_y.array), list(sft.error_y.arrayminus)) == ([2, 0], [1, 0])
    assert list(lft.y) == [1]
    assert list(figure.layout.xaxis.ticktext) == ["0–10%", "20–30%"], "nothing at 10–20%"
    assert sft.x[0] < lft.x[0] < sft.x[1], "lines of two pairs do not cover one another"


def test_names_are_escaped_and_every_point_has_its_n():
    sft, _ = finding_curves(POINTS, axis_title="place").data
    assert sft.name == "&lt;b&gt;sft&lt;/b&gt;"
    assert all("n = 10 tokens in 5 responses" in text for text in sft.hovertext)
