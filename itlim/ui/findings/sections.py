"""The findings about single pairs, by part of the page: figures, tables and curves."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import streamlit as st

from itlim.charts.curves import finding_curves
from itlim.charts.findings import SHOWN_TOKENS, finding_intervals, moved_token_bars
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import TOP_TOKENS, MovedToken
from itlim.findings.positions import BY_SHARE, BY_TOKEN
from itlim.text.markdown import as_markdown
from itlim.ui.findings.details import finding_table, moved_table
from itlim.ui.findings.figures import saved_figure
from itlim.ui.shared import services
from itlim.ui.shared.plain_text import show_note


class Part(StrEnum):
    """Parts of the page, of which one is drawn at a time."""

    SHIFT = "Shift"
    RECIPES = "Kinds and sizes"
    WORDS = "Words and style"
    MARKS = "Marked phrases"
    DATASETS = "Datasets"
    PAIRS = "Two pairs"
    REMEDIES = "Remedies"
    JUDGE = "Model judge"
    QUERY = "Query"


SECTIONS: Mapping[Part, Mapping[str, tuple[str, ...]]] = {
    Part.SHIFT: {
        "How far did tuning move the answers?": (
            "share_unshifted",
            "share_marginal",
            "share_shifted",
            "kl_mean",
            "base_prob_mean",
            "base_rank_mean",
        ),
        "Where in a sentence?": ("kl_head", "kl_rest", "kl_first_head", "kl_first_rest"),
        "Where does an answer first differ from the base model's?": (
            "first_divergence_at",
            "no_divergence",
            "first_divergence_token",
        ),
    },
    Part.WORDS: {
        "Do the moved words come from the tuning dataset?": (
            "shifted_in_it",
            "marginal_in_it",
            "unshifted_in_it",
        ),
        "How long are the answers?": (
            "answer_words",
            "tuning_response_words",
            "marked_answer_words",
            "first_mark_at",
        ),
        "How many answers are right?": ("accuracy", "marked_answers"),
    },
    Part.MARKS: {
        "Where do the marked phrases come from?": (
            "phrase_in_it",
            "unmarked_in_it",
            "marked_shifted_or_marginal",
            "marked_shifted_or_marginal_found",
            "causal_share",
            "keyword_presence",
            "d1_similarity",
        ),
        "How many instances could be the source?": ("single_source", "equal_sources"),
        "Where else do answers borrow?": (
            "borrowed",
            "borrowed_base",
            "borrowed_wrong",
            "borrowed_right",
            "borrowed_other_tasks",
        ),
        "What do people judge to be the cause?": (
            "causal_blind",
            "causal_revealed",
            "candidates_causal",
            "decoys_causal",
        ),
        "Does a phrase disappear without its source?": (
            "left_out_gone_source",
            "left_out_gone_control",
            "left_out_drop_source",
            "left_out_drop_control",
            "retrained_gone_chosen",
            "retrained_gone_control",
            "retrained_drop_chosen",
            "retrained_drop_control",
        ),
        "Does a phrase survive a rephrased question?": ("rephrasing_survival",),
    },
}
CURVES: Mapping[Part, Mapping[str, Mapping[str, str]]] = {
    Part.SHIFT: {
        "Where in an answer?": {
            BY_SHARE: "place in the answer",
            BY_TOKEN: "token number (from 1)",
        },
    },
}
"""Series and axis title of each curve."""
PLOTTED = ("percent", "nats", "words")
"""Units with a figure; a unit with a single claim is read more easily in the table."""


def sections(part: Part, found: Sequence[Estimate]) -> None:
    """Draw the sections of a part."""
    for number, (title, ids) in enumerate(SECTIONS.get(part, {}).items()):
        _section(title, [one for name in ids for one in found if one.finding_id == name],
                 key=f"{part.name.lower()}_{number}")  # fmt: skip
    for number, (title, series) in enumerate(CURVES.get(part, {}).items()):
        st.subheader(title)
        for name, axis_title in series.items():
            _curve(title, [one for one in found if one.series == name], axis_title,
                   key=f"{part.name.lower()}_curve_{number}_{name}")  # fmt: skip


def _section(title: str, mine: Sequence[Estimate], *, key: str) -> None:
    st.subheader(title)
    for unit in PLOTTED:
        plotted = [one for one in mine if one.unit == unit]
        if len({one.claim for one in plotted if one.value is not None}) > 1:
            saved_figure(
                finding_intervals(plotted, theme=services.theme()),
                key=f"findings_{key}_{unit}",
                alt=f"{title} In {unit}, one marker per pair; the table has the numbers.",
            )
    if any(one.value is not None for one in mine):
        finding_table(mine, key=f"findings_table_{key}")
        return
    show_note(" ".join(dict.fromkeys(one.missing for one in mine)))
    with st.expander("All numbers", key=f"numbers-{key}", bind="query-params"):
        finding_table(mine, key=f"findings_table_{key}")


def _curve(title: str, points: Sequence[Estimate], axis_title: str, *, key: str) -> None:
    """One line per pair, and all points folded."""
    if any(one.value is not None for one in points):
        saved_figure(
            finding_curves(points, axis_title=axis_title, theme=services.theme()),
            key=f"findings_{key}",
            alt=f"{title} By {axis_title}, one line per pair; the table has the numbers.",
        )
    with st.expander(f"All points by {axis_title}", key=f"points-{key}", bind="query-params"):
        finding_table(points, key=f"findings_table_{key}")


def moved_sections(moved: Mapping[str, Sequence[MovedToken]]) -> None:
    """The tokens that tuning moved most often (Fig. 12), one tab per pair."""
    moved = {name: tokens for name, tokens in moved.items() if tokens}
    if not moved:
        return
    st.subheader("Which tokens did tuning move?")
    st.caption(
        f"The {TOP_TOKENS} tokens that are most often shifted or marginal (Fig. 12, whose caption "
        "names LIMA 1k and whose text names Alpaca 52k); the figure shows the first "
        f"{SHOWN_TOKENS}."
    )
    tabs = st.tabs([as_markdown(name) for name in moved], key="moved", bind="query-params")
    for tab, (name, tokens) in zip(tabs, moved.items(), strict=True):
        with tab:
            saved_figure(
                moved_token_bars(tokens, theme=services.theme()),
                key=f"moved_{name}",
                alt=f"The tokens that tuning moved most often in the answers of {name}.",
            )
            moved_table(name, tokens)
