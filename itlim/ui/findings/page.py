"""The Findings page: each claim of the paper beside the same number from stored answers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from itlim.charts.findings import SHOWN_TOKENS, finding_intervals, moved_token_bars
from itlim.findings.answers import GOLD, PEOPLE
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import TOP_TOKENS
from itlim.library import Library
from itlim.store.answers import unmeasured_counts
from itlim.store.batches import tags_by_run
from itlim.store.comparisons import answering_pairs
from itlim.text.messages import plural
from itlim.ui.findings.compare import comparison
from itlim.ui.findings.details import export, finding_table, moved_table
from itlim.ui.findings.sql_box import sql_box
from itlim.ui.findings.work import FindingsWork
from itlim.ui.shared import services
from itlim.ui.shared.figure import show_figure
from itlim.ui.shared.permalink import write_view
from itlim.ui.shared.plain_text import plain_caption, show_error, shown_errors
from itlim.ui.shared.tracing.indexes import index_state, usable_indexes
from itlim.ui.shared.work_progress import work_progress

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "How far did tuning move the answers?": (
        "share_unshifted",
        "share_marginal",
        "share_shifted",
        "kl_mean",
        "base_prob_mean",
        "base_rank_mean",
    ),
    "Where in a sentence?": ("kl_head", "kl_rest", "kl_first_head", "kl_first_rest"),
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
    "Where do the marked phrases come from?": (
        "phrase_in_it",
        "unmarked_in_it",
        "marked_shifted_or_marginal",
        "marked_shifted_or_marginal_found",
        "causal_share",
        "keyword_presence",
        "d1_similarity",
    ),
}
_PLOTTED = ("percent", "nats", "words")
"""Units with a figure; a unit with a single claim is read more easily in the table."""
_WORK, _ASKED = "findings_work", "findings_asked"
_EITHER = "either"
_MARKS = {_EITHER: "Known answers, else people", GOLD: "Known answers", PEOPLE: "People"}


def show() -> None:
    """Draw the page; pairs and source of marks are URL parameters."""
    st.header("Findings")
    st.caption(
        "The claims of “A Closer Look at the Limitations of Instruction Tuning” "
        "([arXiv 2402.05119](https://arxiv.org/abs/2402.05119)), recomputed on stored answers. "
        "Intervals are 95% bootstrap intervals over instructions."
    )
    with shown_errors():
        library = services.library()
        pairs = _chosen_pairs(library)
        if not pairs:
            st.info("Choose a pair with stored answers.", icon=":material/compare_arrows:")
            return
        marks = _chosen_marks()
        tag, run_ids = _chosen_tag()
        _notes(library, pairs)
        work = _work(library, pairs, marks, tag, run_ids)
        if not work.done:
            work_progress(work, key="findings_cancel")
        elif work.was_cancelled:
            st.info("Canceled. Pairs that were finished are kept.", icon=":material/pan_tool:")
            if st.button("Compute the findings", type="primary"):
                st.session_state.pop(_WORK)
                st.rerun()
        elif work.error is not None:
            show_error(work.error)
        else:
            _sections([one for name in pairs for one in work.found.get(name, ())])
            _moved(work)
            comparison(work.answers)
            sql_box()
            export([one for name in pairs for one in work.found.get(name, ())])


def _chosen_pairs(library: Library) -> list[str]:
    """Pairs with stored answers; by default the shipped tuned pairs."""
    stored = [name for name in answering_pairs(services.store()) if name]
    shipped = [name for name in library.pairs if name in stored]
    asked = st.query_params.get("pairs")
    given = [name for name in (asked or "").split(",") if name in stored]
    chosen = st.multiselect(
        "Pairs", stored, default=given or shipped or stored[:2], key="findings_pairs"
    )
    write_view(pairs=",".join(chosen) if chosen != shipped else None)
    return chosen


def _chosen_marks() -> str | None:
    chosen = st.segmented_control(
        "Marked phrases by",
        list(_MARKS),
        format_func=_MARKS.__getitem__,
        default=_EITHER,
        required=True,
        key="marks",
        bind="query-params",
        help="By default, phrases that a family's known answers show to be wrong; for a pair "
        "without known answers, phrases that people marked. The two are never pooled.",
    )
    return None if chosen == _EITHER else str(chosen)


def _chosen_tag() -> tuple[str | None, frozenset[str] | None]:
    """The task or topic that the visitor chose, and its runs; nothing without tagged runs."""
    tags = tags_by_run(services.store())
    names = sorted({tag for of_run in tags.values() for tag in of_run})
    if not names:
        return None, None
    given = st.query_params.get("tag")
    chosen = st.selectbox(
        "Task or topic",
        names,
        index=names.index(given) if given in names else None,
        placeholder="All answers",
        key="findings_tag",
        help="From the tags of batches. Answers without tags are left out once one is chosen.",
    )
    write_view(tag=chosen)
    if chosen is None:
        return None, None
    return chosen, frozenset(run_id for run_id, of_run in tags.items() if chosen in of_run)


def _notes(library: Library, pairs: Sequence[str]) -> None:
    """What the shipped families can and cannot show, and which answers have no tokens."""
    for family in library.families.values():
        models = [library.pairs[name].tuned_source.path for name in pairs if name in library.pairs]
        if any(family.includes(model) for model in models):
            plain_caption(f"{family.title}: {family.note}")
    for name, (n, n_all) in unmeasured_counts(services.store()).items():
        if name in pairs:
            plain_caption(
                f"{name}: {n:,} of {plural(n_all, 'answer')} without token measures, imported "
                "without models. Numbers about tokens leave them out."
            )


def _work(
    library: Library,
    pairs: Sequence[str],
    marks: str | None,
    tag: str | None,
    run_ids: frozenset[str] | None,
) -> FindingsWork:
    """The computation for this choice, started if necessary."""
    indexes = _indexes(library, pairs)
    asked = (tuple(pairs), marks, tag, tuple(sorted(indexes)))
    if st.session_state.get(_ASKED) != asked or _WORK not in st.session_state:
        work = FindingsWork(services.store(), library, pairs, indexes, marks, run_ids).start()
        # Kept findings are read at once.
        work.wait(1.0)
        st.session_state[_WORK], st.session_state[_ASKED] = work, asked
    found: FindingsWork = st.session_state[_WORK]
    return found


def _indexes(library: Library, pairs: Sequence[str]) -> "dict[str, TraceIndex]":
    """The index of each pair's dataset; those of shipped datasets are built if missing."""
    datasets = {
        name: pair.dataset
        for name in pairs
        if (pair := library.pairs.get(name)) is not None and pair.dataset is not None
    }
    entries = [library.dataset(dataset) for dataset in dict.fromkeys(datasets.values())]
    usable_indexes(entries, words_suffice=True)
    states = {entry.name: index_state(entry).index for entry in entries}
    return {
        name: index for name, dataset in datasets.items() if (index := states[dataset]) is not None
    }


