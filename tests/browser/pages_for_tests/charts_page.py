"""A page with every chart."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from token_tables import telescope_table  # noqa: E402

from itlim import charts  # noqa: E402
from itlim.charts import HeadAgainstRest  # noqa: E402

st.set_page_config(layout="wide")
theme = "dark" if st.query_params.get("theme") == "dark" else "light"
tokens, other = telescope_table(), telescope_table(seed=3, shifted=(), shift_rate=0.05)
sentences = [(0, 30), (30, 52), (52, 92), (92, 112), (112, 128), (128, 158), (158, 163), (163, 187)]
metric = st.query_params.get("metric", "kl_tuned_base")

left, right = st.columns(2)
with left:
    event = st.plotly_chart(
        charts.metric_along_positions(tokens, metric, sentences=sentences, cursor=20, theme=theme),
        key="positions",
        theme=None,
        on_select="rerun",
        selection_mode="points",
    )
    st.text(f"clicked={charts.clicked_position(event.selection.points)}")
    st.plotly_chart(
        charts.metric_distribution({"demo-sft": tokens}, metric, theme=theme), theme=None
    )
    st.plotly_chart(
        charts.category_shares({"demo-sft": tokens, "demo-lft": other}, theme=theme), theme=None
    )
with right:
    st.plotly_chart(
        charts.metric_ecdf({"demo-sft": tokens, "demo-lft": other}, metric, theme=theme), theme=None
    )
    st.plotly_chart(
        charts.metric_distribution({"demo-sft": tokens, "demo-lft": other}, metric, theme=theme),
        theme=None,
        key="both",
    )
    groups = [
        HeadAgainstRest(
            label="demo-lft",
            head=[0.9, 0.4, 1.2, 0.1, 2.0],
            rest=[0.05, 0.02, 0.11, 0.2],
            responses=3,
            head_interval=(0.4, 1.5),
            rest_interval=(0.03, 0.17),
        ),
        HeadAgainstRest(
            label="demo-sft",
            head=[1.9, 0.8, 1.2],
            rest=[0.95, 0.72, 0.41],
            responses=3,
            head_interval=(0.8, 1.9),
            rest_interval=(0.4, 0.95),
        ),
    ]
    st.plotly_chart(charts.head_against_rest(groups, theme=theme), theme=None)
