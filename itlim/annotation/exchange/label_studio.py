"""Label Studio's JSON: one task per response with one annotation per annotator.

Offsets are written as code points, as Label Studio does since its pull request 1559. Earlier
versions and some later exports count UTF-16 units (its issue 1347), so both are read and
distinguished by the quotes of regions. Additions of itlim: `annotator` and `status` of an
annotation, which Label Studio ignores, and fields in `data`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from itlim.annotation.exchange.checked_records import Finite, Record, Text, read_record
from itlim.annotation.exchange.documents import ExchangeItem
from itlim.annotation.exchange.files import Parsed, decoded, encoded_json, is_filled, parsed_json
from itlim.annotation.exchange.label_studio_targets import TASK_FIELDS, regions_of_text, text_key
from itlim.errors import InputError
from itlim.records import Mark, SheetStatus

NOT_READ = (
    "marks on other texts of a task",
    "relations, choices and other results that are not labels of text",
    "predictions and drafts",
    "further fields of a task",
)
"""Content that an import does not keep, shown before a file is chosen."""


def write(rows: Sequence[ExchangeItem]) -> bytes:
    """Write tasks in the order of their items; `completed_by` numbers the annotators.

    Raises:
        InputError: a text cannot be encoded as UTF-8.
    """
    people = {name: place for place, name in enumerate(sorted({row.annotator for row in rows}), 1)}
    tasks: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        data = {"text": row.text} | {name: getattr(row, name) for name in TASK_FIELDS}
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

    A region with several labels becomes one mark per label.

    Raises:
        InputError: the file is not a list of tasks.
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
            parsed.reject(number, error)
    return parsed


class _Task(Record):
    data: dict[str, object] | None = None
    annotations: list[object] | None = None
    completions: list[object] | None = None
    predictions: object = None
    drafts: object = None


class _Data(Record):
    item_id: object = None
    run_id: object = None
    instruction: object = None
    input: object = None
    text_sha256: object = None


class _Annotation(Record):
    annotator: object = None
    completed_by: object = None
    status: object = None
    was_cancelled: bool = False
    lead_time: Finite = 0.0
    result: list[object] = Field(default_factory=list)


class _Result(Record):
    type: Text
    to_name: Text = ""


class _Value(Record):
    start: object = None
    end: object = None
    text: Text = ""
    labels: list[object] = Field(default_factory=list)


class _LabeledRegion(Record):
    id: Text = ""
    value: _Value
    meta: object = None


def _read_task(number: int, record: object, parsed: Parsed) -> None:
    task = read_record(record, _Task)
    annotations = task.annotations
    if annotations is None and task.completions is not None:
        annotations = task.completions
        parsed.note_rows("read 'completions', which Label Studio before 1.0 wrote", number)
    if annotations is None:
        raise InputError(_without_annotations(record, task))
    if task.data is None:
        raise InputError("lacks 'data'")
    data = read_record(task.data, _Data, "data: ").model_dump()
    if not annotations:
        parsed.notes.append(f"task {number} has no annotation")
    for name in ("predictions", "drafts"):
        if getattr(task, name):
            parsed.notes.append(f"{name} of task {number} were not kept")
    for place, one in enumerate(annotations, start=1):
        try:
            annotation = read_record(one, _Annotation)
            key = text_key(task.data, annotation.result)
            document = data | _annotation(number, annotation, key, task.data, parsed)
        except InputError as error:
            parsed.reject(number, f"annotation {place}: {error}")
            continue
        parsed.documents.append((number, document))
        for name, value in task.data.items():
            if name != key and name not in TASK_FIELDS and is_filled(value):
                parsed.not_read(f"data field {name!r}", number)


def _without_annotations(record: object, task: _Task) -> str:
    if task.data is None and isinstance(record, dict) and "text" in record:
        return "lacks 'data' and 'annotations', as JSON-MIN does: export as JSON"
    return "lacks 'annotations': export the annotated tasks as JSON"


class _Text(Record):
    text: Text


def _annotation(
    number: int,
    annotation: _Annotation,
    key: str,
    data: Mapping[str, object],
    parsed: Parsed,
) -> dict[str, Any]:
    text = read_record({"text": data[key]}, _Text, "data: ").text
    regions = regions_of_text(annotation.result, key, text, data)
    spans: list[dict[str, Any]] = []
    for place, region in enumerate(annotation.result, start=1):
        result = read_record(region, _Result, f"result {place}: ")
        if result.type == "hypertextlabels":
            parsed.not_read("marks in HTML, which have no offsets into the text", number)
        elif result.type != "labels":
            parsed.notes.append(f"a result of type {result.type!r} of task {number} was not kept")
        elif place - 1 in regions:
            spans += _spans(region, place, text)
        else:
            parsed.not_read(f"marks on another text, {result.to_name!r}", number)
    ended = SheetStatus.SKIPPED if annotation.was_cancelled else SheetStatus.SUBMITTED
    return {
        "text": text,
        "annotator": _annotator(annotation),
        "status": annotation.status or str(ended),
        "active_ms": round(annotation.lead_time * 1000),
        "spans": spans,
    }


def _annotator(annotation: _Annotation) -> object:
    """The annotator: itlim's name if present, or else Label Studio's."""
    if annotation.annotator is not None:
        return annotation.annotator
    who = annotation.completed_by
    if isinstance(who, dict):
        who = who.get("email") or who.get("username") or who.get("id")
    return f"label-studio-{who}" if isinstance(who, int) else who


def _spans(region: object, place: int, text: str) -> list[dict[str, Any]]:
    labeled = read_record(region, _LabeledRegion, f"result {place}: ")
    value, meta = labeled.value, labeled.meta
    if not value.labels:
        raise InputError(f"result {place}: lacks a label")
    quote = value.text
    # Label Studio writes line breaks inside a quote as the two characters \n.
    if quote not in text and quote.replace("\\n", "\n") in text:
        quote = quote.replace("\\n", "\n")
    notes = meta.get("text") if isinstance(meta, dict) else None
    return [
        {
            "id": labeled.id if number == 1 or not labeled.id else f"{labeled.id}-{number}",
            "start": value.start,
            "end": value.end,
            "quote": quote,
            "label": label,
            "note": "\n".join(map(str, notes)) if isinstance(notes, list) else "",
        }
        for number, label in enumerate(value.labels, start=1)
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