def _sections(found: Sequence[Estimate]) -> None:
    for number, (title, ids) in enumerate(SECTIONS.items()):
        mine = [one for name in ids for one in found if one.finding_id == name]
        st.subheader(title)
        for unit in _PLOTTED:
            plotted = [one for one in mine if one.unit == unit]
            if len({one.claim for one in plotted if one.value is not None}) > 1:
                show_figure(
                    finding_intervals(plotted, theme=services.theme()),
                    key=f"findings_{number}_{unit}",
                    alt=f"{title} In {unit}, one marker per pair; the table has the numbers.",
                )
        finding_table(mine, key=f"findings_table_{number}")


def _moved(work: FindingsWork) -> None:
    """The tokens that tuning moved most often (Fig. 12), one tab per pair."""
    moved = {name: tokens for name, tokens in work.moved.items() if tokens}
    if not moved:
        return
    st.subheader("Which tokens did tuning move?")
    st.caption(
        f"The {TOP_TOKENS} tokens that are most often shifted or marginal (Fig. 12, whose caption "
        "names LIMA 1k and whose text names Alpaca 52k); the figure shows the first "
        f"{SHOWN_TOKENS}."
    )
    for tab, (name, tokens) in zip(st.tabs(list(moved)), moved.items(), strict=True):
        with tab:
            show_figure(
                moved_token_bars(tokens, theme=services.theme()),
                key=f"moved_{name}",
                alt=f"The tokens that tuning moved most often in the answers of {name}.",
            )
            moved_table(tokens)
