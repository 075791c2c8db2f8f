"""A `Trace` → the JSON that the two-sided view draws.

Texts travel once and whole; what is coloured or folded is decided in the browser from
offsets, which leave here in UTF-16 units.
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
    ties_in_words,
    verdict_in_words,
)
from itlim.records import Candidate, CopiedRun, InstanceField, Trace, Weights
from itlim.records.traces import is_beyond_chance
from itlim.text.utf16 import Utf16Offsets

STRENGTH_EDGES = (4.0, 8.0, 12.0, 20.0)
"""Nats that separate the five strengths of a run's colour. Absolute, so that a colour means the
same in every trace."""

FULL_BAR = 0.25
"""Cosine of gradients that fills a bar, unless a candidate has a larger one."""


def trace_payload(
    trace: Trace,
    *,
    doc: str,
    title: str = "Response",
    licences: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Pack a trace for the browser.

    Args:
        trace: what `itlim.trace.trace_span` gave.
        doc: what tells this span of this response from others. Other weights are the same doc,
            so that the reader's place among the candidates stays.
        title: above the response, such as the model's name.
        licences: of the datasets, by name.

    Returns:
        A JSON-ready dict: `doc`, `title`, `instruction`, `response`, `span`, `summary` (the
        sentences above the candidates), `parts` (what a score is made of) and `candidates`,
        best first, each with its `fields`, `parts` and `runs`.
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
    """Colour strength 1 to 5 of a run.

    >>> strength(0.5), strength(8.0), strength(8.5), strength(40)
    (1, 2, 3, 5)
    """
    return 1 + sum(nats > edge for edge in STRENGTH_EDGES)


def _summary(trace: Trace) -> dict[str, Any]:
    lines = []
    if trace.candidates:
        lines = [
            chance_in_words(trace.null_p, trace.null_source),
            ties_in_words(trace.n_equivalent),
        ]
    if trace.words:
        lines.append(occurrences_in_words(trace.n_occurrences))
    if trace.background:
        lines.append(f"Rarity is measured by {trace.background}.")
    if trace.influence:
        lines.append(f"Influence is measured over {trace.influence}.")
    return {
        "verdict": verdict_in_words(trace),
        "beyond_chance": bool(trace.candidates) and is_beyond_chance(trace.null_p),
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
    if part.is_asked_for:
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
        "told_by": part_in_words(candidate.part),
        "score": candidate.score,
        "unit": "nats",
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
    """Runs in order of the response; those over the same words share a number and a colour."""
    within = {name: Utf16Offsets(getattr(candidate, name)) for name in fields}
    known = [run for run in candidate.runs if run.field in within]
    ordered = sorted(known, key=_place)
    packed = []
    for number, (_, twins) in enumerate(groupby(ordered, key=_place), start=1):
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
            for run in twins
        ]
    return packed


def _place(run: CopiedRun) -> tuple[int, int, bool]:
    return (run.span_start, run.span_stop, run.is_fuzzy)
