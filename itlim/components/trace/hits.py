"""Search hits → the JSON that the list of cards displays."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from itlim.records import InstanceField
from itlim.text.utf16 import Utf16Offsets

if TYPE_CHECKING:
    from itlim.trace.search import Hit

MATCH_STRENGTH = 3


def hits_payload(
    hits: "Sequence[Hit]", *, doc: str, licences: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Convert hits as `trace_payload` converts candidates, without a response.

    Args:
        hits: best first, of one or more datasets.
        doc: identifies this search.
        licences: license of each dataset, by name.
    """
    cards = [
        _card(hit, rank, (licences or {}).get(hit.dataset, ""))
        for rank, hit in enumerate(hits, start=1)
    ]
    return list_payload(cards, doc=doc)


def list_payload(cards: Sequence[dict[str, Any]], *, doc: str) -> dict[str, Any]:
    """The payload of cards alone: a trace without response, span and verdict."""
    return {
        "doc": doc,
        "list_only": True,
        "title": "",
        "instruction": "",
        "response": "",
        "span": [0, 0],
        "summary": {"verdict": "", "beyond_chance": False, "known": False, "lines": []},
        "parts": [],
        "top_part": 1.0,
        "candidates": list(cards),
    }


def _card(hit: "Hit", rank: int, licence: str) -> dict[str, Any]:
    fields = [name for name in InstanceField if getattr(hit, name)]
    text = getattr(hit, hit.field)
    return {
        "id": hit.instance_id,
        "rank": rank,
        "dataset": hit.dataset,
        "line": hit.line,
        "licence": licence,
        "level": "",
        "level_meaning": "",
        "matched_on": "",
        "score": hit.score,
        "unit": _unit(hit),
        "parts": [],
        "fields": [{"name": str(name), "text": getattr(hit, name)} for name in fields],
        "runs": [
            {
                "number": 1,
                "span": [0, 0],
                "field": fields.index(hit.field),
                "at": Utf16Offsets(text).span(hit.start, hit.stop),
                "quote": text[hit.start : hit.stop],
                "strength": MATCH_STRENGTH,
                "fuzzy": hit.unit == "ratio" and hit.score < 1,
                "amount": f"{hit.score:.3g} {_unit(hit)}",
            }
        ],
    }


def _unit(hit: "Hit") -> str:
    if hit.unit == "occurrences":
        return "time" if hit.score == 1 else "times"
    return {"ratio": "similarity"}.get(hit.unit, hit.unit)
