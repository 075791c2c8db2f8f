"""Figures on pages: how every one of them is drawn."""

import json

import plotly.graph_objects as go
from streamlit.testing.v1 import AppTest

from itlim.settings import PROJECT_FOLDER
from itlim.ui.findings.figures import figure_document


def test_a_figure_is_drawn_without_the_mode_bar_that_covers_its_legend():
    def page():
        import plotly.graph_objects as go

        from itlim.ui.shared.figure import show_figure

        show_figure(go.Figure(go.Bar(x=[1], y=[2])), key="bars")

    app = AppTest.from_function(page).run()
    assert '"displayModeBar": false' in app.get("plotly_chart")[0].proto.config


def test_a_figure_can_be_saved_in_the_chosen_format_on_the_color_of_the_page():
    def page():
        import plotly.graph_objects as go

        from itlim.ui.shared.figure import show_figure

        show_figure(go.Figure(go.Bar(x=[1], y=[2])), save_as=("bars", "png"), key="bars")

    chart = AppTest.from_function(page).run().get("plotly_chart")[0].proto
    config = json.loads(chart.config)
    assert config["modeBarButtons"] == [["toImage"]]
    assert config["toImageButtonOptions"] == {"format": "png", "filename": "bars", "scale": 2}
    assert json.loads(chart.spec)["layout"]["paper_bgcolor"].startswith("#")


def test_a_figure_of_the_findings_can_be_saved_as_one_html_file_without_network():
    def page():
        import plotly.graph_objects as go
        import streamlit as st

        from itlim.ui.findings.figures import saved_figure

        st.session_state["figures"] = "HTML"
        saved_figure(go.Figure(go.Bar(x=[1], y=[2])), key="bars", alt="Two <bars>; see the table.")

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert [one.label for one in app.get("download_button")] == ["Save as HTML"]
    html = figure_document(go.Figure(go.Bar(y=[7.25])), name="bars", alt="Two <bars>; see it.")
    assert "<title>Two &lt;bars&gt;</title>" in html
    assert "7.25" in html
    assert "Content-Security-Policy" in html
    assert "<script src" not in html


def test_every_page_draws_its_figures_with_show_figure():
    own = "itlim/ui/shared/figure.py"
    drawing = {
        path.relative_to(PROJECT_FOLDER).as_posix()
        for path in (PROJECT_FOLDER / "itlim" / "ui").rglob("*.py")
        if ".plotly_chart(" in path.read_text(encoding="utf-8")
    }
    assert drawing == {own}
