"""The exchange formats: their names, what each cannot hold, and writing rows as one of them."""

from collections.abc import Sequence
from enum import StrEnum

from itlim.annotation.exchange import (
    csv_files,
    doccano,
    itlim_jsonl,
    label_studio,
    parquet_tables,
)
from itlim.annotation.exchange.rows import ExchangeItem
from itlim.errors import InputError


class ExchangeFormat(StrEnum):
    """Formats that annotations can be written as and read from."""

    ITLIM_JSONL = "itlim-jsonl"
    PARQUET = "parquet"
    CSV = "csv"
    LABEL_STUDIO = "label-studio"
    DOCCANO = "doccano"


SUFFIXES = {
    ExchangeFormat.ITLIM_JSONL: ".jsonl",
    ExchangeFormat.PARQUET: ".parquet",
    ExchangeFormat.CSV: ".csv",
    ExchangeFormat.LABEL_STUDIO: ".json",
    ExchangeFormat.DOCCANO: ".jsonl",
}
"""How a downloaded file's name ends."""

_UNITS = "tokens: an unknown response comes back with words as its units"
_VERDICTS = "verdicts on where spans came from, with their reasons"
_TELLING = (
    "evidence URLs, and whether a mark was made by hand, suggested or imported",
    "flags, comments and reasons for skipping",
    "whether suggestions were shown and the shift signal was revealed",
)
_LOST: dict[ExchangeFormat, tuple[str, ...]] = {
    ExchangeFormat.ITLIM_JSONL: (),
    ExchangeFormat.PARQUET: (),
    ExchangeFormat.CSV: (_VERDICTS, _UNITS),
    ExchangeFormat.LABEL_STUDIO: (
        _VERDICTS,
        _UNITS,
        *_TELLING,
        "after a pass through Label Studio: names of annotators, and which sheets were still open",
    ),
    ExchangeFormat.DOCCANO: (
        _VERDICTS,
        _UNITS,
        *_TELLING,
        "instructions and runs",
        "notes, quotes and ids of marks",
        "time at work",
    ),
}
_WRITERS = {
    ExchangeFormat.ITLIM_JSONL: itlim_jsonl.write,
    ExchangeFormat.PARQUET: parquet_tables.write,
    ExchangeFormat.CSV: csv_files.write,
    ExchangeFormat.LABEL_STUDIO: label_studio.write,
    ExchangeFormat.DOCCANO: doccano.write,
}


def format_named(name: str) -> ExchangeFormat:
    """The format of that name.

    Raises:
        InputError: there is none.

    >>> format_named("csv")
    <ExchangeFormat.CSV: 'csv'>
    """
    if name not in list(ExchangeFormat):
        raise InputError(
            f"Unknown annotation format {name!r}: choose one of {', '.join(ExchangeFormat)}."
        )
    return ExchangeFormat(name)


def lost_in(format: str) -> tuple[str, ...]:
    """What a format cannot hold, each as a phrase to be shown before exporting; empty if nothing.

    Raises:
        InputError: no such format.

    >>> lost_in("parquet")
    ()
    """
    return _LOST[format_named(format)]


def write_annotations(rows: Sequence[ExchangeItem], format: str) -> bytes:
    """A file of rows, in the order given; the same rows give the same bytes.

    Raises:
        InputError: no such format, or a text that UTF-8 cannot hold.
    """
    return _WRITERS[format_named(format)](rows)
