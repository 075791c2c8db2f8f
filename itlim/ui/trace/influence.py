"""The fourth evidence: the tuned model's gradients, asked only when the reader wishes.

It costs one backward pass an instance, so nothing is asked by itself: buttons say
beforehand how long it will take. Candidates come from words they share with the span; where
no instance holds it, only asking all of a dataset can find what pulls towards it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from itlim.causality.influence.span_influence import candidate_table, with_influence
from itlim.components.trace.influence_list import influence_payload
from itlim.library import DatasetEntry
from itlim.records import Candidate, Pair, Run, Trace
from itlim.ui.shared import services
from itlim.ui.shared.mounts.trace import trace_hits
from itlim.ui.shared.tracing.datasets import licences
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.trace.influence_work import (
    InfluenceWork,
    SpanGradients,
    all_instances,
    gradients_of,
    start,
    time_in_words,
)

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

POLL_SECONDS = 0.3
MAX_COMPARED = 2000
"""Instances of the chosen datasets up to which all of them can be asked."""
STRONGEST = 10
_CHARACTERS = 400
"""Of an instance nobody has read yet: some 100 tokens."""
WHAT_IT_TELLS = (
    "Influence is the cosine of two gradients at the tuned weights: above 0, learning the "
    "instance makes the phrase likelier. It is an estimate to first order, not a proof."
)
WHAT_WAS_MEASURED = (
    "Measured by retraining the demo family without instances (194 wrong phrases of its test "
    "set): without influence's first choice among all instances a phrase loses 0.81 nats, without "
    "that of the words 0.79 (difference 0.02, 95% interval −0.02 to 0.06). Where no instance holds "
    "the phrase (34 of them): 0.16 against 0.03 (difference 0.13, 0.06 to 0.22); the best possible "
    "choice 0.30, a random one 0.00."
)
"""Source: `make bench-leave-out`, blocks "all seeds together" and "held by none"; gradient cosine
over all weights, itlim, any left out, oracle; the test split of data/demo/leave_out.parquet."""


def with_asked_influence(
    subject: Subject, span: tuple[int, int], trace: Trace, indexes: "Sequence[TraceIndex]"
) -> Trace:
    """Offer to ask the model's gradients; give the trace with what they have said so far."""
    pair, reason = _pair_of(subject)
    if pair is None or subject.run is None:
        st.caption(f"🧲 Influence is not available here: {reason}")
        return trace
    asked = gradients_of(subject, span)
    if asked.work is not None and not asked.work.done:
        _progress(asked.work)
    else:
        _offers(asked, pair, subject.run, span, trace.candidates, indexes)
    _notes(asked, pair, trace)
    if not any(one.instance_id in asked.known for one in trace.candidates):
        return trace
    return with_influence(trace, asked.known, asked.parameters)


def strongest_influence(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    entries: Sequence[DatasetEntry],
) -> str | None:
    """List the strongest of all instances, once all were asked.

    Returns:
        The instance whose borrowers were asked for just now, else None.
    """
    asked, count = gradients_of(subject, span), _count(indexes)
    if not asked.known or not asked.has_all(indexes):
        return None
    by_name = {index.dataset: index for index in indexes}
    known = asked.of_datasets(set(by_name))
    rows = []
    for instance_id, one in sorted(known.items(), key=lambda item: -item[1].cosine)[:STRONGEST]:
        name, _, row = instance_id.rpartition("-")
        position = by_name[name].instances.position(int(row))
        rows.append((by_name[name].instance_at(position), one.cosine))
    st.markdown("#### By influence alone")
    st.caption(
        f"The {len(rows)} of all {count:,} instances whose gradients agree most with the phrase's, "
        f"whatever words they share with it. Measured over {asked.parameters}."
    )
    return trace_hits(
        influence_payload(
            rows,
            doc=f"influence/{subject.doc}/{span[0]}-{span[1]}",
            licences=licences(entries),
        ),
        key="influence-hits",
    )


def _pair_of(subject: Subject) -> tuple[Pair | None, str]:
    """The pair that gave the answer, else why it cannot be asked."""
    if subject.run is None:
        return None, (
            "a typed text has no model whose gradients could be asked. Score it on Inspect with a "
            "pair, then trace it from there."
        )
    pair = services.library().pairs.get(subject.run.pair)
    if pair is None:
        return None, f"the library has no pair {subject.run.pair}."
    if pair.tuned is None and pair.adapter is None:
        return None, f"{pair.name} is a base model alone: nothing was tuned."
    return pair, ""


def _offers(
    asked: SpanGradients,
    pair: Pair,
    run: Run,
    span: tuple[int, int],
    candidates: Sequence[Candidate],
    indexes: "Sequence[TraceIndex]",
) -> None:
    """Buttons that state their time, and why the last asking ended early, if it did."""
    begin = partial(start, asked, pair, run, span)
    missing = [one for one in candidates if asked.lacks(one.instance_id)]
    count = _count(indexes)
    with st.container(horizontal=True, vertical_alignment="center"):
        if missing:
            length = sum(len(one.instruction + one.input + one.response) for one in missing)
            _button(
                f"Ask the model's gradients ({time_in_words(pair, len(missing), length)} for "
                f"{len(missing)}{' more' if asked.known else ''} "
                f"{'instance' if len(missing) == 1 else 'instances'})",
                "ask-influence",
                partial(begin, lambda: candidate_table(missing)),
            )
        if count <= MAX_COMPARED and not asked.has_all(indexes):
            _button(
                f"Ask all {count:,} instances ({time_in_words(pair, count, _CHARACTERS * count)})",
                "ask-all-influence",
                partial(begin, lambda: all_instances(indexes)),
            )
        elif not candidates and count > MAX_COMPARED:
            st.caption(
                f"🧲 Influence: no candidate to ask, and {count:,} instances are too many to ask "
                f"one by one (at most {MAX_COMPARED:,})."
            )
    if asked.work is not None and asked.work.error is not None:
        st.warning(str(asked.work.error), icon="🧲")


def _button(label: str, key: str, begin: Callable[[], None]) -> None:
    st.button(
        label, key=key, icon="🧲", on_click=begin, help=f"{WHAT_IT_TELLS}\n\n{WHAT_WAS_MEASURED}"
    )


def _count(indexes: "Sequence[TraceIndex]") -> int:
    return sum(len(index.instances) for index in indexes)


def _progress(work: InfluenceWork) -> None:
    """A bar and a stop button, drawn anew by themselves until the work is done."""

    @st.fragment(run_every=POLL_SECONDS)
    def poll() -> None:
        if work.done:
            st.rerun(scope="app")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(min(1.0, work.fraction), text=f"🧲 {work.phase}")
            st.button("Stop", key="stop-influence", on_click=work.cancel, width="content")

    poll()


def _notes(asked: SpanGradients, pair: Pair, trace: Trace) -> None:
    if not asked.known:
        return
    st.caption(f"🧲 {WHAT_IT_TELLS} {WHAT_WAS_MEASURED}")
    too_long = [one.instance_id for one in trace.candidates if one.instance_id in asked.too_long]
    if too_long:
        st.caption(f"🧲 Not asked, longer than the model's context: {', '.join(too_long)}.")
    foreign = {one.dataset for one in trace.candidates} - {pair.dataset}
    if pair.dataset and foreign:
        st.caption(
            f"🧲 {pair.name} was tuned on {pair.dataset}, not on {', '.join(sorted(foreign))}: "
            "there, influence says what an instance would do, not what it did."
        )
