"""Rephrase a question: choose proposals, type wordings, and choose the models that answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from itlim.causality.rephrasing.asking import MIN_WORDINGS, case_id, new_case
from itlim.causality.rephrasing.synonyms import synonym_of
from itlim.causality.rephrasing.wordings import (
    OWN_WORDS,
    Rephrasing,
    rephrasings,
    shared_concept_words,
)
from itlim.errors import NotFoundError
from itlim.records import (
    DEFAULT_MAX_NEW_TOKENS,
    NO_MEASURES,
    CounterfactualCase,
    Request,
    ResponseRun,
    Run,
    StoredRun,
)
from itlim.store.counterfactuals import counterfactuals_of, load_case
from itlim.text.markdown import as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.drafts import draft_key, draft_saved
from itlim.ui.shared.plain_text import plain_caption, show_warning, shown_errors
from itlim.ui.shared.public import MAX_INSTRUCTION, MAX_WORDINGS, begin, check_requests, limited
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.test.answers import show_answers
from itlim.ui.test.asking import RephraseWork, rephrasings_in_progress, show_progress
from itlim.ui.test.source import instances_by_id, source_panel

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

_MAX_SYNONYMS = 4
"""Largest number of shared words that get a field for a synonym."""


def rephrase_panel(subject: Subject, indexes: "Sequence[TraceIndex]", *, author: str) -> None:
    """Draw everything below the response: source, wordings and answers.

    Args:
        subject: a stored answer with a marked phrase.
        indexes: the indexes of its datasets.
        author: the visitor's name; empty if none was given.
    """
    run, span = subject.run, subject.span
    if run is None or span is None:
        return
    case = _case(run, span, author)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Where it came from", divider="gray")
        case = source_panel(case, subject, indexes)
    with right:
        st.subheader("Rephrase the question", divider="gray")
        _ask_form(case, run, indexes, author)
    rows = counterfactuals_of(services.store(), case.case_id)
    if not show_progress(case.case_id) and not rows:
        st.info(
            "No rephrased question has been asked yet. A phrase that recurs in all wordings is "
            "borrowed robustly; one that disappears with the words that both instructions share "
            "depends on them.",
            icon=":material/science:",
        )
    if rows:
        show_answers(case, rows, instances_by_id([*case.source_ids, *case.other_ids], indexes),
                     author=author)  # fmt: skip


def _case(run: StoredRun, span: tuple[int, int], author: str) -> CounterfactualCase:
    try:
        known = load_case(services.store(), case_id(run.run_id, *span))
    except NotFoundError:
        return new_case(run, *span, by=author)
    return replace(known, changed_by=author or known.changed_by)


def _ask_form(
    case: CounterfactualCase, run: StoredRun, indexes: "Sequence[TraceIndex]", author: str
) -> None:
    if isinstance(run, ResponseRun):
        st.info(f"{NO_MEASURES} Rephrasing needs a model to ask.", icon=":material/power:")
        return
    library = services.library()
    if run.pair not in library.pairs:
        show_warning(
            f"The library does not contain the pair {run.pair}. Add it on Data & models to ask "
            "it questions.",
            icon=":material/power:",
        )
        return
    wordings = _wordings(case, indexes)
    pairs = st.multiselect(
        "Models",
        list(library.pairs),
        default=[run.pair],
        key=f"lab-pairs-{case.case_id}",
        persist_state="session",
        help="The pair that gave this answer, and others to compare with it.",
    )
    if 0 < len(wordings) < MIN_WORDINGS:
        st.caption(
            f"The paper used at least {MIN_WORDINGS} wordings, because a single one can fail for "
            "unrelated reasons."
        )
    number = len(wordings) * len(pairs)
    running = rephrasings_in_progress().get(case.case_id)
    pressed = st.button(
        f"Ask {plural(number, 'question')}",
        type="primary",
        disabled=not number or (running is not None and not running.done),
        key=f"lab-ask-{case.case_id}",
        shortcut="Ctrl+Enter",
    )
    if pressed:
        with shown_errors():
            _ask(case, wordings, [_request(case, run, name) for name in pairs], indexes, author)


def _ask(
    case: CounterfactualCase,
    wordings: list[Rephrasing],
    requests: list[Request],
    indexes: "Sequence[TraceIndex]",
    author: str,
) -> None:
    check_requests(requests, [one.text for one in wordings])
    work = RephraseWork(
        case,
        wordings,
        requests,
        indexes=indexes,
        author=author,
        store=services.store(),
        pairs=services.pair_cache(),
    )
    rephrasings_in_progress()[case.case_id] = begin(work)
    draft_saved(_own_wordings(case))
    st.rerun()


def _wordings(case: CounterfactualCase, indexes: "Sequence[TraceIndex]") -> list[Rephrasing]:
    """Draw the proposals and a text field; return the checked proposals and the typed wordings."""
    sources = [one["instruction"] for one in instances_by_id(case.source_ids, indexes).values()]
    shared = _shared_words(case.instruction, sources)
    proposals = {one.text: one for one in rephrasings(case.instruction, _synonyms(case, shared))}
    st.caption("Generated by grammar rules, not by a model: check them before you ask.")
    if shared:
        plain_caption(_what_changes(shared, list(proposals), sources))
    chosen = [
        text
        for number, text in enumerate(proposals)
        if st.checkbox(
            as_markdown(text),
            value=number < MIN_WORDINGS,
            key=f"lab-proposal-{case.case_id}-{text}",
            persist_state="session",
            help=proposals[text].template.capitalize(),
        )
    ]
    own = limited(
        st.text_area,
        "Your own wordings, one per line",
        key=draft_key(_own_wordings(case)),
        persist_state="session",
        height=90,
        placeholder=f"e.g. {next(iter(proposals), 'the same question in your words')}",
        limit=MAX_WORDINGS * MAX_INSTRUCTION,
    )
    lines = [line.strip() for line in own.splitlines() if line.strip()]
    ticked = {text.casefold() for text in chosen}
    own_lines = {line.casefold(): line for line in lines if line.casefold() not in ticked}
    return [proposals[text] for text in chosen] + [
        Rephrasing(template=OWN_WORDS, text=line) for line in own_lines.values()
    ]


def _own_wordings(case: CounterfactualCase) -> str:
    """Name of the field for own wordings, which are a draft until they are asked."""
    return f"lab-own-{case.case_id}"


def _request(case: CounterfactualCase, run: Run, pair: str) -> Request:
    """The case's question to a pair, with the limits of the original run."""
    return Request(
        pair=services.library().pair(pair),
        instruction=case.instruction,
        input=case.input,
        max_new_tokens=run.max_new_tokens or DEFAULT_MAX_NEW_TOKENS,
        top_k=run.top_k,
    )


