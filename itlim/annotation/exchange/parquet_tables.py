"""Annotations as Parquet: one row per item and annotator, with lists of marks and verdicts.

Submissions without marks are kept, and nothing is lost. Equal rows give equal bytes with the same
version of pyarrow, because the file has no timestamps and all settings are explicit.
"""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.annotation.exchange.documents import SCHEMA, ExchangeItem, document_of
from itlim.annotation.exchange.files import Parsed, checked_text
from itlim.errors import InputError


def _field(name: str, type_: pa.DataType, meaning: str, unit: str = "") -> pa.Field:
    metadata = {"meaning": meaning} | ({"unit": unit} if unit else {})
    return pa.field(name, type_, nullable=False, metadata=metadata)


def _inner(name: str, type_: pa.DataType, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, type_, nullable=nullable)


_TEXT = pa.string()
SPAN = pa.struct(
    [
        _inner("id", _TEXT),
        _inner("start", pa.int64()),
        _inner("end", pa.int64()),
        *(_inner(name, _TEXT) for name in ("quote", "label", "origin", "note", "evidence_url")),
    ]
)
LINK = pa.struct(
    [
        *(_inner(name, _TEXT) for name in ("span_id", "instance_id", "verdict", "rationale")),
        _inner("retriever", _TEXT),
        _inner("rank", pa.int64(), nullable=True),
        _inner("score", pa.float64(), nullable=True),
        _inner("considered", pa.list_(_inner("item", _TEXT))),
    ]
)
ANNOTATIONS = pa.schema(
    [
        _field("item_id", _TEXT, "the response"),
        _field("annotator", _TEXT, "who annotated it"),
        _field("run_id", _TEXT, "the run it came from; empty if imported"),
        _field("instruction", _TEXT, "what was asked"),
        _field("input", _TEXT, "the optional input; empty if none"),
        _field("text", _TEXT, "the response itself"),
        _field("text_sha256", _TEXT, "of the text as UTF-8"),
        _field("offset_unit", _TEXT, "what all offsets count"),
        _field(
            "units",
            pa.list_(_inner("item", pa.list_(_inner("item", pa.int64())))),
            "[start, end) of each token or word",
            "code points",
        ),
        _field("units_are_tokens", pa.bool_(), "whether the units are the run's tokens"),
        _field("status", _TEXT, "open, submitted or skipped"),
        _field("active_ms", pa.int64(), "time at work", "ms"),
        _field("flag", _TEXT, "why it was flagged; empty if it was not"),
        _field("skip_reason", _TEXT, "why it was skipped; empty if it was not"),
        _field("comment", _TEXT, "of the annotator"),
        _field("suggestions_on", pa.bool_(), "whether suggestions were shown"),
        _field("revealed", pa.bool_(), "whether the shift signal was revealed"),
        _field("spans", pa.list_(_inner("item", SPAN)), "the marks", "code points"),
        _field("links", pa.list_(_inner("item", LINK)), "verdicts on where spans came from"),
    ],
    metadata={"schema": SCHEMA},
)
_REQUIRED = ("text", "spans")


def write(rows: Sequence[ExchangeItem]) -> bytes:
    """Write rows in the given order.

    Raises:
        InputError: a text cannot be encoded as UTF-8.
    """
    for row in rows:
        checked_text(row.text)
    documents = [document_of(row) for row in rows]
    try:
        table = pa.Table.from_pylist(documents, schema=ANNOTATIONS)
    except (UnicodeEncodeError, pa.ArrowException) as error:
        raise InputError(f"The annotations cannot be written as Parquet: {error}.") from error
    sink = io.BytesIO()
    pq.write_table(table, sink, version="2.6", compression="zstd", compression_level=3)
    return sink.getvalue()


def read(data: bytes) -> Parsed:
    """Rows of a file with at least the columns `text` and `spans` of `write`.

    Raises:
        InputError: the file is not Parquet, or lacks these columns.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"Not a Parquet file ({len(data)} bytes; {type(error).__name__}). Choose the format "
            "that the file was exported in."
        ) from error
    missing = [name for name in _REQUIRED if name not in table.column_names]
    if missing:
        raise InputError(
            f"The Parquet file lacks the columns {', '.join(missing)}; it has "
            f"{', '.join(table.column_names)}. Export annotations from itlim as Parquet to see "
            "the columns expected."
        )
    parsed = Parsed(documents=list(enumerate(table.to_pylist(), start=1)))
    unknown = [name for name in table.column_names if name not in ANNOTATIONS.names]
    if unknown:
        parsed.notes.append(f"columns not kept: {', '.join(unknown)}")
    return parsed
