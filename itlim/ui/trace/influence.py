"""Influence of instances by the tuned model's gradients, computed on request.

It costs one backward pass per instance, so nothing is computed automatically: buttons state the
time first. Candidates are instances that share words with the span; if no instance contains the
span, only a pass over all instances can find its causes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from itlim.causality.influence.span_influence import candidate_table, with_influence
from itlim.components.trace.influence_list import influence_payload
from itlim.library import DatasetEntry
from itlim.records import Candidate, Pair, Run, Trace
from itlim.text.markdown import as_markdown, message_as_markdown
from itlim.text.messages import plural
from itlim.ui.shared import services
from itlim.ui.shared.mounts.trace import trace_hits
from itlim.ui.shared.plain_text import show_warning
from itlim.ui.shared.tracing.datasets import licences
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.shared.work_progress import work_progress
from itlim.ui.trace.influence_work import (
    SpanGradients,
    all_instances,
    gradients_of,
    start,
    time_in_words,
)

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

MAX_INSTANCES = 2000
"""Maximum number of instances of the selected datasets for which influence can be computed."""
STRONGEST = 10
_CHARACTERS = 400
"""Assumed length of an instance that has not been read yet: about 100 tokens."""
MEANING = (
    "Influence is the cosine of two gradients at the tuned weights: above 0, learning the "
    "instance makes the phrase likelier. It is a first-order estimate, not a proof."
)
ACCURACY = (
    "On the demo family, influence finds causes about as well as shared words do, and better if no "
    "instance contains the phrase. Measured by retraining without instances (194 wrong phrases of "
    "its test set): without the instance that influence ranks first, a phrase's log-probability "
    "falls by 0.81 nats, without the one that words rank first by 0.79 (difference 0.02, 95% "
    "interval −0.02 to 0.06). For the 34 phrases that no instance contains: 0.16 against 0.03 "
    "(difference 0.13, 0.06 to 0.22); the best possible choice 0.30, a random one 0.00."
)
"""Source: `make bench-leave-out`, blocks "all seeds together" and "held by none"; gradient cosine
over all weights, itlim, any left out, oracle; the test split of data/demo/leave_out.parquet."""


def with_requested_influence(
    subject: Subject, span: tuple[int, int], trace: Trace, indexes: "Sequence[TraceIndex]"
) -> Trace:
    """Offer to compute influence; return the trace with what has been computed so far."""
    pair, reason = _pair_of(subject)
    if pair is None or subject.measured is None:
        st.caption(
            f":material/north_east: Influence is not available: {message_as_markdown(reason)}"
        )
        return trace
    gradients = gradients_of(subject, span)
    if gradients.work is not None and not gradients.work.done:
        work_progress(gradients.work, key="stop-influence", button="Stop")
    else:
        _offers(gradients, pair, subject.measured, span, trace.candidates, indexes)
    _notes(gradients, pair, trace)
    if not any(one.instance_id in gradients.known for one in trace.candidates):
        return trace
    return with_influence(trace, gradients.known, gradients.parameters)


def strongest_influence(
    subject: Subject,
    span: tuple[int, int],
    indexes: "Sequence[TraceIndex]",
    entries: Sequence[DatasetEntry],
) -> str | None:
    """List the instances with the strongest influence, once it is computed for all instances.

    Returns:
        The instance for which other responses were requested in this script run, else None.
    """
    gradients, count = gradients_of(subject, span), _count(indexes)
    if not gradients.known or not gradients.has_all(indexes):
        return None
    by_name = {index.dataset: index for index in indexes}
    known = gradients.of_datasets(set(by_name))
    rows = []
    for instance_id, one in sorted(known.items(), key=lambda item: -item[1].cosine)[:STRONGEST]:
        name, _, row = instance_id.rpartition("-")
        position = by_name[name].instances.position(int(row))
        rows.append((by_name[name].instance_at(position), one.cosine))
    st.markdown("#### By influence alone")
    st.caption(
        f"The {len(rows)} of {plural(count, 'instance')} whose gradients are most similar to that "
        f"of the phrase, regardless of shared words. Measured over {gradients.parameters}."
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
    """The pair that gave the answer, or the reason why influence is not available."""
    if subject.run is None:
        return None, (
            "your own text has no model. Score it with a pair on Ask, then trace it from there."
        )
    if subject.measured is None:
        return None, "this answer was imported without its models."
    pair = services.library().pairs.get(subject.run.pair)
    if pair is None:
        return None, f"the library does not contain the pair {subject.run.pair}."
    if pair.tuned is None and pair.adapter is None:
        return None, f"{pair.name} is a base model without tuning."
    return pair, ""


def _offers(
    gradients: SpanGradients,
    pair: Pair,
    run: Run,
    span: tuple[int, int],
    candidates: Sequence[Candidate],
    indexes: "Sequence[TraceIndex]",
) -> None:
    """Buttons that state the time needed, and the error of the last computation, if any."""
    begin = partial(start, gradients, pair, run, span)
    missing = [one for one in candidates if gradients.lacks(one.instance_id)]
    count = _count(indexes)
    with st.container(horizontal=True, vertical_alignment="center"):
        if missing:
            length = sum(len(one.instruction + one.input + one.response) for one in missing)
            noun = "more instance" if gradients.known else "instance"
            _button(
                f"Compute influence of {plural(len(missing), noun)} "
                f"({time_in_words(pair, len(missing), length)})",
                "ask-influence",
                partial(begin, lambda: candidate_table(missing)),
            )
        if count <= MAX_INSTANCES and not gradients.has_all(indexes):
            _button(
                f"Compute influence of all {count:,} instances "
                f"({time_in_words(pair, count, _CHARACTERS * count)})",
                "ask-all-influence",
                partial(begin, lambda: all_instances(indexes)),
            )
        elif not candidates and count > MAX_INSTANCES:
            st.caption(
                f":material/north_east: Influence is not available: there are no candidates, and "
                f"{count:,} instances exceed the limit of {MAX_INSTANCES:,}."
            )
    if gradients.refusal:
        show_warning(gradients.refusal, icon=":material/hourglass:")
    if gradients.work is not None and gradients.work.error is not None:
        show_warning(gradients.work.error, icon=":material/north_east:")


def _button(label: str, key: str, begin: Callable[[], None]) -> None:
    st.button(
        label,
        key=key,
        icon=":material/north_east:",
        on_click=begin,
        help=f"{MEANING}\n\n{ACCURACY}",
    )


def _count(indexes: "Sequence[TraceIndex]") -> int:
    return sum(len(index.instances) for index in indexes)


def _notes(gradients: SpanGradients, pair: Pair, trace: Trace) -> None:
    if not gradients.known:
        return
    st.caption(f":material/north_east: {MEANING} {ACCURACY}")
    too_long = [
        one.instance_id for one in trace.candidates if one.instance_id in gradients.too_long
    ]
    if too_long:
        st.caption(
            ":material/north_east: Not measured, longer than the model's context: "
            f"{as_markdown(', '.join(too_long))}."
        )
    others = {one.dataset for one in trace.candidates} - {pair.dataset}
    if pair.dataset and others:
        st.caption(
            f":material/north_east: {as_markdown(pair.name)} was tuned on "
            f"{as_markdown(pair.dataset)}, not on {as_markdown(', '.join(sorted(others)))}. For "
            "instances it was not tuned on, influence estimates what learning them would do, not "
            "what it did."
        )
