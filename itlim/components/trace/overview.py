"""Overview of a whole response: what occurs in the dataset, and what tuning shifted.

A density strip and the list of suggested spans, as JSON for the browser.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from itlim.components.trace.verbatim_marks import SuggestedSpan, suggested_spans, verbatim_kind
from itlim.components.trace.wording import share_in_words
from itlim.records import Thresholds, VerbatimSpan
from itlim.records.traces import is_beyond_chance
from itlim.schema import ShiftCategory
from itlim.text.messages import plural

FULL_HEIGHT_NATS = 8.0
"""Nats per word at which a bar of the strip has full height: 1 word in about 3,000."""


def overview_payload(
    response: str,
    spans: Sequence[VerbatimSpan],
    *,
    doc: str,
    tokens: pa.Table | None = None,
    thresholds: Thresholds | None = None,
    active: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Convert the strip and the list.

    Args:
        response: the whole response.
        spans: its verbatim spans.
        doc: identifies this response.
        tokens: its TOKEN_SHIFTS; None if no model scored it.
        thresholds: base ranks that bound the categories; the paper's if None.
        active: the code points being traced.

    Returns:
        A JSON-ready dict: `doc`, `length`, `spans` (for the strip), `moved` (token ranges that
        are marginal or shifted; None if unknown), `suggested` (for the list), `active`.
    """
    limits = thresholds or Thresholds()
    suggested = suggested_spans(spans, tokens, limits)
    return {
        "doc": doc,
        "length": max(1, len(response)),
        "spans": [_bar(span, response) for span in sorted(spans, key=lambda one: one.nats)],
        "moved": None if tokens is None else _moved_ranges(tokens, limits),
        "suggested": [_row(one, response) for one in suggested],
        "active": list(active) if active else None,
    }


def _bar(span: VerbatimSpan, response: str) -> dict[str, Any]:
    density = span.nats / max(1, span.n_words)
    return {
        "range": [span.start, span.stop],
        "height": round(min(1.0, density / FULL_HEIGHT_NATS), 3),
        "kind": str(verbatim_kind(span)),
        "tooltip": f"“{_short(response[span.start : span.stop])}”: {_rarity(span)}",
    }


def _row(one: SuggestedSpan, response: str) -> dict[str, Any]:
    span = one.span
    return {
        "range": [span.start, span.stop],
        "quote": _short(response[span.start : span.stop], 140),
        "rarity": _rarity(span),
        "moved": _moved_in_words(one) if one.n_tokens else "",
    }


def _moved_in_words(one: SuggestedSpan) -> str:
    return f"{one.n_moved} of {plural(one.n_tokens, 'token')} shifted or marginal"


def _rarity(span: VerbatimSpan) -> str:
    parts = [f"in {plural(span.n_instances, 'instance')}"]
    if span.null_p is not None:
        parts.append(
            f"rarer than chance ({share_in_words(span.null_p)})"
            if is_beyond_chance(span.null_p)
            else "no rarer than chance"
        )
    return ", ".join([*parts, f"rarity {span.nats:.1f} nats"])


def _short(text: str, limit: int = 80) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= limit else f"{joined[: limit - 2]} …"


def _moved_ranges(tokens: pa.Table, limits: Thresholds) -> list[list[Any]]:
    rows = zip(
        tokens["char_start"].to_pylist(),
        tokens["char_stop"].to_pylist(),
        tokens["base_rank"].to_pylist(),
        strict=True,
    )
    found = []
    for start, stop, rank in rows:
        category = limits.category(rank)
        if category is not ShiftCategory.UNSHIFTED and start < stop:
            found.append([start, stop, str(category)])
    return found
