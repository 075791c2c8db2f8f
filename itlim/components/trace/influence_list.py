"""Instances by influence alone, whatever words they share → the JSON of a list of cards."""

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
    """Pack instances as `hits_payload` packs what a search found.

    Args:
        rows: a row of `schema.INSTANCES` and its cosine, the largest first.
        doc: what tells this list from others.
        licences: of the datasets, by name.
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
        "told_by": "",
        "score": cosine,
        "unit": "cosine",
        "parts": [],
        "fields": [{"name": str(name), "text": row[name]} for name in InstanceField if row[name]],
        "runs": [],
    }
