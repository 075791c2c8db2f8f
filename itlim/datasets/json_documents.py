"""Read the rows of a JSON file that is one object: rows under a key, columns, or a single row.

The whole object must be read before its shape is known, so these files have a maximum size. The row
number stands for the line.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from itlim.datasets.columns import looks_like
from itlim.datasets.conventions import fit_of
from itlim.datasets.json_rows import RowDecoder
from itlim.datasets.messages import conversation_format, has_roles
from itlim.datasets.rows import SourceRow
from itlim.datasets.text_file import TextFile
from itlim.errors import DatasetError
from itlim.records import DatasetField

KEY = "key"
_TRAIN = "train"
_TEXTS = {DatasetField.INSTRUCTION, DatasetField.RESPONSE}
_MT_BENCH_ANSWER = {"question_id", "choices"}
"""Keys of a row whose list of choices are not rows."""


class Document(NamedTuple):
    """The rows in a JSON object."""

    rows: list[Any]
    not_read: tuple[str, ...] = ()
    """Other keys of the object, such as those of other splits."""


def read_document(file: TextFile) -> Document | None:
    """The rows of a file that is one JSON object; None if it is JSON Lines. Rewinds the file.

    Raises:
        DatasetError: the object contains several lists of rows.
    """
    value, n_lines = _only_object(file)
    file.rewind()
    if value is None:
        return None
    found = _document(value, str(file.path))
    if found is None:
        # A row on one line is JSON Lines with one line.
        return Document([value]) if n_lines > 1 else None
    return found


def document_rows(document: Document) -> Iterator[SourceRow]:
    """The rows with their numbers."""
    for number, row in enumerate(document.rows, start=1):
        yield SourceRow(number, row)


def _only_object(file: TextFile) -> tuple[dict[str, Any] | None, int]:
    """The object that is the whole file, and its number of lines; None if there is more than one
    value, or none that can be read."""
    texts: list[str] = []
    n_characters = 0
    decoder = RowDecoder()
    for _, text in file.lines():
        if text is None or n_characters + len(text) > file.max_row_bytes:
            return None, 0
        if not text.strip():
            continue
        if len(texts) == 1 and _decoded(decoder, texts[0]) is not None:
            return None, 0
        texts.append(text)
        n_characters += len(text)
    return _decoded(decoder, "".join(texts)), len(texts)


def _decoded(decoder: RowDecoder, text: str) -> dict[str, Any] | None:
    try:
        value = decoder.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not decoder.take_fault() else None


def _document(value: dict[str, Any], source: str) -> Document | None:
    """The rows in an object; None if the object is a row itself."""
    if not value or _is_row(value) or value.keys() >= _MT_BENCH_ANSWER:
        return None
    for shape in (_table, _columns, _indexed_columns):
        rows = shape(value)
        if rows is not None:
            return Document(rows)
    return _lists(value, source) or _rows_by_key(value)


def _is_row(value: Mapping[str, Any]) -> bool:
    """Whether an object has the fields of an instance, as texts or messages."""
    fit = fit_of(value)
    if fit is None:
        return False
    mapping = fit[1]
    if mapping.conversation is not None:
        return conversation_format(value[mapping.conversation]) is not None
    needed = (value[mapping.instruction or ""], value[mapping.response or ""])
    return all(isinstance(one, str) or has_roles(one) for one in needed)


def _columns(value: dict[str, Any]) -> list[Any] | None:
    """`{"instruction": ["Q1", "Q2"], "output": ["A1", "A2"]}`."""
    if not all(isinstance(column, list) for column in value.values()):
        return None
    lengths = {len(column) for column in value.values()}
    if len(lengths) != 1 or lengths == {0}:
        return None
    rows = [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    return rows if any(_is_row(row) for row in rows) else None


def _indexed_columns(value: dict[str, Any]) -> list[Any] | None:
    """`{"instruction": {"0": "Q1", "1": "Q2"}, ...}`, as `to_json` of pandas writes it."""
    columns = list(value.values())
    if not all(isinstance(column, dict) and column for column in columns):
        return None
    index = columns[0].keys()
    if any(column.keys() != index for column in columns):
        return None
    rows = [{name: column[key] for name, column in value.items()} for key in index]
    return rows if any(_is_row(row) for row in rows) else None


def _table(value: dict[str, Any]) -> list[Any] | None:
    """`{"columns": ["instruction", ...], "data": [["Q1", ...], ...]}`, of pandas as well."""
    names, data = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(data, list):
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in data):
        return None
    return [dict(zip(map(str, names), row, strict=True)) for row in data]


def _lists(value: dict[str, Any], source: str) -> Document | None:
    """`{"data": [{"instruction": "Q1", ...}, ...]}`; of several splits, the training split."""
    keys = [
        key
        for key, rows in value.items()
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)
        if not has_roles(rows)
    ]
    if any(isinstance(text, str) and looks_like(key) in _TEXTS for key, text in value.items()):
        return None
    if _TRAIN in value and isinstance(value[_TRAIN], list | dict) and _TRAIN not in keys:
        found = _document(value[_TRAIN], source) if isinstance(value[_TRAIN], dict) else None
        return found and found._replace(not_read=_others(value, _TRAIN))
    usable = [key for key in keys if any(_is_row(row) for row in value[key])]
    if _TRAIN in keys or len(usable) == 1 or len(keys) == 1:
        key = _TRAIN if _TRAIN in keys else (usable or keys)[0]
        return Document(value[key], _others(value, key))
    if usable:
        raise DatasetError(
            f"{source} contains several lists of rows, under the keys "
            f"{', '.join(repr(key) for key in usable)}: save one of them as a separate file."
        )
    return None


def _rows_by_key(value: dict[str, Any]) -> Document | None:
    """`{"q1": {"instruction": "Q1", ...}, ...}`; the key becomes a column."""
    rows = [{KEY: key} | row for key, row in value.items() if isinstance(row, dict)]
    if len(rows) == len(value) and any(_is_row(row) for row in rows):
        return Document(rows)
    return None


def _others(value: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(other for other in value if other != key)
