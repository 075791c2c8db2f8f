"""The demo family: description, claims, charts and all answers."""

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from itlim import charts
from itlim.families.demo.claims import FAMILY_NOTE
from itlim.measures import DEFAULT_MEASURE
from itlim.settings import DEMO_FOLDER
from itlim.shift.sentences import head_and_rest
from itlim.statistics.finding import Finding
from itlim.statistics.intervals import bootstrap_interval
from itlim.store.connection import Store
from itlim.store.runs import list_runs, load_tokens
from itlim.store.shipped import load_shipped_runs
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.services import theme

NAMES = {"base": "base (base)", "LFT": "demo-lft", "SFT": "demo-sft"}
_COLUMNS = ("run_id", "position", "text", "is_eos", "base_rank", DEFAULT_MEASURE)


def show_family_note() -> None:
    """Show what the family does and does not demonstrate."""
    st.warning(FAMILY_NOTE, icon=":material/balance:")


def load_report() -> dict[str, Any] | None:
    """The stored output of `python -m itlim demo report --json`; None if it is missing."""
    path = DEMO_FOLDER / "report.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def claims_table(report: dict[str, Any]) -> None:
    """Show every claim with its number, for the selected tuning seed."""
    rows = [
        {"seed": f"{seed['seed']} ({seed['weights']})"} | _claim_row(Finding.from_row(row))
        for seed in report["seeds"]
        for row in seed["claims"]
    ]
    seeds = list(dict.fromkeys(row["seed"] for row in rows))
    chosen = st.segmented_control(
        "Tuning seed", seeds, default=seeds[0], required=True, key="seed", bind="query-params"
    )
    shown = [row for row in rows if row["seed"] == chosen]
    st.dataframe(pd.DataFrame(shown).drop(columns="seed"), hide_index=True, height="content")
    st.caption(
        f"Test set, {plural(report['n_questions'], 'question')}; 95% bootstrap intervals over "
        "responses. KL divergence is in nats (natural-log units). Recompute with "
        "`python -m itlim demo report`."
    )


def _claim_row(found: Finding) -> dict[str, Any]:
    low_high = found.interval
    return {
        "claim": found.claim,
        "value": "undefined" if found.value is None else f"{found.value:.3g} {found.unit}",
        "95% interval": "–" if low_high is None else "{:.3g} to {:.3g}".format(*low_high),
        "n": f"{found.n} {found.of}",
        "bar": found.bar,
        "": {None: "", True: "✓ met", False: "✗ not met"}[found.holds],
    }


def family_charts(store: Store) -> None:
    """Charts of the shift in the test answers: categories, KL, sentence starts."""
    tokens = {
        name: load_tokens(store, pair=pair, origin="demo", columns=_COLUMNS)
        for name, pair in NAMES.items()
    }
    if not all(table.num_rows for table in tokens.values()):
        st.info("This database does not contain all stored runs of the demo family.")
        if st.button("Load the stored runs", type="primary"):
            families = services.library().families.values()
            load_shipped_runs(store, [family.runs for family in families], reload=True)
            st.rerun()
        return
    tuned = {name: tokens[name] for name in ("LFT", "SFT")}
    show_figure(charts.category_shares(tokens, theme=theme()))
    left, right = st.columns(2)
    with left:
        show_figure(charts.metric_ecdf(tuned, DEFAULT_MEASURE, theme=theme()))
    with right:
        show_figure(
            charts.head_against_rest([_heads(*item) for item in tuned.items()], theme=theme()),
        )
    st.caption("Demo family: " + FAMILY_NOTE)


def _heads(name: str, tokens: pa.Table) -> charts.HeadAgainstRest:
    found = head_and_rest(tokens)
    runs = [tokens.filter(pa.compute.equal(tokens["run_id"], run)) for run in _run_ids(tokens)]
    each = [head_and_rest(run) for run in runs]

    def interval(part: str) -> tuple[float, float] | None:
        return bootstrap_interval(
            [getattr(one, part).tolist() for one in each],
            lambda drawn: _mean([value for values in drawn for value in values]),
            resamples=500,
        )

    return charts.HeadAgainstRest(
        label=name,
        head=found.heads.tolist(),
        rest=found.rests.tolist(),
        responses=len(runs),
        head_interval=interval("heads"),
        rest_interval=interval("rests"),
    )


def _run_ids(tokens: pa.Table) -> list[str]:
    return list(dict.fromkeys(tokens["run_id"].to_pylist()))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def gallery(store: Store) -> None:
    """Table of the answers of base, LFT and SFT to each test question, with links to tokens."""
    answers: dict[str, dict[str, Any]] = {}
    for name, pair in NAMES.items():
        for row in list_runs(store, pairs=[pair], limit=5000).to_pylist():
            if row["origin"] == "demo":
                entry = answers.setdefault(row["instruction"], {"instruction": row["instruction"]})
                entry[name] = row["response"]
                entry[f"{name} run"] = row["run_id"]
    table = pd.DataFrame(list(answers.values()))
    if table.empty:
        st.info("This database does not contain the stored runs of the demo family.")
        return
    only_different = st.toggle(
        "Only where SFT and LFT differ", value=True, key="different", bind="query-params"
    )
    if only_different:
        table = table[table["SFT"] != table["LFT"]].reset_index(drop=True)
    picked = st.dataframe(
        table[["instruction", "SFT", "LFT", "base"]],
        hide_index=True,
        column_config={
            name: st.column_config.TextColumn(width=width)
            for name, width in {"instruction": 250, "SFT": 360, "LFT": 360, "base": 280}.items()
        },
        on_select="rerun",
        selection_mode="single-row",
        key="gallery",
    ).selection.rows
    st.caption(f"{plural(len(table), 'question')}. Select a row to open its answers.")
    for index in picked:
        row = table.iloc[index]
        with st.container(horizontal=True):
            for name in NAMES:
                st.page_link(
                    "pages/views/ask.py",
                    label=f"Open the answer of {name}",
                    query_params={"run": row[f"{name} run"]},
                )
            st.page_link(
                "pages/views/ask.py",
                label="All models' answers",
                query_params={"ask": row["instruction"], "all": "true"},
            )


def show_family() -> None:
    """Draw description, claims, charts and all answers."""
    show_family_note()
    st.markdown(
        "A base language model of about a million parameters, trained on sentences about "
        "real-world facts, then tuned on instructions two ways: **LFT** (LoRA, rank 8) and "
        "**SFT** (all parameters), on the same data. The test questions are about facts that "
        "occur in the base model's training text but not in the tuning data. "
        "`data/demo/README.md` describes how the family was made and lists all settings that "
        "were tried."
    )
    report = load_report()
    st.subheader("Does the family show the effects?", divider="gray")
    if report is None:
        st.info(
            "There is no stored report. Run `python -m itlim demo report --json > "
            "data/demo/report.json`."
        )
    else:
        claims_table(report)
    st.subheader("Token distribution shift", divider="gray")
    family_charts(services.store())
    st.subheader("Answers", divider="gray")
    gallery(services.store())
