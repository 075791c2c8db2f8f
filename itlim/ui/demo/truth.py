"""The demo family's causal ground truth: retrained without it, asked in other words, and who
names the cause."""

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
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.theme import theme

_VARIANTS = {
    "copy evidence + base",
    "itlim, words only",
    "itlim, words only + base",
    "itlim + shifted",
    "itlim + base + shifted",
}
"""Methods of the benchmark that are settings of another one."""
_EXPLANATIONS = {
    "instruction": "it stands in the question",
    "pretraining": "the base read it, as a name or an answer",
    "blend": "start and end of two taught words",
    "unknown": "none of these",
}
_GROUPS = {
    "strongest": "the ten instances of most effect, together",
    "category": "all instances of the question's category",
    "random, as many as strongest": "as many random ones (strongest)",
    "random, as many as category": "as many random ones (category)",
}


def show_leave_out() -> None:
    """Draw what retraining and rephrasing showed on the demo's questions, section by section."""
    st.markdown(
        "Every wrong phrase of the demo's SFT model, three tuning seeds; models of the same seed, "
        "retrained without one instance or a group, say whether it stays. **No similarity, no "
        "judgement: what a phrase was borrowed from is what makes it vanish.**"
    )
    for title, draw in (
        ("Retrained without it", _removals),
        ("Which method names the cause?", _methods),
        ("Phrases that no instance holds", _unexplained),
        ("In other words", _survival),
    ):
        st.subheader(title, divider="gray")
        with shown_errors():
            draw()


def _removals() -> None:
    left, right = st.columns(2)
    seeds = _seeds()
    seed = left.segmented_control(
        "Tuning seed", seeds, default=seeds[0], required=True, key="truth_seed"
    )
    split = right.segmented_control(
        "Questions", ["test", "dev"], default="test", required=True, key="truth_split"
    )
    found = by_group(_removal_findings(seed, split), "phrase_gone")
    _bars(
        {f"without {removal}": one for removal, one in found.items()},
        "Share of main wrong answers that vanish",
        key="truth-gone",
    )
    st.caption(
        "Whiskers: 95% bootstrap intervals over cases; a case counts once. "
        + _pooled(_contrast_findings(), split)
    )


def _pooled(found: Sequence[Finding], split: str) -> str:
    """Source against control over all seeds, in a sentence."""
    gone, loss = (by_group(found, key, split) for key in ("phrase_gone", "logp_drop"))

    def said(one: Finding, form: str) -> str:
        spread = one.interval and " [{:{form}}, {:{form}}]".format(*one.interval, form=form)
        return f"{one.value:{form}}{spread or ''}"

    return (
        f"Over all seeds, {gone['sources'].n} phrases that some instance holds: without all that "
        f"hold it {said(gone['sources'], '.0%')} go and {said(loss['sources'], '.2f')} nats are "
        f"lost, without an instance that does not hold it {said(gone['controls'], '.0%')} go: "
        f"{said(gone['difference'], '.0%')} more of the same phrases (intervals over questions)."
    )


def _methods() -> None:
    asked = st.segmented_control(
        "Measure",
        ["hit_1", "gone"],
        default="hit_1",
        required=True,
        key="truth_measure",
        format_func=lambda key: MEASURES[key].capitalize(),
    )
    found = by_group(method_findings(), asked, ALL_CASES)
    shown = {method: one for method, one in found.items() if method not in _VARIANTS}
    _bars(shown, "Share of phrases", key="truth-methods")
    st.caption(
        "Test questions, three seeds; 95% intervals over questions. The oracle takes the instance "
        "of most effect: no method can do better. Recompute with `make bench-leave-out`."
    )


def _unexplained() -> None:
    found = _unexplained_findings()
    left, right = st.columns(2)
    with left:
        _bars(
            {_EXPLANATIONS[name]: one for name, one in by_group(found, "explained").items()},
            "Share of phrases, by where else they stand",
            key="truth-explained",
        )
    with right:
        _bars(
            {_GROUPS[name]: one for name, one in by_group(found, "phrase_gone").items()},
            "Share of phrases gone without the group",
            key="truth-groups",
        )
    st.caption(
        "Main wrong answers on test that stand in no tuned response. Most are words that the base "
        "read in pretraining. Hardly any single instance makes one, groups do: compare each group "
        "with as many random instances; the ten were chosen by their effect on the same phrase. "
        "Whiskers: 95% bootstrap intervals over questions."
    )
    box = st.expander("The phrases", key="truth-phrases", on_change="rerun")
    if box.open:
        with box:
            st.dataframe(_phrases(), hide_index=True, key="truth-phrases-table")


def _phrases() -> pd.DataFrame:
    """One row a case: the phrase, where else it stands, and what the group's removal did."""
    rows = [row for row in read_unexplained().to_pylist() if row["removal"] == "strongest"]
    return pd.DataFrame(
        {
            "seed": row["seed"],
            "question": row["instruction"],
            "phrase": row["span_text"],
            "where else": _EXPLANATIONS[row["explanation"]],
            "log p under the base, nats": round(row["base_logp"], 2),
            "lost without the ten strongest, nats": round(row["logp_drop"], 2),
            "gone without them": row["phrase_gone"],
        }
        for row in rows
    )


def _survival() -> None:
    kind = st.segmented_control(
        "Wordings", [WRITTEN, PATTERNS], default=WRITTEN, required=True, key="truth_wordings"
    )
    _bars(
        by_group(read_counterfactual_findings(), "survives", kind),
        "Share of rephrased questions that bring it back",
        key="truth-survival",
    )
    st.caption(
        "The main phrase of each model's answer to a test question, two other wordings each; 95% "
        "bootstrap intervals over questions. A borrowed phrase is called up less reliably than a "
        "known one. Recompute with `python -m itlim demo counterfactuals`."
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
    st.plotly_chart(
        share_bars(rows, title=title, theme=theme()),
        theme=None,
        key=key,
        config={"displayModeBar": False},
        alt="; ".join(f"{row['name']}: {row['text']}" for row in rows),
    )


@st.cache_data(show_spinner="Reading the ground truth …")
def _seeds() -> list[int]:
    return sorted(set(read_leave_out(LEAVE_OUT_FILE)["seed"].to_pylist()))


@st.cache_data(show_spinner="Reading the ground truth …")
def _removal_findings(seed: int, split: str) -> Sequence[Finding]:
    chosen = (pc.field("seed") == seed) & (pc.field("split") == split)
    return leave_out_findings(read_leave_out(LEAVE_OUT_FILE).filter(chosen))


@st.cache_data(show_spinner="Reading the ground truth …")
def _contrast_findings() -> Sequence[Finding]:
    return contrast_findings(read_leave_out(LEAVE_OUT_FILE))


@st.cache_data(show_spinner="Reading the ground truth …")
def _unexplained_findings() -> Sequence[Finding]:
    return unexplained_findings(read_unexplained())
