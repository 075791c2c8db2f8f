"""Figures on pages: how every one of them is drawn."""

from streamlit.testing.v1 import AppTest

from itlim.settings import PROJECT_FOLDER


def test_a_figure_is_drawn_without_the_mode_bar_that_covers_its_legend():
    def page():
        import plotly.graph_objects as go

        from itlim.ui.shared.figure import show_figure

        show_figure(go.Figure(go.Bar(x=[1], y=[2])), key="bars")

    app = AppTest.from_function(page).run()
    assert '"displayModeBar": false' in app.get("plotly_chart")[0].proto.config


def test_every_page_draws_its_figures_with_show_figure():
    own = "itlim/ui/shared/figure.py"
    drawing = {
        path.relative_to(PROJECT_FOLDER).as_posix()
        for path in (PROJECT_FOLDER / "itlim" / "ui").rglob("*.py")
        if ".plotly_chart(" in path.read_text(encoding="utf-8")
    }
    assert drawing == {own}
