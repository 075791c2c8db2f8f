"""The demo family's causal ground truth: leave-out retraining, rephrasing, and a comparison of
tracing methods."""

from collections.abc import Sequence

import pandas as pd
import pyarrow.compute as pc
import streamlit as st

from itlim.causality.leave_out.contrast import contrast_findings
from itlim.causality.leave_out.findings import leave_out_findings, read_leave_out
from itlim.charts import share_bars
from itlim.families.demo.causes_by_method import ALL_CASES, MEASURES, method_findings
from itlim.families.demo.counterfactuals import PATTERNS, WRITTEN, read_counterfactual_findings
from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.families.demo.unexplained import read_unexplained, unexplained_findings
from itlim.statistics.finding import Finding, by_group
from itlim.text.messages import plural
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.plain_text import shown_errors
from itlim.ui.shared.services import theme

_VARIANTS = {
    "copy evidence + base",
    "itlim, words only",
    "itlim, words only + base",
    "itlim + shifted",
    "itlim + base + shifted",
}
"""Methods that are variants of another one and are not shown."""
_EXPLANATIONS = {
    "instruction": "it occurs in the question",
    "pretraining": "it occurs in the base model's training text",
    "blend": "it combines the start and end of two tuning words",
    "unknown": "none of these",
}
_GROUPS = {
    "strongest": "the ten instances with the largest effects, together",
    "category": "all instances of the question's category",
    "random, as many as strongest": "ten random instances",
    "random, as many as category": "random instances, as many as in the category",
}


def show_leave_out() -> None:
    """Show the results of retraining and rephrasing on the demo's questions, by section."""
    st.markdown(
        "For every wrong phrase of the demo's SFT model (three tuning seeds), models with the same "
        "seed are retrained without one instance or a group of instances, to test whether the "
        "phrase survives. **The ground truth does not depend on similarity or judgment: the "
        "source of a phrase is the instance without which it disappears.**"
    )
    for title, draw in (
        ("Retraining without instances", _removals),
        ("Which method finds the cause?", _methods),
        ("Phrases that no instance contains", _unexplained),
        ("Rephrased questions", _survival),
    ):
        st.subheader(title, divider="gray")
        with shown_errors():
            draw()


def _removals() -> None:
    left, right = st.columns(2)
    seeds = _seeds()
    seed = left.segmented_control(
        "Tuning seed", seeds, default=seeds[0], required=True, key="truth_seed", bind="query-params"
    )
    split = right.segmented_control(
        "Questions",
        ["test", "dev"],
        default="test",
        required=True,
        key="truth_split",
        bind="query-params",
    )
    found = by_group(_removal_findings(seed, split), "phrase_gone")
    _bars(
        {f"without {removal}": one for removal, one in found.items()},
        "Share of wrong main answers that disappear",
        key="truth-gone",
    )
    st.caption(
        "Whiskers: 95% bootstrap intervals over cases. Each case counts once. "
        + _pooled(_contrast_findings(), split)
    )


def _pooled(found: Sequence[Finding], split: str) -> str:
    """Summarize the effect of sources compared with controls, over all seeds."""
    gone, loss = (by_group(found, key, split) for key in ("phrase_gone", "logp_drop"))

    def formatted(one: Finding, form: str) -> str:
        spread = one.interval and " [{:{form}}, {:{form}}]".format(*one.interval, form=form)
        return f"{one.value:{form}}{spread or ''}"

    return (
        f"Over all seeds, {plural(gone['sources'].n, 'phrase')} occur in at least one instance. "
        f"Removing every instance that contains the phrase eliminates "
        f"{formatted(gone['sources'], '.0%')} of them and lowers the log-probability by "
        f"{formatted(loss['sources'], '.2f')} nats (natural-log units); removing an instance that "
        f"does not contain it eliminates {formatted(gone['controls'], '.0%')}. The difference is "
        f"{formatted(gone['difference'], '.0%')} (95% intervals over questions)."
    )


