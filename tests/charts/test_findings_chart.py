"""The findings figure: one row per claim, one marker per pair, and the paper's number apart."""

import pytest

from itlim.charts.findings import finding_intervals, moved_token_bars
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken


def estimate(pair, claim, value, **changes):
    return Estimate(
        finding_id=claim, pair=pair, claim=claim, value=value, unit="percent", n=10, of="tokens",
        n_responses=5, **changes,
    )  # fmt: skip


ESTIMATES = [
    estimate("<b>sft</b>", "one", 40.0, ci_low=30.0, ci_high=60.0, paper_value=87.0, marks="gold"),
    estimate("lft", "one", 10.0, paper_value=13.9, marks="gold"),
    estimate("<b>sft</b>", "two", 5.0),
    estimate("lft", "two", None),
]


def test_values_and_intervals_are_those_of_the_estimates():
    sft, lft, paper = finding_intervals(ESTIMATES).data
    assert list(sft.x) == [40, 5]
    assert list(sft.error_x.array) == [20, 0]
    assert list(sft.error_x.arrayminus) == [10, 0]
    assert list(lft.x) == [10], "an undefined value has no marker"
    assert list(paper.x) == [87, 13.9]
    assert paper.name == "paper"


def test_names_are_escaped_and_the_source_of_marks_is_named():
    sft, _, _ = finding_intervals(ESTIMATES).data
    assert sft.name == "&lt;b&gt;sft&lt;/b&gt;, marks: known answers"
    assert "<b>sft" not in "".join(sft.hovertext)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_rows_of_one_claim_do_not_overlap(theme):
    sft, lft, _ = finding_intervals(ESTIMATES, theme=theme).data
    assert len({*sft.y, *lft.y}) == len(sft.y) + len(lft.y)


def test_moved_tokens_are_stacked_in_order_and_style_is_hatched():
    moved = [
        MovedToken(text="Nile", n_shifted=3, n_marginal=1, n_unshifted=0, is_style=False),
        MovedToken(text="<the>", n_shifted=0, n_marginal=2, n_unshifted=9, is_style=True),
        MovedToken(text="rare", n_shifted=1, n_marginal=0, n_unshifted=0, is_style=False),
    ]
    figure = moved_token_bars(moved, top=2)
    shifted, marginal = figure.data
    assert (list(shifted.x), list(marginal.x)) == ([3, 0], [1, 2])
    assert list(shifted.marker.pattern.shape) == ["", "/"]
    assert list(figure.layout.yaxis.ticktext) == ["Nile", "&lt;the&gt;"]
