"""The format "itlim.span/1": a row as plain values, and what a file claims in that form.

Every reader brings its file into this form, so that all are checked by the same rules. A claim is
well-formed; whether it is true of the text is for `door` to say.
"""

from dataclasses import dataclass, field
from typing import Any

from itlim.annotation.exchange.fields import Fields
from itlim.annotation.exchange.rows import ExchangeItem
from itlim.errors import InputError
from itlim.records import Judgement, MarkOrigin, SheetStatus, Verdict

SCHEMA = "itlim.span/1"
CODE_POINT, UTF_16 = "codepoint", "utf16"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row that was not taken, and why."""

    row_number: int
    """Line of a JSONL file, task of a Label Studio file, row of a table, from 1; in CSV the
    header is row 1."""
    reason: str


@dataclass(slots=True, kw_only=True)
class Parsed:
    """What a reader made of a file."""

    documents: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Row number and row; well-formedness is for `claim_of` to say."""
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, row_number: int, reason: object) -> None:
        """Leave a row out."""
        self.refused.append(Refusal(row_number=row_number, reason=str(reason)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMark:
    """A mark as the file has it: its place not yet checked."""

    start: int
    stop: int
    label: str
    id: str
    """Empty where the format has none."""
    quote: str
    """Empty where the format has none; no mark is."""
    note: str
    evidence_url: str
    origin: MarkOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row as the file has it; empty texts are what it does not say."""

    number: int
    item_id: str
    annotator: str
    run_id: str
    instruction: str
    input: str
    text: str
    text_sha256: str
    utf16: bool
    """Whether the file says that it counts UTF-16 units."""
    units: tuple[tuple[int, int], ...] | None
    units_are_tokens: bool
    status: SheetStatus
    active_ms: int
    flag: str
    skip_reason: str
    comment: str
    suggestions_on: bool
    revealed: bool
    marks: tuple[ClaimedMark, ...]
    judgements: tuple[Judgement, ...]


def document_of(row: ExchangeItem) -> dict[str, Any]:
    """A row as plain values, keys in the order of the format; nothing is lost."""
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
        "links": [_link_of(judgement) for judgement in row.judgements],
        "counterfactuals": [],
    }


def claim_of(number: int, document: object) -> Claim:
    """What a row claims.

    Args:
        number: of the row in its file.
        document: as `document_of` makes; all but `text` and each span's `start`, `end` and
            `label` may be missing.

    Raises:
        InputError: a field is missing or of another kind.
    """
    fields = Fields(document)
    schema = fields.text("schema", SCHEMA)
    if schema != SCHEMA:
        raise InputError(f"schema {schema!r} is unknown here: expected {SCHEMA!r}")
    unit = fields.text("offset_unit", CODE_POINT)
    if unit not in (CODE_POINT, UTF_16):
        raise InputError(f"offset_unit {unit!r}: expected {CODE_POINT!r} or {UTF_16!r}")
    return Claim(
        number=number,
        item_id=fields.text("item_id", ""),
        annotator=fields.text("annotator", ""),
        run_id=fields.text("run_id", ""),
        instruction=fields.text("instruction", ""),
        input=fields.text("input", ""),
        text=fields.text("text"),
        text_sha256=fields.text("text_sha256", ""),
        utf16=unit == UTF_16,
        units=_units(fields) if fields.has("units") else None,
        units_are_tokens=fields.truth("units_are_tokens", True),
        status=fields.chosen("status", SheetStatus, SheetStatus.SUBMITTED),
        active_ms=fields.whole("active_ms", 0),
        flag=fields.text("flag", ""),
        skip_reason=fields.text("skip_reason", ""),
        comment=fields.text("comment", ""),
        suggestions_on=fields.truth("suggestions_on", False),
        revealed=fields.truth("revealed", False),
        marks=tuple(_mark(one, place) for place, one in enumerate(fields.several("spans"), 1)),
        judgements=tuple(_link(one, place) for place, one in enumerate(fields.several("links"), 1)),
    )


def _link_of(judgement: Judgement) -> dict[str, Any]:
    return {
        "span_id": judgement.span_id,
        "instance_id": judgement.instance_id,
        "verdict": str(judgement.verdict),
        "rationale": judgement.rationale,
        "retriever": judgement.retriever,
        "rank": judgement.rank,
        # A whole number would come back as 1.0 and change the file.
        "score": None if judgement.score is None else float(judgement.score),
        "considered": list(judgement.considered),
    }


def _units(fields: Fields) -> tuple[tuple[int, int], ...]:
    units = []
    for place, edges in enumerate(fields.several("units"), 1):
        if not isinstance(edges, list) or len(edges) != 2:
            raise InputError(f"unit {place}: expected [start, end], received {edges!r}")
        pair = Fields({"start": edges[0], "end": edges[1]}, f"unit {place}: ")
        units.append((pair.whole("start"), pair.whole("end")))
    return tuple(units)


def _mark(record: object, place: int) -> ClaimedMark:
    fields = Fields(record, f"span {place}: ")
    return ClaimedMark(
        start=fields.whole("start"),
        stop=fields.whole("end"),
        label=fields.text("label"),
        id=fields.text("id", ""),
        quote=fields.text("quote", ""),
        note=fields.text("note", ""),
        evidence_url=fields.text("evidence_url", ""),
        origin=fields.chosen("origin", MarkOrigin, MarkOrigin.IMPORTED),
    )


def _link(record: object, place: int) -> Judgement:
    fields = Fields(record, f"link {place}: ")
    considered = tuple(
        Fields({"id": one}, f"link {place}: considered: ").text("id")
        for one in fields.several("considered")
    )
    return Judgement(
        span_id=fields.text("span_id"),
        instance_id=fields.text("instance_id"),
        verdict=fields.chosen("verdict", Verdict),
        rationale=fields.text("rationale", ""),
        retriever=fields.text("retriever", ""),
        rank=fields.whole("rank") if fields.has("rank") else None,
        score=fields.number("score") if fields.has("score") else None,
        considered=considered,
    )