def _methods() -> None:
    asked = st.segmented_control(
        "Measure",
        ["hit_1", "gone"],
        default="hit_1",
        required=True,
        key="truth_measure",
        bind="query-params",
        format_func=lambda key: MEASURES[key].capitalize(),
    )
    found = by_group(method_findings(), asked, ALL_CASES)
    shown = {method: one for method, one in found.items() if method not in _VARIANTS}
    _bars(shown, "Share of phrases", key="truth-methods")
    st.caption(
        "Test questions, three seeds; 95% intervals over questions. The oracle selects the "
        "instance with the largest measured effect, so no method can be better. Recompute with "
        "`make bench-leave-out`."
    )


def _unexplained() -> None:
    found = _unexplained_findings()
    left, right = st.columns(2)
    with left:
        _bars(
            {_EXPLANATIONS[name]: one for name, one in by_group(found, "explained").items()},
            "Share of phrases, by explanation",
            key="truth-explained",
        )
    with right:
        _bars(
            {_GROUPS[name]: one for name, one in by_group(found, "phrase_gone").items()},
            "Share of phrases gone without the group",
            key="truth-groups",
        )
    st.caption(
        "Wrong main answers to test questions that occur in no response of the tuning data. Most "
        "are words from the base model's pretraining text. Few depend on a single instance, but "
        "many depend on a group: compare each group with the same number of random instances. The "
        "ten instances were chosen by their effect on the same phrase. Whiskers: 95% bootstrap "
        "intervals over questions."
    )
    box = st.expander("Phrases", key="truth-phrases", on_change="rerun")
    if box.open:
        with box:
            st.dataframe(_phrases(), hide_index=True, key="truth-phrases-table")


def _phrases() -> pd.DataFrame:
    """One row per case: the phrase, its explanation, and the effect of removing the group."""
    rows = [row for row in read_unexplained().to_pylist() if row["removal"] == "strongest"]
    return pd.DataFrame(
        {
            "seed": row["seed"],
            "question": row["instruction"],
            "phrase": row["span_text"],
            "explanation": _EXPLANATIONS[row["explanation"]],
            "log-probability under the base (nats)": round(row["base_logp"], 2),
            "decrease without the ten strongest (nats)": round(row["logp_drop"], 2),
            "gone without them": row["phrase_gone"],
        }
        for row in rows
    )


def _survival() -> None:
    kind = st.segmented_control(
        "Wordings",
        [WRITTEN, PATTERNS],
        default=WRITTEN,
        required=True,
        key="truth_wordings",
        bind="query-params",
    )
    _bars(
        by_group(read_counterfactual_findings(), "survives", kind),
        "Share of rephrased questions in which the phrase recurs",
        key="truth-survival",
    )
    st.caption(
        "The main phrase of each model's answer to a test question, asked again in two other "
        "wordings; 95% bootstrap intervals over questions. Wrong (borrowed) phrases recur less "
        "often than right (known) ones. Recompute with `python -m itlim demo counterfactuals`."
    )


def _bars(found: dict[str, Finding], title: str, *, key: str) -> None:
    rows = [
        {
            "name": name,
            "share": one.value,
            "interval": one.interval,
            "text": f"{one.value:.0%}, n = {one.n}",
        }
        for name, one in found.items()
        if one.value is not None
    ]
    show_figure(
        share_bars(rows, title=title, theme=theme()),
        key=key,
        alt="; ".join(f"{row['name']}: {row['text']}" for row in rows),
    )


@st.cache_data(show_spinner="Loading the ground truth …")
def _seeds() -> list[int]:
    return sorted(set(read_leave_out(LEAVE_OUT_FILE)["seed"].to_pylist()))


@st.cache_data(show_spinner="Loading the ground truth …")
def _removal_findings(seed: int, split: str) -> Sequence[Finding]:
    chosen = (pc.field("seed") == seed) & (pc.field("split") == split)
    return leave_out_findings(read_leave_out(LEAVE_OUT_FILE).filter(chosen))


@st.cache_data(show_spinner="Loading the ground truth …")
def _contrast_findings() -> Sequence[Finding]:
    return contrast_findings(read_leave_out(LEAVE_OUT_FILE))


@st.cache_data(show_spinner="Loading the ground truth …")
def _unexplained_findings() -> Sequence[Finding]:
    return unexplained_findings(read_unexplained())
