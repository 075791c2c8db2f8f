"""Figure 9: plain tuning and each remedy side by side, of a shipped family or one's own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from itlim.findings.remedies import RemedyCell, remedy_cells
from itlim.findings.remedy_answers import PLAIN, RemedyMeasure, read_remedy_answers
from itlim.library import Library, ShippedFamily
from itlim.text.messages import plural
from itlim.ui.findings.computing import Choice, computed
from itlim.ui.findings.judge.raters import rater_of_pairs
from itlim.ui.findings.remedies.cells import show_cells
from itlim.ui.findings.remedies.work import JudgedScores, RemediesWork, judged_scores
from itlim.ui.findings.work import FindingsWork
from itlim.ui.shared import services
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, show_note
from itlim.ui.shared.public import begin
from itlim.ui.shared.work_progress import work_progress

_RECIPES = {"sft": "SFT, all parameters", "lft": "LFT, LoRA"}
_OWN = "My pairs"
_HALF = "random half"
_PLAIN_LFT = f"{PLAIN} LFT"
_MADE_BY = {
    "neftune": "NEFTune: noise on the embeddings, α = 5.",
    "filtered": "Filtered: the half of the instances with the best form (an offline score without "
    "a model, not a judge's rating).",
    _HALF: "Random half: its control of the same size.",
    "simplified": "Simplified: first sentence only, by offline rules.",
    "evolved": "Evolved: offline templates, without a model.",
}


def remedies(library: Library, pairs: Sequence[str], choice: Choice) -> None:
    """Draw the comparison; whose models and which measure are URL parameters."""
    st.subheader("Does a remedy help? (Figure 9)")
    plain_caption(
        "The paper tries NEFTune's noise, filtered, simplified and evolved datasets, and finds "
        "that none of them reduces hallucinations or raises quality (section 6). Each remedy is "
        "compared with the same tuning on the original dataset, question by question."
    )
    families = {one.title: one for one in library.families.values() if one.remedies.exists()}
    titles = [*families, _OWN]
    asked = st.query_params.get("remedies")
    of = st.segmented_control(
        "Models",
        titles,
        default=asked if asked in titles else titles[0],
        required=True,
        key="remedies_of",
    )
    write_view(remedies=of if of != titles[0] else None)
    if of in families:
        _shipped(families[str(of)])
    else:
        _own(library, pairs, choice)


def _shipped(family: ShippedFamily) -> None:
    plain_caption(f"{family.title}: {family.note}")
    recipe = st.segmented_control(
        "Tuned as",
        list(_RECIPES),
        format_func=_RECIPES.__getitem__,
        default="sft",
        required=True,
        key="recipe",
        bind="query-params",
    )
    path = family.remedies
    cells = _shipped_cells(str(path), path.stat().st_mtime, str(recipe))
    show_cells(PLAIN, cells)
    notes = list(_notes(cells))
    if recipe != "lft" and any(one.remedy == _PLAIN_LFT for one in cells):
        notes += _baselines(_lft_borrowed(str(path), path.stat().st_mtime))
    plain_caption(" ".join(notes))


def _notes(cells: Sequence[RemedyCell]) -> Iterator[str]:
    """What the remedies are, and what the measures of these answers mean."""
    names = {one.remedy for one in cells}
    yield from (text for name, text in _MADE_BY.items() if name in names)
    yield from (
        f"{name}: plain tuning with the other recipe, which is no remedy but is tested with them."
        for name in sorted(names)
        if name.startswith(f"{PLAIN} ")
    )
    empty = {one.measure for one in cells if one.remedy == PLAIN and one.value is None}
    if RemedyMeasure.WRONG in empty:
        yield (
            "Which phrases are wrong is known for none of these answers. Right answers are counted "
            "among the questions with a single short answer; the others are unknown, not wrong."
        )
    if RemedyMeasure.JUDGED in empty:
        yield "No judge was asked, so its cells are empty."


def _baselines(lft: Sequence[RemedyCell]) -> Iterator[str]:
    """What LFT, which borrows little, tells about the chance baseline of the random half."""
    found = {one.remedy: one for one in lft}
    plain, half = found[PLAIN], found.get(_HALF)
    if half is not None:
        yield (
            "LFT hardly moves the base, so its shares tell about the baselines: a borrowed phrase "
            f"is in {_percent(plain)} of the answers of LFT on the whole dataset and in "
            f"{_percent(half)} of those of LFT on the random half. Read the difference of the "
            "random half with this."
        )


def _percent(one: RemedyCell) -> str:
    return f"{one.value:.1f}% [{one.ci_low:.1f}, {one.ci_high:.1f}] (n = {one.n} questions)"


def _own(library: Library, pairs: Sequence[str], choice: Choice) -> None:
    if len(pairs) < 2:
        st.info(
            "Choose above the plainly tuned pair and at least one that was tuned with a remedy. "
            "Data & models makes simplified, filtered and evolved datasets; itlim train --neftune "
            "adds noise.",
            icon=":material/compare_arrows:",
        )
        return
    reference = str(
        st.selectbox("Plain tuning", list(pairs), key="reference_pair", bind="query-params")
    )
    scores = _judged(pairs)
    found = computed(library, pairs, choice, slot="remedies")
    if found is not None:
        _compared(reference, found, scores)


def _judged(pairs: Sequence[str]) -> JudgedScores:
    """The scores of the judge of these pairs, whose name is drawn; empty if there is none."""
    rater = rater_of_pairs(pairs)
    if rater is None:
        return {}
    scores = judged_scores(services.store(), rater, pairs)
    plain_caption(
        f"Judged by {rater.judge} with the prompt {rater.prompt_version}: "
        f"{plural(len(scores), 'answer')} of these pairs with a score. Scores are opinions of that "
        "model, not measurements."
    )
    return scores


def _compared(reference: str, found: FindingsWork, scores: JudgedScores) -> None:
    """Draw the comparison of these answers, which is made again whenever they or scores change."""
    # The findings are another object after new answers, marks or indexes (`computed`).
    key = (reference, found, scores)
    if st.session_state.get("remedies_asked") != key:
        st.session_state["remedies_work"] = begin(RemediesWork(reference, found.answers, scores))
        st.session_state["remedies_asked"] = key
        st.session_state["remedies_work"].wait(1.0)
    work: RemediesWork = st.session_state["remedies_work"]
    if not work.done:
        work_progress(work, key="remedies_cancel")
    elif work.was_cancelled:
        show_note("Canceled.")
        _offer_again("Compare")
    elif work.error is not None:
        show_error(work.error)
        _offer_again("Try again")
    else:
        show_cells(reference, work.cells)


def _offer_again(label: str) -> None:
    if st.button(label, type="primary", key="remedies_again"):
        st.session_state.pop("remedies_asked")
        st.rerun()


@st.cache_data(show_spinner=False, max_entries=8)
def _shipped_cells(path: str, modified: float, recipe: str) -> list[RemedyCell]:
    """Kept for every visitor, as the tests take two seconds; `modified` names the file's state."""
    return remedy_cells(PLAIN, read_remedy_answers(Path(path), recipe))


@st.cache_data(show_spinner=False, max_entries=8)
def _lft_borrowed(path: str, modified: float) -> list[RemedyCell]:
    """How often LFT on the whole dataset and on the random half borrows, and nothing else."""
    borrowed = RemedyMeasure.BORROWED
    answers = read_remedy_answers(Path(path), "lft")
    few = {
        name: [
            replace(one, values={borrowed: one.values[borrowed]})
            for one in answers[name]
            if borrowed in one.values
        ]
        for name in (PLAIN, _HALF)
        if name in answers
    }
    return [one for one in remedy_cells(PLAIN, few) if one.measure is borrowed]
