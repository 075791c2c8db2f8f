"""The whole response at a glance: what stands in the dataset, and what tuning moved.

A density strip and the list of spans worth a look, as JSON for the browser.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from itlim.components.trace.verbatim_marks import SuggestedSpan, suggested_spans, verbatim_kind
from itlim.components.trace.wording import share_in_words
from itlim.records import Thresholds, VerbatimSpan
from itlim.records.traces import is_beyond_chance
from itlim.schema import ShiftCategory

FULL_HEIGHT_NATS = 8.0
"""Nats a word at which a bar of the strip is as high as it gets: a word in about 3,000."""


def overview_payload(
    response: str,
    spans: Sequence[VerbatimSpan],
    *,
    doc: str,
    tokens: pa.Table | None = None,
    thresholds: Thresholds | None = None,
    active: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Pack the strip and the list.

    Args:
        response: the whole text.
        spans: its verbatim spans.
        doc: what tells this response from others.
        tokens: its TOKEN_SHIFTS; None where no model scored it.
        thresholds: base ranks that bound the categories; the paper's if None.
        active: the code points being traced.

    Returns:
        A JSON-ready dict: `doc`, `length`, `spans` (for the strip), `moved` (token ranges that
        are marginal or shifted; None where unknown), `worth` (for the list), `active`.
    """
    limits = thresholds or Thresholds()
    worth = suggested_spans(spans, tokens, limits)
    return {
        "doc": doc,
        "length": max(1, len(response)),
        "spans": [_bar(span, response) for span in sorted(spans, key=lambda one: one.nats)],
        "moved": None if tokens is None else _moved_ranges(tokens, limits),
        "worth": [_row(one, response) for one in worth],
        "active": list(active) if active else None,
    }


def _bar(span: VerbatimSpan, response: str) -> dict[str, Any]:
    density = span.nats / max(1, span.n_words)
    return {
        "range": [span.start, span.stop],
        "height": round(min(1.0, density / FULL_HEIGHT_NATS), 3),
        "standing": str(verbatim_kind(span)),
        "said": f"“{_short(response[span.start : span.stop])}”: {_rarity(span)}",
    }


def _row(one: SuggestedSpan, response: str) -> dict[str, Any]:
    span = one.span
    return {
        "range": [span.start, span.stop],
        "quote": _short(response[span.start : span.stop], 140),
        "rarity": _rarity(span),
        "moved": f"{one.n_moved} of {one.n_tokens} tokens moved by tuning" if one.n_tokens else "",
    }


def _rarity(span: VerbatimSpan) -> str:
    held = "1 instance" if span.n_instances == 1 else f"{span.n_instances:,} instances"
    parts = [f"{span.nats:.1f} nats", f"in {held}"]
    if span.null_p is not None:
        parts.append(
            f"chance: {share_in_words(span.null_p)}"
            if is_beyond_chance(span.null_p)
            else "no rarer than chance"
        )
    return ", ".join(parts)


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
