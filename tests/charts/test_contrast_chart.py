"""The chart of a side-by-side study: positions, texts and colors, computed by hand."""

import pytest

from itlim.annotation.side_by_side import Outcome, tallies
from itlim.charts import contrast_shares
from itlim.components.palette import PALETTES, THEMES
from itlim.records import Contrast, Model

NAMES = {Model.B: "<b>X</b>", Model.A: "Y"}


def outcome(contrast, model=None):
    return Outcome(contrast=Contrast(contrast), model=model)


def judged(*said):
    return tallies({(f"i{n}", "ann"): one for n, one in enumerate(said)})


@pytest.mark.parametrize("theme", THEMES)
def test_bars_are_in_the_row_of_their_category(theme):
    counted = judged(
        outcome("more_detailed", Model.B), outcome("different"), outcome("different"),
        outcome("core_wrong", Model.A),
    )  # fmt: skip
    figure = contrast_shares(counted, NAMES, theme=theme)
    of_b, of_a, of_both = (trace for trace in figure.data if trace.type == "bar")
    assert list(of_b.y) == [-0.2, 2.8, 3.8]
    assert list(of_b.x) == [0.25, 0, 0]
    assert list(of_a.y) == [0.2, 3.2, 4.2]
    assert list(of_a.x) == [0, 0, 0.25]
    assert list(of_both.y) == [1, 2]
    assert list(of_both.x) == [0.5, 0]
    # The first name is the upper bar and has the first color, whichever model it is.
    assert of_b.marker.line.color == PALETTES[theme].layers[0]
    assert figure.layout.xaxis.title.text == "Share of judgments, n = 4"
    assert len(figure.layout.yaxis.ticktext) == 5


def test_names_are_escaped_and_whiskers_show_the_interval():
    figure = contrast_shares(judged(outcome("different")), NAMES)
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert bars[0].name == "Said of &lt;b&gt;X&lt;/b&gt;"
    low, high = 0.2065, 1.0
    assert bars[2].error_x.arrayminus[0] == pytest.approx(1 - low, abs=1e-4)
    assert bars[2].error_x.array[0] == pytest.approx(high - 1)
    texts = [trace.text[0].strip() for trace in figure.data if trace.type == "scatter"]
    assert texts == ["0 of 1 · 0%", "0 of 1 · 0%", "1 of 1 · 100%"]


def test_without_judgments_the_figure_is_empty():
    figure = contrast_shares(tallies({}), NAMES)
    assert "n = 0" in figure.layout.xaxis.title.text
