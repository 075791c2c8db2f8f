"""The presumed sources of a phrase, other possible ones, and the concept that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from itlim.causality.rephrasing.recurrence import shared_runs
from itlim.causality.rephrasing.wordings import shared_concept_words
from itlim.records import Candidate, CounterfactualCase
from itlim.store.counterfactuals import save_case
from itlim.trace.words.instances_file import row_of
from itlim.ui.shared import services
from itlim.ui.shared.public import limited
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.tracing.work import traced

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

CANDIDATES = 20
"""Candidates offered for a phrase."""


def source_panel(
    case: CounterfactualCase, subject: Subject, indexes: "Sequence[TraceIndex]"
) -> CounterfactualCase:
    """Draw sources and concept; changes are stored immediately.

    Returns:
        The case with the visitor's changes.
    """
    found: Sequence[Candidate] = ()
    if indexes and subject.span is not None:
        found = traced(subject, subject.span, indexes, top=CANDIDATES).candidates
    if not found:
        st.info(
            "No clear source: the matching text is too common in the dataset.",
            icon=":material/search_off:",
        )
        return case
    names = {one.instance_id: _name(one) for one in found}
    stored = (*case.source_ids, *case.other_ids)
    names = {one: one for one in stored if one not in names} | names
    sources = st.multiselect(
        "Borrowed from",
        list(names),
        default=list(case.source_ids) or [found[0].instance_id],
        format_func=lambda one: names[one],
        key=f"lab-sources-{case.case_id}",
        placeholder="choose instances",
        help="The training instances that you consider the source; by default, the first "
        "candidate. Answers that borrow from others count as borrowed elsewhere.",
    )
    by_id = instances_by_id([*sources, *names], indexes)
    for one in sources:
        if one in by_id:
            _show(case, by_id[one])
    left, right = st.columns([3, 2])
    concept = limited(
        left.text_input,
        "Shared concept",
        value=case.concept,
        key=f"lab-concept-{case.case_id}",
        placeholder="both are about …",
    )
    others = right.multiselect(
        "Other possible sources",
        [one for one in names if one not in sources],
        default=[one for one in case.other_ids if one not in sources],
        format_func=lambda one: names[one],
        key=f"lab-others-{case.case_id}",
        placeholder="choose instances",
    )
    return _stored(case, tuple(sources), tuple(others), concept.strip())


def instances_by_id(
    ids: Sequence[str], indexes: "Sequence[TraceIndex]"
) -> dict[str, Mapping[str, Any]]:
    """Rows of `schema.INSTANCES` by id, of the instances in the given indexes."""
    by_dataset = {index.dataset: index for index in indexes}
    return {
        one: by_dataset[name].instance_at(by_dataset[name].instances.position(row_of(one)))
        for one in dict.fromkeys(ids)
        if (name := one.rpartition("-")[0]) in by_dataset
    }


def _name(one: Candidate) -> str:
    asked = " ".join(one.instruction.split())
    return f"{one.rank} · {one.instance_id} · {asked:.70}"


def _show(case: CounterfactualCase, instance: Mapping[str, Any]) -> None:
    """Draw both instructions with their shared words highlighted, and the copied words."""
    mine, theirs = shared_concept_words(case.instruction, instance["instruction"])
    runs = shared_runs(case.quote, instance["response"])
    lines = (
        ("This instruction", case.instruction, mine, "concept"),
        ("Training instruction", instance["instruction"], theirs, "concept"),
        ("Training response", instance["response"], runs, "copied"),
    )
    rows = "".join(
        f"<tr><th>{name}</th><td>{_highlighted(text, ranges, kind)}</td></tr>"
        for name, text, ranges, kind in lines
    )
    st.html(f"<style>{_STYLE}</style><table class='itlim-source'>{rows}</table>")
    if mine:
        st.caption(
            "Underlined: content words that both instructions share. Try wordings without them."
        )


_STYLE = """
.itlim-source { border: none; font-size: .95rem; line-height: 1.5 }
.itlim-source th { text-align: left; vertical-align: top; white-space: nowrap; font-weight: 600;
  padding: .1rem .9rem .1rem 0; opacity: .7; border: none }
.itlim-source td { white-space: pre-wrap; padding: .1rem 0; border: none }
.itlim-source mark { background: none; color: inherit; border-bottom: 2px solid #9467bd }
.itlim-source mark.copied { background: #2a7de133; border-bottom-color: #2a7de1 }
"""


def _highlighted(text: str, ranges: Sequence[tuple[int, int]], kind: str) -> str:
    pieces, end = [], 0
    for start, stop in ranges:
        pieces += [
            escape(text[end:start]),
            f"<mark class='{kind}'>{escape(text[start:stop])}</mark>",
        ]
        end = stop
    return "".join([*pieces, escape(text[end:])])


def _stored(
    case: CounterfactualCase, sources: tuple[str, ...], others: tuple[str, ...], concept: str
) -> CounterfactualCase:
    """Return the case with the visitor's changes; store it if it was edited."""
    now = replace(case, source_ids=sources, other_ids=others, concept=concept)
    edited = now != case if case.version else bool(concept or others)
    if edited:
        return save_case(services.store(), replace(now, changed_at=datetime.now(UTC)))
    return now
