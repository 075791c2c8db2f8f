"""A page that mounts only the token view; `?case=` picks what it shows."""

import sys
import time
from itertools import count
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from token_tables import (  # noqa: E402
    EDGE_TEXTS,
    ReplayedTable,
    long_table,
    run_row,
    telescope_table,
    token_table,
)

from itlim.components.tokens.feed import TokenFeed  # noqa: E402
from itlim.components.tokens.messages import NextStep  # noqa: E402
from itlim.components.tokens.payload import Layer, run_payload, token_payload  # noqa: E402
from itlim.records import Thresholds  # noqa: E402
from itlim.ui.shared.mounts.tokens import Focus, token_legend, token_view  # noqa: E402

st.set_page_config(layout="wide")
query = st.query_params
case = query.get("case", "telescope")


@st.cache_resource
def payload_of(name: str, size: int = 0) -> dict:
    tables = {
        "telescope": telescope_table,
        "differs": lambda: telescope_table(differing=(5, 30)),
        "edge": lambda: token_table(EDGE_TEXTS),
        "long": lambda: long_table(size),
    }
    tokens = tables[name]()
    return run_payload(run_row(tokens), tokens)


def single(payload: dict) -> None:
    thresholds = Thresholds(
        marginal_above=int(query.get("marginal", 1)), shifted_above=int(query.get("shifted", 3))
    )
    raised = st.button("Raise thresholds")
    if raised:
        thresholds = Thresholds(marginal_above=5, shifted_above=20)
    if st.button("Focus 60"):
        st.session_state.focus = st.session_state.get("focus", 0) + 1
    focus = Focus(position=60, rev=st.session_state.focus) if "focus" in st.session_state else None
    cursor = int(query["token"]) if "token" in query else None
    layers = [
        Layer(id="a", start=10, stop=16, kind=0, label="Fab"),
        Layer(id="b", start=30, stop=44, kind=1, label="Con"),
    ]
    state = token_view(
        payload,
        key="view",
        thresholds=thresholds,
        cursor=cursor,
        selection=(20, 24) if "selected" in query else None,
        metric=query.get("metric"),
        report_metric="metric" in query,
        focus=focus,
        layers=layers if "layers" in query else (),
        height=int(query["height"]) if "height" in query else None,
        steps=tuple(NextStep),
    )
    if state.cursor is not None:
        st.query_params["token"] = str(state.cursor)
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    if state.trace:
        st.session_state.traced = state.trace
    st.text(f"selection={state.selection} cursor={state.cursor}")
    st.text(f"metric={state.metric}")
    st.text(f"trace={st.session_state.get('traced')} runs={st.session_state.runs}")


def columns() -> None:
    token_legend(key="legend", thresholds=Thresholds(), group="three")
    for index, column in enumerate(st.columns(3)):
        with column:
            tokens = telescope_table(seed=index, run_id=f"run-{index}").slice(0, 60 + 30 * index)
            token_view(
                run_payload(run_row(tokens), tokens),
                key=f"column-{index}",
                thresholds=Thresholds(),
                compact=True,
                group="three",
                height=320,
            )


@st.cache_resource
def growing_table() -> object:
    return telescope_table()


def stream() -> None:
    """A growing answer; with `?lose` every fourth part never reaches the browser."""
    feed = TokenFeed(doc="growing", base_name="base", tuned_name="sft")
    growing = ReplayedTable(growing_table(), revised=2)
    polls = count(1)

    @st.fragment(run_every=0.2)
    def poll() -> None:
        started = st.session_state.setdefault("started", time.monotonic())
        if "lose" in query and next(polls) % 4 == 0:
            growing.count = min(len(growing.tokens), growing.count + 5)
            feed.next(growing)
        growing.count = min(len(growing.tokens), int((time.monotonic() - started) * 60))
        payload = feed.next(growing)
        if payload is not None:
            token_view(
                payload,
                key="stream",
                thresholds=Thresholds(),
                streaming=growing.count < len(growing.tokens),
                on_gap=feed.restart,
            )

    poll()


match case:
    case "columns":
        columns()
    case "stream":
        stream()
    case "empty":
        single(
            token_payload(telescope_table().slice(0, 0), doc="none", base_name="b", tuned_name="t")
        )
    case _:
        single(payload_of(case, int(query.get("n", 0))))
