"""Annotations as files, out and in: itlim JSONL, Parquet, CSV, Label Studio, doccano."""

from itlim.annotation.exchange.documents import Refusal
from itlim.annotation.exchange.formats import (
    SUFFIXES,
    ExchangeFormat,
    lost_in,
    write_annotations,
)
from itlim.annotation.exchange.importing import Imported, read_annotations
from itlim.annotation.exchange.rows import ExchangeItem, item_of, row_of, sheet_of

__all__ = [
    "SUFFIXES",
    "ExchangeFormat",
    "ExchangeItem",
    "Imported",
    "Refusal",
    "item_of",
    "lost_in",
    "read_annotations",
    "row_of",
    "sheet_of",
    "write_annotations",
]
