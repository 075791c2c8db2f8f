"""A `Trace` → the JSON that the two-sided view displays.

Each text is sent once and unabridged. The browser decides what to color or fold from offsets in
UTF-16 code units.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from itlim.components.trace.score_parts import PARTS, ScorePart, score_part, shown_parts
from itlim.components.trace.wording import (
    LEVEL_MEANINGS,
    chance_in_words,
    occurrences_in_words,
    part_in_words,
    run_in_words,
    terms_in_words,
    ties_in_words,
    verdict_in_words,
)
from itlim.records import Candidate, CopiedRun, InstanceField, Trace, Weights
from itlim.records.traces import is_beyond_chance
from itlim.text.utf16 import Utf16Offsets

STRENGTH_EDGES = (4.0, 8.0, 12.0, 20.0)
"""Nats that separate the five color strengths of a run. They are absolute, so that a color has the
same meaning in every trace."""

SCORE = "score"
"""Unit of a candidate's number: a score has none."""

FULL_BAR = 0.25
"""Cosine of gradients that fills a bar, unless a candidate has a larger one."""


def trace_payload(
    trace: Trace,
    *,
    doc: str,
    title: str = "Response",
    licences: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Convert a trace for the browser.

    Args:
        trace: a result of `itlim.trace.trace_span`.
        doc: identifies this span of this response. It does not depend on the weights, so that the
            selected candidate stays selected if they change.
        title: title of the response, such as the model's name.
        licences: license of each dataset, by name.

    Returns:
        A JSON-ready dict: `doc`, `title`, `instruction`, `response`, `span`, `summary` (the
        sentences above the candidates), `parts` (of the score) and `candidates`, best first,
        each with its `fields`, `parts` and `runs`.
    """
    offsets = Utf16Offsets(trace.response)
    parts = shown_parts(trace.candidates)
    top = max((_largest_part(one, trace.weights) for one in trace.candidates), default=1.0)
    return {
        "doc": doc,
        "title": title,
        "instruction": trace.instruction,
        "response": trace.response,
        "span": offsets.span(trace.start, trace.stop),
        "summary": _summary(trace),
        "parts": [_part(part, trace) for part in parts],
        "top_part": max(top, 1e-9),
        "candidates": [
            _candidate(one, trace, offsets, (licences or {}).get(one.dataset, ""), parts)
            for one in trace.candidates
        ],
    }


def strength(nats: float) -> int:
    """Color strength of a run, 1 to 5.

    >>> strength(0.5), strength(8.0), strength(8.5), strength(40)
    (1, 2, 3, 5)
    """
    return 1 + sum(nats > edge for edge in STRENGTH_EDGES)


def _summary(trace: Trace) -> dict[str, Any]:
    lines = []
    if trace.candidates:
        lines = [
            chance_in_words(trace.null_p, trace.null_source, trace.n_choices),
            ties_in_words(trace.n_equivalent),
        ]
    if trace.words:
        lines.append(occurrences_in_words(trace.n_occurrences))
    if trace.candidates:
        lines += terms_in_words(trace.background)
    if trace.influence:
        lines.append(f"Influence is measured over {trace.influence}.")
    return {
        "verdict": verdict_in_words(trace),
        "beyond_chance": bool(trace.candidates)
        and (is_beyond_chance(trace.null_p) or bool(trace.borrowed_parts)),
        "known": trace.null_p is not None,
        "lines": [line for line in lines if line],
    }


def _part(part: ScorePart, trace: Trace) -> dict[str, Any]:
    """`top` is there for what is asked for: its bars show the values themselves."""
    packed = {
        "label": part.label,
        "unit": part.unit,
        "meaning": part.meaning,
        "weight": getattr(trace.weights, part.weight_name),
    }
    if part.is_on_request:
        values = (getattr(one, part.column) for one in trace.candidates)
        packed["top"] = max([FULL_BAR, *(abs(value) for value in values if value is not None)])
    return packed


def _largest_part(candidate: Candidate, weights: Weights) -> float:
    return max(abs(score_part(candidate, part, weights) or 0.0) for part in PARTS)


def _candidate(
    candidate: Candidate,
    trace: Trace,
    offsets: Utf16Offsets,
    licence: str,
    parts: Sequence[ScorePart],
) -> dict[str, Any]:
    fields = [name for name in InstanceField if getattr(candidate, name)]
    return {
        "id": candidate.instance_id,
        "rank": candidate.rank,
        "dataset": candidate.dataset,
        "line": candidate.line,
        "licence": licence,
        "level": str(candidate.level),
        "level_meaning": LEVEL_MEANINGS[candidate.level],
        "matched_on": part_in_words(candidate.part),
        "score": candidate.score,
        "unit": SCORE,
        "parts": [
            [getattr(candidate, part.column), score_part(candidate, part, trace.weights)]
            for part in parts
        ],
        "fields": [{"name": str(name), "text": getattr(candidate, name)} for name in fields],
        "runs": _runs(candidate, trace, offsets, fields),
    }


def _runs(
    candidate: Candidate, trace: Trace, offsets: Utf16Offsets, fields: Sequence[InstanceField]
) -> list[dict[str, Any]]:
    """Runs in the order of the response; runs over the same words share a number and a color."""
    within = {name: Utf16Offsets(getattr(candidate, name)) for name in fields}
    known = [run for run in candidate.runs if run.field in within]
    ordered = sorted(known, key=_span_key)
    packed = []
    for number, (_, same_words) in enumerate(groupby(ordered, key=_span_key), start=1):
        packed += [
            {
                "number": number,
                "span": offsets.span(run.span_start, run.span_stop),
                "field": fields.index(run.field),
                "at": within[run.field].span(run.start, run.stop),
                "quote": trace.response[run.span_start : run.span_stop],
                "strength": strength(run.nats),
                "fuzzy": run.is_fuzzy,
                "amount": run_in_words(run),
            }
            for run in same_words
        ]
    return packed


def _span_key(run: CopiedRun) -> tuple[int, int, bool]:
    return (run.span_start, run.span_stop, run.is_fuzzy)
