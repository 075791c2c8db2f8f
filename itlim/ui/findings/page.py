"""The Findings page: each claim of the paper beside the same number from stored answers."""

from collections.abc import Sequence

import streamlit as st

from itlim.findings.answers import GOLD, PEOPLE
from itlim.library import Library
from itlim.store.answers import unmeasured_counts
from itlim.store.comparisons import answering_pairs
from itlim.text.messages import plural
from itlim.ui.findings.compare import comparison
from itlim.ui.findings.computing import FURTHER, Choice, computed
from itlim.ui.findings.datasets import one_question, profiles
from itlim.ui.findings.details import export
from itlim.ui.findings.filters import chosen_answers, chosen_dataset
from itlim.ui.findings.judge.part import model_judge
from itlim.ui.findings.judge.raters import overall_of_pairs
from itlim.ui.findings.recipes import compared_pairs, recipes
from itlim.ui.findings.remedies.part import remedies
from itlim.ui.findings.report import findings_report
from itlim.ui.findings.report_parts import (
    PartReport,
    comparison_report,
    profiles_report,
    recipes_report,
)
from itlim.ui.findings.sections import Part, moved_sections, sections
from itlim.ui.findings.sql_box import sql_box
from itlim.ui.findings.work import FindingsWork
from itlim.ui.shared import services
from itlim.ui.shared.permalink import joined_names, names_in, write_view
from itlim.ui.shared.plain_text import plain_caption, shown_errors

_EITHER = "either"
_MARKS = {_EITHER: "Known answers, else people", GOLD: "Known answers", PEOPLE: "People"}


def show() -> None:
    """Draw the page; pairs and source of marks are URL parameters."""
    st.header("Findings")
    st.caption(
        "The claims of “A Closer Look at the Limitations of Instruction Tuning” "
        "([arXiv 2402.05119](https://arxiv.org/abs/2402.05119)), recomputed on stored answers. "
        "Intervals are 95% bootstrap intervals over instructions, those of 0% and 100% Wilson's."
    )
    with shown_errors():
        library = services.library()
        pairs = chosen_dataset(library, _chosen_pairs(library))
        if not pairs:
            st.info("Choose a pair with stored answers.", icon=":material/compare_arrows:")
            return
        choice = _chosen_answers()
        _notes(library, pairs)
        part = _chosen_part()
        if part is Part.JUDGE:
            # Stored ratings need none of the findings, which take long to compute.
            model_judge(library, pairs, choice)
            return
        if part is Part.REMEDIES:
            remedies(library, pairs, choice)
            return
        work = computed(library, pairs, choice, slot="page")
        if work is not None:
            _draw(part, work, library, choice)


def _chosen_part() -> Part:
    """The part of the page that is drawn; an address with two pairs opens their comparison."""
    named = Part.PAIRS if "versus" in st.query_params else Part.SHIFT
    chosen = st.segmented_control(
        "Part",
        [str(part) for part in Part],
        default=str(named),
        required=True,
        key="part",
        bind="query-params",
        label_visibility="collapsed",
    )
    return Part(chosen)


def _draw(part: Part, work: FindingsWork, library: Library, choice: Choice) -> None:
    """Draw one part, and the export of all numbers below it."""
    for name in work.without:
        plain_caption(f"{name} has no answer with this tag and length.")
    if not work.found and part is not Part.QUERY:
        st.info("No answer is left: choose another tag or length.", icon=":material/filter_alt:")
        return
    found = [one for estimates in work.found.values() for one in estimates]
    sections(part, found)
    added = _part(part, work, library, choice)
    notes = _family_notes(library, list(work.found))
    export(
        [*found, *added.rows],
        lambda: findings_report(found, work.moved, notes, added.sections()),
    )


def _part(part: Part, work: FindingsWork, library: Library, choice: Choice) -> PartReport:
    """Draw what a part has beside the sections; returns what it adds to the exports."""
    if part is Part.WORDS:
        moved_sections(work.moved)
    elif part is Part.RECIPES:
        return _recipes(work, library, choice)
    elif part is Part.DATASETS:
        return _datasets(work, library, choice)
    elif part is Part.PAIRS:
        compared = comparison(work, library, choice)
        return PartReport() if compared is None else comparison_report(compared)
    elif part is Part.QUERY:
        sql_box()
    return PartReport()


def _recipes(work: FindingsWork, library: Library, choice: Choice) -> PartReport:
    names = compared_pairs(library, list(work.found))
    more = _further(names, work, library, choice)
    if more is None:
        return PartReport()
    known = {**work.found, **more.found}
    scores = overall_of_pairs([name for name in names if name in known], choice)
    drawn = recipes(library, {name: [*known[name], score] for name, score in scores.items()})
    return recipes_report(drawn, list(work.found))


def _datasets(work: FindingsWork, library: Library, choice: Choice) -> PartReport:
    names = compared_pairs(library, list(work.found))
    more = _further(names, work, library, choice)
    if more is None:
        return PartReport()
    known = {**work.answers, **more.answers}
    answers = {name: known[name] for name in names if name in known}
    one_question(library, answers)
    return profiles_report(profiles(library, answers))


def _further(
    names: Sequence[str], work: FindingsWork, library: Library, choice: Choice
) -> FindingsWork | None:
    """The findings of the pairs that the page itself does not have; None until they are done."""
    missing = [name for name in names if name not in work.found]
    return computed(library, missing, choice, slot=FURTHER) if missing else work


def _chosen_pairs(library: Library) -> list[str]:
    """Pairs with stored answers; by default the shipped tuned pairs."""
    stored = [name for name in answering_pairs(services.store()) if name]
    shipped = [name for name in library.pairs if name in stored]
    options = list(dict.fromkeys([*stored, *library.variants]))
    given = [name for name in names_in(st.query_params.get("pairs")) if name in options]
    chosen = st.multiselect(
        "Pairs", options, default=given or shipped or stored[:2], key="findings_pairs"
    )
    write_view(pairs=joined_names(chosen) if chosen != shipped else None)
    return chosen


def _chosen_answers() -> Choice:
    marks = _chosen_marks()
    answers = chosen_answers()
    return Choice(marks=marks, run_ids=answers.run_ids, tag=answers.tag, words=answers.words)


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


def _family_notes(library: Library, pairs: Sequence[str]) -> list[str]:
    """What the shipped families of these pairs can and cannot show."""
    known = library.known_pairs
    models = [known[name].tuned_source.path for name in pairs if name in known]
    return [
        f"{family.title}: {family.note}"
        for family in library.families.values()
        if any(family.includes(model) for model in models)
    ]


def _notes(library: Library, pairs: Sequence[str]) -> None:
    """Draw the families' notes, and which answers have no tokens."""
    for note in _family_notes(library, pairs):
        plain_caption(note)
    for name, (n, n_all) in unmeasured_counts(services.store()).items():
        if name in pairs:
            plain_caption(
                f"{name}: {n:,} of {plural(n_all, 'answer')} {'has' if n == 1 else 'have'} no "
                "token measures (imported without models, or scored by servers, whose KL is only "
                "bounded). Numbers about tokens leave such answers out."
            )
