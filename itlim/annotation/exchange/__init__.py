"""Exchange formats of annotations: itlim JSONL, Parquet, CSV, Label Studio, doccano."""

from itlim.annotation.exchange.documents import ExchangeItem, row_of
from itlim.annotation.exchange.files import RejectedRow
from itlim.annotation.exchange.formats import (
    SUFFIXES,
    ExchangeFormat,
    FileContents,
    fields_not_read,
    read_annotations,
    unsupported_fields,
    write_annotations,
)

__all__ = [
    "SUFFIXES",
    "ExchangeFormat",
    "ExchangeItem",
    "FileContents",
    "RejectedRow",
    "fields_not_read",
    "read_annotations",
    "row_of",
    "unsupported_fields",
    "write_annotations",
]
