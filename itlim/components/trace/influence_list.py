"""Instances ranked by influence alone → the JSON of a list of cards."""

from collections.abc import Mapping, Sequence
from typing import Any

from itlim.components.trace.hits import list_payload
from itlim.records import InstanceField


def influence_payload(
    rows: Sequence[tuple[Mapping[str, Any], float]],
    *,
    doc: str,
    licences: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Convert instances as `hits_payload` converts hits.

    Args:
        rows: pairs of a row of `schema.INSTANCES` and its cosine, the largest first.
        doc: identifies this list.
        licences: license of each dataset, by name.
    """
    cards = [
        _card(row, cosine, rank, (licences or {}).get(row["dataset"], ""))
        for rank, (row, cosine) in enumerate(rows, start=1)
    ]
    return list_payload(cards, doc=doc)


def _card(row: Mapping[str, Any], cosine: float, rank: int, licence: str) -> dict[str, Any]:
    return {
        "id": row["instance_id"],
        "rank": rank,
        "dataset": row["dataset"],
        "line": row["source_line"],
        "licence": licence,
        "level": "",
        "level_meaning": "",
        "matched_on": "",
        "score": cosine,
        "unit": "cosine",
        "parts": [],
        "fields": [{"name": str(name), "text": row[name]} for name in InstanceField if row[name]],
        "runs": [],
    }
