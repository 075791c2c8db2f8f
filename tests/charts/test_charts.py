import numpy as np
import pyarrow as pa
import pytest
from token_tables import EDGE_TEXTS, telescope_table, token_table

from itlim import charts
from itlim.charts import HeadAgainstRest
from itlim.charts.style import step_labels
from itlim.components.tokens.metrics import METRICS, metric_for
from itlim.records import Thresholds

TOKENS = telescope_table()
MARKERS = ("unshifted", "marginal", "shifted")


def markers(figure):
    return [trace for trace in figure.data if trace.mode == "markers"]


def test_every_token_is_drawn_once_in_its_category():
    figure = charts.metric_along_positions(TOKENS, "kl_tuned_base")
    drawn = {
        x: (trace.name.split(",")[0], y)
        for trace in markers(figure)
        for x, y in zip(trace.x, trace.y, strict=True)
    }
    assert sorted(drawn) == list(range(len(TOKENS)))
    for row in TOKENS.to_pylist():
        assert drawn[row["position"]] == (row["category"], row["kl_tuned_base"])


def test_thresholds_move_tokens_between_categories():
    figure = charts.metric_along_positions(
        TOKENS, "base_rank", thresholds=Thresholds(marginal_above=500, shifted_above=500)
    )
    assert [len(trace.x) for trace in markers(figure)] == [len(TOKENS), 0, 0]


def test_axis_titles_contain_the_unit_from_the_schema():
    figure = charts.metric_along_positions(TOKENS, "kl_tuned_base")
    assert figure.layout.yaxis.title.text == "KL(tuned ‖ base) (nats)"
    assert "tokens" in figure.layout.xaxis.title.text


def test_a_click_gives_the_position_of_its_token():
    figure = charts.metric_along_positions(TOKENS, "js")
    point = {"customdata": list(markers(figure)[2].customdata[0])}
    assert charts.clicked_position([point]) == markers(figure)[2].x[0]
    assert charts.clicked_position([]) is None
    assert charts.clicked_position([{"x": 3}, {"customdata": ["3"]}]) is None


def test_hover_text_is_escaped_and_shows_whitespace():
    figure = charts.metric_along_positions(token_table(EDGE_TEXTS), "js")
    texts = {item[0]: item[1] for trace in markers(figure) for item in trace.customdata}
    assert texts[4] == "&lt;script&gt;"
    assert texts[1] == "␣text"
    assert texts[len(EDGE_TEXTS) - 1] == "end of the response"


def test_every_second_sentence_is_shaded_up_to_its_last_token():
    figure = charts.metric_along_positions(TOKENS, "js", sentences=[(0, 10), (10, 13), (13, 20)])
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(9.5, 12.5)]


def test_the_cursor_is_marked():
    figure = charts.metric_along_positions(TOKENS, "js", cursor=7)
    assert [shape.x0 for shape in figure.layout.shapes] == [7]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.column)
def test_the_distribution_counts_each_token_in_one_labeled_step(metric):
    figure = charts.metric_distribution({"sft": TOKENS}, metric.column)
    (bars,) = figure.data
    values = TOKENS[metric.column].to_numpy()[:-1]
    expected = [0] * 8
    for value in values:
        expected[sum(value < e if metric.inverted else value > e for e in metric.edges)] += 1
    assert list(bars.customdata) == expected
    assert sum(bars.y) == pytest.approx(1)
    assert len(set(bars.x)) == 8
    assert f"n = {len(values)}" in figure.layout.yaxis.title.text


def test_step_labels_name_the_range_of_each_step():
    assert step_labels(metric_for("base_rank"))[:3] == ["1", "2–3", "4–10"]
    assert step_labels(metric_for("base_prob"))[0] == "≥ 90%"
    assert step_labels(metric_for("kl_tuned_base"))[-1] == "> 6"


def test_several_runs_state_their_n_and_differ_by_pattern():
    figure = charts.metric_distribution({"sft": TOKENS, "lft": TOKENS.slice(0, 20)}, "js")
    assert [bars.name for bars in figure.data] == [f"sft, n = {len(TOKENS) - 1}", "lft, n = 20"]
    assert len({bars.marker.pattern.shape for bars in figure.data}) == 2


def test_the_ecdf_starts_at_the_share_of_zeros_and_ends_at_one():
    tokens = token_table(["a", "b", "c", "d"], ends=False)
    index = tokens.column_names.index("js")
    tokens = tokens.set_column(index, "js", pa.array([0.0, 0.2, 0.0, 0.1]))
    (curve,) = charts.metric_ecdf({"run": tokens}, "js").data
    assert list(curve.x) == [0.1, 0.2]
    assert list(curve.y) == [0.75, 1.0]


def test_the_end_token_is_excluded_by_default():
    (without,) = charts.metric_ecdf({"run": TOKENS}, "base_prob").data
    (with_end,) = charts.metric_ecdf({"run": TOKENS}, "base_prob", include_end=True).data
    assert len(with_end.x) == len(without.x) + 1 == len(TOKENS)


GROUP = HeadAgainstRest(
    label="sft", head=[1.0, 3.0], rest=[0.5], responses=2, head_interval=(1.5, 2.75)
)


def test_head_and_rest_show_means_dots_and_intervals():
    figure = charts.head_against_rest([GROUP])
    bars = [trace for trace in figure.data if trace.type == "bar"]
    dots = [trace for trace in figure.data if trace.type == "box"]
    assert [list(bar.y) for bar in bars] == [[2.0], [0.5]]
    assert [list(dot.y) for dot in dots] == [[1.0, 3.0], [0.5]]
    assert (bars[0].error_y.arrayminus[0], bars[0].error_y.array[0]) == (0.5, 0.75)
    assert bars[1].error_y.array is None
    assert bars[0].x == ("sft<br>first 5%, n = 2",)
    assert "2 responses" in figure.layout.xaxis.title.text


def test_a_group_without_a_rest_has_no_bar_for_it():
    figure = charts.head_against_rest([HeadAgainstRest(label="one", head=[1.0], rest=[])])
    assert [list(trace.y) for trace in figure.data if trace.type == "bar"] == [[1.0], [None]]
    assert "1 response" in figure.layout.xaxis.title.text


def test_shares_add_up_to_one_and_state_n():
    figure = charts.category_shares({"sft": TOKENS, "lft": TOKENS.slice(0, 30)})
    assert [trace.name for trace in figure.data] == list(MARKERS)
    np.testing.assert_allclose(sum(np.array(trace.x) for trace in figure.data), [1, 1])
    assert figure.data[0].y == (f"sft, n = {len(TOKENS) - 1}", "lft, n = 30")
    assert "not counted" in figure.layout.xaxis.title.text


def test_a_run_without_tokens_can_be_drawn():
    empty = TOKENS.slice(0, 0)
    for figure in (
        charts.metric_along_positions(empty, "kl_tuned_base"),
        charts.metric_distribution({"none": empty}, "kl_tuned_base"),
        charts.metric_ecdf({"none": empty}, "kl_tuned_base"),
        charts.category_shares({"none": empty}),
    ):
        figure.to_json()


def test_names_of_runs_are_escaped():
    figure = charts.category_shares({"<b>x": TOKENS})
    assert figure.data[0].y[0].startswith("&lt;b&gt;x")
