"""Label Studio's JSON: one task a response, one annotation in it an annotator.

Offsets are written as code points: that is what the design's example has, and what Label Studio
stores since its pull request 1559; versions before, and some exports since, count UTF-16 units
(its issue 1347), so both are read, told apart by each region's quote. Ours beyond its format:
`annotator` and `status` of an annotation, which it ignores, and what `data` holds beside the text.
"""

from collections.abc import Sequence
from typing import Any

from itlim.annotation.exchange.documents import Parsed
from itlim.annotation.exchange.fields import Fields, decoded, encoded_json, parsed_json
from itlim.annotation.exchange.rows import ExchangeItem
from itlim.errors import InputError
from itlim.records import Mark, SheetStatus

_DATA = ("item_id", "run_id", "instruction", "input", "text_sha256")


def write(rows: Sequence[ExchangeItem]) -> bytes:
    """Tasks in the order in which their items first come; `completed_by` numbers annotators.

    Raises:
        InputError: a text that UTF-8 cannot hold.
    """
    people = {name: place for place, name in enumerate(sorted({row.annotator for row in rows}), 1)}
    tasks: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        data = {"text": row.text} | {name: getattr(row, name) for name in _DATA}
        task = tasks.setdefault(
            (row.item_id, row.text), {"id": len(tasks) + 1, "data": data, "annotations": []}
        )
        task["annotations"].append(
            {
                "completed_by": people[row.annotator],
                "was_cancelled": row.status is SheetStatus.SKIPPED,
                "lead_time": row.active_ms / 1000,
                "result": [_region(mark) for mark in row.marks],
                "annotator": row.annotator,
                "status": str(row.status),
            }
        )
    return (encoded_json(list(tasks.values())) + "\n").encode()


def read(data: bytes) -> Parsed:
    """Annotations of an export, numbered by their task.

    A region that carries several labels becomes a mark for each.

    Raises:
        InputError: not a list of tasks.
    """
    try:
        tasks = parsed_json(decoded(data, "a Label Studio export"))
    except InputError as error:
        raise InputError(f"Not a Label Studio export: {error}.") from error
    if not isinstance(tasks, list):
        raise InputError(
            f"Not a Label Studio export: expected a list of tasks, received "
            f"{type(tasks).__name__}. Export as JSON (not JSON-MIN, not CSV)."
        )
    parsed = Parsed()
    for number, task in enumerate(tasks, start=1):
        try:
            _read_task(number, task, parsed)
        except InputError as error:
            parsed.refuse(number, error)
    return parsed


def _read_task(number: int, record: object, parsed: Parsed) -> None:
    task = Fields(record)
    if not task.has("annotations"):
        raise InputError("lacks 'annotations': export as JSON, not JSON-MIN")
    data = Fields(task.raw("data"), "data: ")
    shared = {name: data.raw(name) for name in ("text", *_DATA) if data.has(name)}
    annotations = task.several("annotations")
    if not annotations:
        parsed.notes.append(f"task {number} has no annotation")
    if task.raw("predictions"):
        parsed.notes.append(f"predictions of task {number} were not kept")
    for place, one in enumerate(annotations, start=1):
        try:
            document = shared | _annotation(number, one, data.text("text"), parsed)
        except InputError as error:
            parsed.refuse(number, f"annotation {place}: {error}")
        else:
            parsed.documents.append((number, document))


def _annotation(number: int, record: object, text: str, parsed: Parsed) -> dict[str, Any]:
    fields = Fields(record)
    cancelled = fields.truth("was_cancelled", False)
    spans: list[dict[str, Any]] = []
    for place, region in enumerate(fields.several("result"), start=1):
        result = Fields(region, f"result {place}: ")
        kind = result.text("type")
        if kind == "labels":
            spans += _spans(result, place, text)
        elif kind == "hypertextlabels":
            raise InputError(f"result {place}: marks in HTML have no offsets into the text")
        else:
            parsed.notes.append(f"a result of type {kind!r} of task {number} was not kept")
    return {
        "annotator": _annotator(fields),
        "status": fields.raw("status")
        or str(SheetStatus.SKIPPED if cancelled else SheetStatus.SUBMITTED),
        "active_ms": round(fields.number("lead_time", 0.0) * 1000),
        "spans": spans,
    }


def _annotator(fields: Fields) -> str:
    """Who made an annotation: our own name for them, or Label Studio's."""
    who = fields.raw("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    if isinstance(who, int):
        who = f"label-studio-{who}"
    return fields.text("annotator", who or "")


def _spans(result: Fields, place: int, text: str) -> list[dict[str, Any]]:
    value = Fields(result.raw("value"), f"result {place}: value: ")
    labels = value.several("labels")
    if not labels:
        raise InputError(f"result {place}: lacks a label")
    quote = value.text("text", "")
    # Label Studio writes line breaks inside a quote as the two characters \n.
    if quote not in text and quote.replace("\\n", "\n") in text:
        quote = quote.replace("\\n", "\n")
    meta = result.raw("meta")
    notes = meta.get("text") if isinstance(meta, dict) else None
    name = result.text("id", "")
    return [
        {
            "id": name if number == 1 or not name else f"{name}-{number}",
            "start": value.raw("start"),
            "end": value.raw("end"),
            "quote": quote,
            "label": label,
            "note": "\n".join(map(str, notes)) if isinstance(notes, list) else "",
        }
        for number, label in enumerate(labels, start=1)
    ]


def _region(mark: Mark) -> dict[str, Any]:
    region: dict[str, Any] = {
        "id": mark.id,
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {
            "start": mark.start,
            "end": mark.stop,
            "text": mark.quote,
            "labels": [mark.label],
        },
    }
    return region | ({"meta": {"text": [mark.note]}} if mark.note else {})