def _shared_words(text: str, sources: Sequence[str]) -> list[str]:
    """The content words of a text that any source's instruction contains as well, in order."""
    ranges = {found for one in sources for found in shared_concept_words(text, one)[0]}
    return list(dict.fromkeys(text[start:stop] for start, stop in sorted(ranges)))


def _what_changes(shared: Sequence[str], proposals: Sequence[str], sources: Sequence[str]) -> str:
    """Which proposals avoid the words that the instruction shares with its source."""
    words = ", ".join(f"“{word}”" for word in shared)
    free = [number for number, text in enumerate(proposals, 1) if not _shared_words(text, sources)]
    if not free:
        return (
            f"All proposals keep {words}, which this instruction shares with the training "
            "instruction; they change only the form of the question. To avoid these words, enter "
            "synonyms above or your own wording below."
        )
    if len(free) == len(proposals):
        return f"All proposals avoid {words}, which the training instruction has as well."
    which = f"Proposal {free[0]} avoids" if len(free) == 1 else f"Proposals {_listed(free)} avoid"
    return (
        f"{which} {words}, which this instruction shares with the training "
        "instruction. The others keep these words and change only the form of the question."
    )


def _listed(numbers: Sequence[int]) -> str:
    """Two or more numbers as words list them: 1, 2 and 5."""
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _synonyms(case: CounterfactualCase, words: Sequence[str]) -> dict[str, str]:
    """Draw a field per word that instruction and source share; return the synonyms by word."""
    if not words:
        return {}
    shown = words[:_MAX_SYNONYMS]
    columns = st.columns(len(shown))
    return {
        word: limited(
            column.text_input,
            f"Synonym of “{as_markdown(word)}”",
            value=synonym_of(word),
            key=f"lab-swap-{case.case_id}-{word}",
            persist_state="session",
            placeholder="keep the word",
        )
        for word, column in zip(shown, columns, strict=True)
    }
