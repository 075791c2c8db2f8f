"""Reading annotations: any format, each row checked at the door, bad rows named and left out."""

from collections.abc import Mapping
from dataclasses import dataclass

from itlim.annotation.exchange import (
    csv_files,
    doccano,
    itlim_jsonl,
    label_studio,
    parquet_tables,
)
from itlim.annotation.exchange.documents import Refusal, claim_of
from itlim.annotation.exchange.formats import ExchangeFormat, format_named
from itlim.annotation.exchange.rows import ExchangeItem
from itlim.annotation.exchange.validation import Door
from itlim.errors import InputError
from itlim.records import Item

_READERS = {
    ExchangeFormat.ITLIM_JSONL: itlim_jsonl.read,
    ExchangeFormat.PARQUET: parquet_tables.read,
    ExchangeFormat.CSV: csv_files.read,
    ExchangeFormat.LABEL_STUDIO: label_studio.read,
    ExchangeFormat.DOCCANO: doccano.read,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a file."""

    rows: tuple[ExchangeItem, ...]
    """In the file's order; those of known items hold what the known item says of itself."""
    refused: tuple[Refusal, ...]
    """By row."""
    notes: tuple[str, ...]
    """What was decided or not kept, to be shown."""
    new_items: tuple[Item, ...]
    """Responses that were not known, each once."""


def read_annotations(
    data: bytes, format: str, *, known: Mapping[str, Item], annotator: str = "imported"
) -> Imported:
    """Read a file, row by row.

    Args:
        data: the file.
        format: one of `ExchangeFormat`.
        known: item id → item that rows may be of; a row is matched by id, else by its text.
            Others become new items.
        annotator: who made rows that do not say it.

    Raises:
        InputError: no such format, or not a file of that format at all. A row that does not fit
            is no error: it stands in `refused`.
    """
    parsed = _READERS[format_named(format)](data)
    door = Door(known, annotator=annotator)
    rows, notes = [], list(parsed.notes)
    for number, document in parsed.documents:
        try:
            rows.append(door.admit(claim_of(number, document)))
        except InputError as error:
            parsed.refuse(number, error)
            continue
        if document.get("counterfactuals"):
            notes.append(f"counterfactuals of row {number} were not kept")
    if not rows and not parsed.refused:
        notes.append("the file holds no annotations")
    return Imported(
        rows=tuple(rows),
        refused=tuple(sorted(parsed.refused, key=lambda one: one.row_number)),
        notes=tuple(notes + door.closing_notes()),
        new_items=tuple(door.new_items.values()),
    )
