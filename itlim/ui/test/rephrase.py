"""Ask the same in other words: proposals, one's own wordings, and who shall answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from itlim.causality.rephrasing.asking import FEWEST, case_id, new_case
from itlim.causality.rephrasing.formats import literal
from itlim.causality.rephrasing.wordings import (
    OWN_WORDS,
    Rephrasing,
    rephrasings,
    shared_concept_words,
)
from itlim.errors import NotFoundError
from itlim.records import DEFAULT_MAX_NEW_TOKENS, CounterfactualCase, Request, Run
from itlim.store.counterfactuals import counterfactuals_of, load_case
from itlim.ui.shared import services
from itlim.ui.shared.services import shown_errors
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.test.answers import show_answers
from itlim.ui.test.asking import Asking, askings, show_asking
from itlim.ui.test.source import instances_by_id, source_panel

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

_SWAPPED = 4
"""Concept words that get a box for a synonym."""


def rephrase_panel(subject: Subject, indexes: "Sequence[TraceIndex]", *, author: str) -> None:
    """Everything below the response: source, wordings, answers.

    Args:
        subject: a stored answer with the phrase in question.
        indexes: of its datasets.
        author: who is at the page; empty if nobody said.
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
        st.subheader("The same in other words", divider="gray")
        _ask(case, run, indexes, author)
    rows = counterfactuals_of(services.store(), case.case_id)
    if not show_asking(case.case_id) and not rows:
        st.info(
            "Nothing asked yet. If the phrase comes back however one asks, the borrowing is "
            "robust; if it goes with the words that both instructions share, they called it up.",
            icon="🧪",
        )
    if rows:
        show_answers(case, rows, instances_by_id([*case.source_ids, *case.other_ids], indexes),
                     author=author)  # fmt: skip


def _case(run: Run, span: tuple[int, int], author: str) -> CounterfactualCase:
    try:
        known = load_case(services.store(), case_id(run.run_id, *span))
    except NotFoundError:
        return new_case(run, *span, by=author)
    return replace(known, changed_by=author or known.changed_by)


def _ask(case: CounterfactualCase, run: Run, indexes: "Sequence[TraceIndex]", author: str) -> None:
    library = services.library()
    if run.pair not in library.pairs:
        st.warning(
            f"The library does not know the pair {run.pair}, so nothing can be asked of it. Add it "
            "in Library.",
            icon="🔌",
        )
        return
    wordings = _wordings(case, indexes)
    pairs = st.multiselect(
        "Who answers",
        list(library.pairs),
        default=[run.pair],
        key=f"lab-pairs-{case.case_id}",
        help="The answer's own model, and others to compare with.",
    )
    if 0 < len(wordings) < FEWEST:
        st.caption(f"The paper asked at least {FEWEST} ways: one may fail for a reason of its own.")
    number = len(wordings) * len(pairs)
    running = askings().get(case.case_id)
    pressed = st.button(
        f"Ask {number} question{'s' if number != 1 else ''}",
        type="primary",
        disabled=not number or (running is not None and not running.done),
        key=f"lab-ask-{case.case_id}",
        shortcut="Ctrl+Enter",
    )
    if pressed:
        with shown_errors():
            askings()[case.case_id] = Asking(
                case,
                wordings,
                [_request(case, run, name) for name in pairs],
                indexes=indexes,
                author=author,
                store=services.store(),
                pairs=services.pair_cache(),
            ).start()
            st.rerun()


def _wordings(case: CounterfactualCase, indexes: "Sequence[TraceIndex]") -> list[Rephrasing]:
    """Proposals that are ticked, and the visitor's own."""
    proposals = {one.text: one for one in rephrasings(case.instruction, _synonyms(case, indexes))}
    st.caption("Patterns of English, not a model's idea: read them before you ask.")
    chosen = [
        text
        for number, text in enumerate(proposals)
        if st.checkbox(
            literal(text),
            value=number < FEWEST,
            key=f"lab-proposal-{case.case_id}-{text}",
            help=proposals[text].template.capitalize(),
        )
    ]
    own = st.text_area(
        "Your own, one a line",
        key=f"lab-own-{case.case_id}",
        height=90,
        placeholder=f"e.g. {next(iter(proposals), 'the same question in your words')}",
    )
    lines = [line.strip() for line in own.splitlines() if line.strip()]
    ticked = {text.casefold() for text in chosen}
    own_lines = {line.casefold(): line for line in lines if line.casefold() not in ticked}
    return [proposals[text] for text in chosen] + [
        Rephrasing(template=OWN_WORDS, text=line) for line in own_lines.values()
    ]


def _request(case: CounterfactualCase, run: Run, pair: str) -> Request:
    """The case's question to a pair, with the limits of its own answer."""
    return Request(
        pair=services.library().pair(pair),
        instruction=case.instruction,
        input=case.input,
        max_new_tokens=run.max_new_tokens or DEFAULT_MAX_NEW_TOKENS,
        top_k=run.top_k,
    )


def _synonyms(case: CounterfactualCase, indexes: "Sequence[TraceIndex]") -> dict[str, str]:
    """What to say instead of the words that instruction and source share."""
    held = instances_by_id(case.source_ids, indexes)
    places = {
        place
        for one in held.values()
        for place in shared_concept_words(case.instruction, one["instruction"])[0]
    }
    words = list(dict.fromkeys(case.instruction[start:stop] for start, stop in sorted(places)))
    if not words:
        return {}
    shown = words[:_SWAPPED]
    columns = st.columns(len(shown))
    return {
        word: column.text_input(
            f"instead of “{word}”", key=f"lab-swap-{case.case_id}-{word}", placeholder="synonym"
        )
        for word, column in zip(shown, columns, strict=True)
    }
