"""Bars with whiskers show the given numbers in both themes."""

import pytest

from itlim.charts import share_bars, survival_bars

SHARES = [
    {"pair": "a<b", "recurs": 1, "n": 4, "share": 0.25, "interval": (0.05, 0.7)},
    {"pair": "lft", "recurs": 0, "n": 3, "share": 0.0, "interval": (0.0, 0.56)},
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_and_whiskers_show_the_shares_and_their_intervals(theme):
    bar, label = survival_bars(SHARES, theme=theme).data
    assert list(bar.x) == [0.25, 0.0]
    assert list(bar.error_x.array) == pytest.approx([0.45, 0.56])
    assert list(bar.error_x.arrayminus) == pytest.approx([0.2, 0.0])
    assert [text.strip() for text in label.text] == ["1 of 4", "0 of 3"]


def test_names_are_escaped():
    figure = survival_bars(SHARES)
    assert figure.layout.yaxis.ticktext[0] == "a&lt;b"
    assert "a&lt;b" in figure.data[0].hovertext[0]


def test_a_share_without_interval_has_no_whisker_and_the_axis_ends_at_one():
    row = {"name": "x", "share": 0.4, "interval": None, "text": "40%"}
    figure = share_bars([row], title="Share of things")
    assert list(figure.data[0].error_x.array) == [0.0]
    assert figure.layout.xaxis.title.text == "Share of things"
    assert tuple(figure.layout.xaxis.range) == (0, 1)
