"""The chart of a retraining experiment: positions, texts and escaping."""

import pytest

from itlim.charts.retraining import arm_labels, phrase_survival
from itlim.components.palette import PALETTES, THEMES
from tests.example_retrainings import experiment


@pytest.mark.parametrize("theme", THEMES)
def test_each_model_is_drawn_at_its_log_probability(theme):
    figure = phrase_survival(experiment(), n_tokens=3, theme=theme)
    marks = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    assert list(marks["full model"].x) == [-2.0]
    assert list(marks["without the chosen instances"].x) == [-5.0]
    assert list(marks["without as many random instances"].x) == [-2.1, -1.9]
    assert marks["without the chosen instances"].marker.color == PALETTES[theme].tuned
    texts = [text.strip() for trace in figure.data if trace.mode == "text" for text in trace.text]
    assert texts == [
        "−2.00 · phrase present",
        "−5.00 (−3.00) · gone",
        "−2.10 (−0.10) · survives",
        "−1.90 (+0.10) · survives",
    ]
    assert figure.layout.xaxis.title.text == (
        "Log-probability of the phrase, summed over 3 tokens (nats)"
    )
    low, high = figure.layout.xaxis.range
    assert low < -5.0 < -1.9 < high


def test_names_of_datasets_are_escaped():
    labels = arm_labels(experiment(instance_ids=("<b>-1",)))
    assert labels[1] == "without &lt;b&gt;-1"
    assert arm_labels(experiment(instance_ids=("a-1", "a-2")))[1:3] == [
        "without 2 chosen",
        "control 1: without 2 random",
    ]
