"""One annotator's sheet on one response, as a record and as plain values of "itlim.span/1".

Writers receive `ExchangeItem`. Readers convert each row of a file to the plain form, and
`RowDocument` checks that it is well-formed; `validation` checks it against its text.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from itlim.annotation.exchange.checked_records import (
    Address,
    Edges,
    Finite,
    Record,
    Text,
    Whole,
    one_of,
)
from itlim.records import Item, Judgment, Mark, MarkOrigin, Sheet, SheetStatus, Verdict

SCHEMA: Final = "itlim.span/1"
CODE_POINT: Final = "codepoint"
UTF_16: Final = "utf16"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeItem:
    """One row of a file: an item and the sheet of one annotator."""

    item_id: str
    text: str
    text_sha256: str
    """SHA-256 of the text as UTF-8, 64 hex digits."""
    annotator: str
    instruction: str = ""
    input: str = ""
    run_id: str = ""
    units: tuple[tuple[int, int], ...] = ()
    """Half-open code points."""
    units_are_tokens: bool = True
    status: SheetStatus = SheetStatus.SUBMITTED
    active_ms: int = 0
    marks: tuple[Mark, ...] = ()
    """By start and stop."""
    judgments: tuple[Judgment, ...] = ()
    flag: str = ""
    skip_reason: str = ""
    comment: str = ""
    suggestions_on: bool = False
    revealed: bool = False


def row_of(item: Item, annotator: str, sheet: Sheet) -> ExchangeItem:
    """The exported form of a sheet: everything except its undo history and version."""
    return ExchangeItem(
        item_id=item.item_id,
        text=item.text,
        text_sha256=item.text_sha256,
        annotator=annotator,
        instruction=item.instruction,
        input=item.input,
        run_id=item.run_id,
        units=item.units,
        units_are_tokens=item.units_are_tokens,
        status=sheet.status,
        active_ms=sheet.active_ms,
        marks=tuple(sorted(sheet.marks, key=lambda mark: (mark.start, mark.stop))),
        judgments=sheet.judgments,
        flag=sheet.flag,
        skip_reason=sheet.skip_reason,
        comment=sheet.comment,
        suggestions_on=sheet.suggestions_on,
        revealed=sheet.revealed,
    )


class SpanDocument(Record):
    """A mark as in the file, before its position is checked; empty texts mean missing."""

    start: Whole
    stop: Whole = Field(alias="end")
    label: Text
    id: Text = ""
    quote: Text = ""
    note: Text = ""
    evidence_url: Address = ""
    origin: Annotated[MarkOrigin, one_of(MarkOrigin)] = MarkOrigin.IMPORTED


class LinkDocument(Record):
    """A verdict on the origin of a span."""

    span_id: Text
    instance_id: Text
    verdict: Annotated[Verdict, one_of(Verdict)]
    rationale: Text = ""
    retriever: Text = ""
    rank: Whole | None = None
    score: Finite | None = None
    considered: list[Text] = Field(default_factory=list)

    def judgment(self) -> Judgment:
        """Convert to a record."""
        return Judgment(**dict(self) | {"considered": tuple(self.considered)})


class RowDocument(Record):
    """A row as in the file; empty texts mean missing."""

    schema_: Literal["itlim.span/1"] = Field(SCHEMA, alias="schema")
    offset_unit: Literal["codepoint", "utf16"] = CODE_POINT
    item_id: Text = ""
    annotator: Text = ""
    username: Text = ""
    """Name in another program, for rows without an annotator."""
    run_id: Text = ""
    instruction: Text = ""
    input: Text = ""
    text: Text
    text_sha256: Text = ""
    units: Annotated[tuple[Edges, ...], Field(strict=False)] | None = None
    units_are_tokens: bool = True
    status: Annotated[SheetStatus, one_of(SheetStatus)] = SheetStatus.SUBMITTED
    active_ms: Whole = 0
    flag: Text = ""
    skip_reason: Text = ""
    comment: Text = ""
    suggestions_on: bool = False
    revealed: bool = False
    spans: list[SpanDocument] = Field(default_factory=list)
    links: list[LinkDocument] = Field(default_factory=list)


def document_of(row: ExchangeItem) -> dict[str, Any]:
    """A row as plain values with keys in the order of the format, without loss."""
    return {
        "schema": SCHEMA,
        "item_id": row.item_id,
        "annotator": row.annotator,
        "run_id": row.run_id,
        "instruction": row.instruction,
        "input": row.input,
        "text": row.text,
        "text_sha256": row.text_sha256,
        "offset_unit": CODE_POINT,
        "units": [list(edges) for edges in row.units],
        "units_are_tokens": row.units_are_tokens,
        "status": str(row.status),
        "active_ms": row.active_ms,
        "flag": row.flag,
        "skip_reason": row.skip_reason,
        "comment": row.comment,
        "suggestions_on": row.suggestions_on,
        "revealed": row.revealed,
        "spans": [
            {
                "id": mark.id,
                "start": mark.start,
                "end": mark.stop,
                "quote": mark.quote,
                "label": mark.label,
                "origin": str(mark.origin),
                "note": mark.note,
                "evidence_url": mark.evidence_url,
            }
            for mark in row.marks
        ],
        "links": [_link_of(judgment) for judgment in row.judgments],
        "counterfactuals": [],
    }


def _link_of(judgment: Judgment) -> dict[str, Any]:
    return {
        "span_id": judgment.span_id,
        "instance_id": judgment.instance_id,
        "verdict": str(judgment.verdict),
        "rationale": judgment.rationale,
        "retriever": judgment.retriever,
        "rank": judgment.rank,
        # An integer would be read back as 1.0 and change the file.
        "score": None if judgment.score is None else float(judgment.score),
        "considered": list(judgment.considered),
    }
