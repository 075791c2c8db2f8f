"""The chart of remedies shows means, intervals and seeds of each tuning, and no missing value."""

import pytest

from itlim.charts.remedies import remedy_intervals
from itlim.findings.remedies import RemedyCell
from itlim.findings.remedy_answers import RemedyMeasure


def cell(remedy, value, **columns):
    return RemedyCell(remedy=remedy, measure=RemedyMeasure.RIGHT, value=value, n=9, **columns)


CELLS = [
    cell("plain", 40.0, ci_low=30.0, ci_high=55.0, n_seeds=2, seed_low=35.0, seed_high=45.0),
    cell("a<b", 20.0, n_seeds=1, seed_low=20.0, seed_high=20.0, difference=-20.0, p_holm=0.01),
    cell("unknown", None),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_means_whiskers_and_ranges_of_seeds_show_the_given_numbers(theme):
    seeds, means = remedy_intervals(CELLS, "plain", theme=theme).data
    assert (list(seeds.base), list(seeds.x)) == ([35, 20], [10, 0])
    assert list(means.x) == [40, 20]
    assert list(means.error_x.array) == [15, 0]
    assert list(means.error_x.arrayminus) == [10, 0]


def test_a_tuning_without_a_value_has_no_row_and_names_are_escaped():
    figure = remedy_intervals(CELLS, "plain")
    assert list(figure.layout.yaxis.ticktext) == ["plain", "a&lt;b"]
    assert figure.layout.xaxis.title.text == "percent"


def test_the_mean_of_plain_tuning_is_a_vertical_line():
    (line,) = remedy_intervals(CELLS, "plain").layout.shapes
    assert (line.x0, line.x1) == (40, 40)
    assert not remedy_intervals(CELLS, "unknown").layout.shapes


def test_hovering_tells_interval_n_and_difference():
    means = remedy_intervals(CELLS, "plain").data[-1]
    assert means.hovertext[0] == "plain: 40 [30, 55], n = 9 questions"
    assert means.hovertext[1] == ("a&lt;b: 20, n = 9 questions<br>difference -20, adjusted p 0.01")


def test_single_seeds_have_no_range_and_no_values_no_rows():
    assert len(remedy_intervals([CELLS[1]], "plain").data) == 1
    assert len(remedy_intervals([CELLS[2]], "plain").layout.yaxis.ticktext) == 0
