"""doccano's JSONL: one text with its spans per line, without quotes.

In addition to doccano's keys there are `item_id`, `annotator` and `status`. doccano keeps unknown
keys as metadata; without the status, an empty line could mean "nothing wrong" or "not seen".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AliasChoices, Field

from itlim.annotation.exchange.checked_records import Record, Text, Whole, read_record
from itlim.annotation.exchange.documents import ExchangeItem
from itlim.annotation.exchange.files import (
    Parsed,
    decoded,
    encoded_json,
    is_filled,
    parsed_json,
    read_lines,
)
from itlim.errors import InputError

_KEYS = ("label", "labels", "entities")
_OWN = ("item_id", "annotator", "status")
_PEOPLE = ("username", "user")
"""Keys under which exports of single people name them."""
_IGNORED = {"id", "text", "Comments", "comments", *_KEYS, *_OWN, *_PEOPLE}
NOT_READ = ("relations", "categories of whole texts", "metadata")
"""Content that an import does not keep, shown before a file is chosen."""


def write(rows: Sequence[ExchangeItem]) -> bytes:
    r"""One line per row, in the order given, `\n` after each; offsets are code points.

    Raises:
        InputError: a text cannot be encoded as UTF-8.
    """
    lines = []
    for number, row in enumerate(rows, start=1):
        document: dict[str, Any] = {"id": number, "text": row.text}
        document["label"] = [[mark.start, mark.stop, mark.label] for mark in row.marks]
        document |= {name: str(getattr(row, name)) for name in _OWN}
        lines.append(encoded_json(document) + "\n")
    return "".join(lines).encode()


def read(data: bytes) -> Parsed:
    """Lines of a JSONL export, or objects of a JSON list; spans under any of doccano's keys.

    Raises:
        InputError: the file is neither.
    """
    parsed = _records(data)
    documents, parsed.documents = parsed.documents, []
    empty = []
    for number, record in documents:
        try:
            document = _document(record)
        except InputError as error:
            parsed.reject(number, error)
            continue
        _report_unread(number, record, document, parsed)
        parsed.documents.append((number, document))
        if not document["spans"] and "status" not in document:
            empty.append(str(number))
    if empty:
        parsed.notes.append(
            f"rows without labels were taken as annotated without a mark: {', '.join(empty)}; "
            "doccano does not tell them from rows that nobody annotated"
        )
    return parsed


def _records(data: bytes) -> Parsed:
    text = decoded(data, "doccano JSONL")
    if not text.lstrip().startswith("["):
        return read_lines(data, "doccano JSONL")
    try:
        records = parsed_json(text)
    except InputError as error:
        raise InputError(f"Not a doccano export: {error}.") from error
    return Parsed(documents=list(enumerate(records, start=1)))


class _Line(Record):
    text: Text
    item_id: object = None
    annotator: object = None
    username: object = None
    user: object = None
    comments: object = Field(None, validation_alias=AliasChoices("Comments", "comments"))
    status: object = None
    label: object = None
    labels: object = None
    entities: object = None


class _Entity(Record):
    start_offset: Whole
    end_offset: Whole
    label: Text


def _document(record: object) -> dict[str, Any]:
    line = read_record(record, _Line)
    given = line.model_fields_set
    keys = [name for name in _KEYS if name in given]
    if not keys:
        raise InputError(f"lacks spans: expected one of {', '.join(_KEYS)}")
    # An export with relations has its spans under `entities`, and may have an empty `label`.
    key = next((name for name in keys if getattr(line, name)), keys[0])
    records = getattr(line, key)
    if not isinstance(records, list):
        raise InputError(f"{key}: expected a list, received {records!r:.40}")
    own = {name: getattr(line, name) for name in _OWN if name in given}
    spans = [_span(one, place) for place, one in enumerate(records, 1)]
    return {
        "text": line.text,
        **own,
        "username": _name(line.username) or _name(line.user),
        "comment": _comment(line.comments),
        "spans": spans,
    }


def _name(person: object) -> str:
    if isinstance(person, dict):
        person = person.get("username")
    return person if isinstance(person, str) else ""


def _comment(comments: object) -> str:
    texts = comments if isinstance(comments, list) else [comments]
    found = [one.get("text") if isinstance(one, dict) else one for one in texts]
    return "\n".join(one for one in found if isinstance(one, str) and one)


def _report_unread(
    number: int, record: object, document: Mapping[str, Any], parsed: Parsed
) -> None:
    """Note what a row contains beyond its text, spans and names."""
    if not isinstance(record, dict):
        return
    if document["comment"]:
        parsed.note_rows("Comments were imported as the comment of the sheet", number)
    for key, value in record.items():
        if key not in _IGNORED and is_filled(value):
            parsed.not_read(repr(key), number)
    used = next((key for key in _KEYS if record.get(key)), "")
    for key in _KEYS:
        if key != used and is_filled(record.get(key)):
            parsed.not_read(repr(key), number)


def _span(record: object, place: int) -> dict[str, Any]:
    if isinstance(record, list) and len(record) == 3:
        return dict(zip(("start", "end", "label"), record, strict=True))
    if not isinstance(record, dict):
        raise InputError(f"span {place}: expected [start, end, label], received {record!r}")
    entity = read_record(record, _Entity, f"span {place}: ")
    return {"start": entity.start_offset, "end": entity.end_offset, "label": entity.label}
