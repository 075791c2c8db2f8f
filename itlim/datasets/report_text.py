"""A reading report as lines of text, and as JSON."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from itlim.records import (
    BadRow,
    DatasetField,
    LeftOut,
    ReadingNote,
    ReadingReport,
    UnusedColumn,
    UsedColumn,
)
from itlim.text.messages import plural

_NAMED = 20
"""Maximum number of columns, files and reasons in a line of text."""
_NAMES = {
    DatasetField.INSTRUCTION: "an instruction",
    DatasetField.INPUT: "an input",
    DatasetField.RESPONSE: "a response",
    DatasetField.CONVERSATION: "a conversation",
    DatasetField.SYSTEM: "a system text",
    DatasetField.HISTORY: "earlier turns",
}


def report_lines(report: ReadingReport) -> list[str]:
    """What a reader should know about the reading of a dataset; empty if all of it was used."""
    lines = [f"Left out: {left_out_text(one)}." for one in report.left_out[:_NAMED]]
    more = sum(one.count for one in report.left_out[_NAMED:])
    if more:
        lines.append(f"Left out for other reasons: {more:,}.")
    if report.unused:
        lines.append(f"Columns not used: {_listed(map(unused_text, report.unused))}.")
    lines += (f"Note: {one.text} ({_times(one.count)})." for one in report.notes)
    if report.not_read:
        lines.append(f"Not read: {_listed(report.not_read)}.")
    if not lines:
        return []
    return [rows_text(report), f"Columns used: {_listed(map(used_text, report.used))}.", *lines]


def rows_text(report: ReadingReport) -> str:
    """How many rows were used."""
    left_out = f", {report.n_left_out:,} left out" if report.n_left_out else ""
    instances = plural(report.n_instances, "instance")
    if report.n_left_out + report.n_rows_used > report.n_rows:
        noun = "turn" if report.n_left_out == 1 else "rows or turns"
        left_out = f", {report.n_left_out:,} {noun} left out"
    return f"{report.n_rows_used:,} of {plural(report.n_rows, 'row')} used{left_out}: {instances}."


def left_out_text(left_out: LeftOut) -> str:
    """A reason with its number and its first rows."""
    many_files = any(row.file for row in left_out.first)
    places = [f"{row.file}:{row.line}" if many_files else f"{row.line}" for row in left_out.first]
    dots = ", …" if left_out.count > len(places) else ""
    noun = "line" if left_out.count == 1 else "lines"
    return f"{left_out.reason} ({_times(left_out.count)}; {noun} {', '.join(places)}{dots})"


def used_text(one: UsedColumn) -> str:
    """A column with the field that it gave.

    >>> used_text(UsedColumn(field=DatasetField.INPUT, column="context", rows=1))
    "input from 'context' (1 row)"
    """
    return f"{one.field} from {one.column!r} ({plural(one.rows, 'row')})"


def unused_text(one: UnusedColumn) -> str:
    """A column that was not used, and what its name suggests.

    >>> unused_text(UnusedColumn(column="answer", rows=2, looks_like=DatasetField.RESPONSE))
    "'answer' (2 rows; its name suggests a response)"
    """
    suggests = f"; its name suggests {_NAMES[one.looks_like]}" if one.looks_like else ""
    return f"{one.column!r} ({plural(one.rows, 'row')}{suggests})"


def report_document(report: ReadingReport) -> dict[str, Any]:
    """The report as a JSON object."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(report)))
    return document


def report_of(document: Mapping[str, Any]) -> ReadingReport:
    """The report in a JSON object.

    Raises:
        KeyError, TypeError, ValueError: it is not what `report_document` gives.
    """
    values = dict(document)
    values["left_out"] = tuple(
        LeftOut(**{**one, "first": tuple(BadRow(**row) for row in one["first"])})
        for one in document["left_out"]
    )
    values["used"] = tuple(
        UsedColumn(**{**one, "field": DatasetField(one["field"])}) for one in document["used"]
    )
    values["unused"] = tuple(
        UnusedColumn(**{**one, "looks_like": one["looks_like"] and DatasetField(one["looks_like"])})
        for one in document["unused"]
    )
    values["notes"] = tuple(ReadingNote(**one) for one in document["notes"])
    values |= {name: tuple(document[name]) for name in ("files", "not_read")}
    return ReadingReport(**values)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _listed(texts: Iterable[str]) -> str:
    found = list(texts)
    more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more
