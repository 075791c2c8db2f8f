import json

import pytest

from itlim.datasets import (
    open_dataset,
    preview_dataset,
    read_dataset,
    report_document,
    report_lines,
)
from itlim.datasets.report_text import report_of
from itlim.datasets.reporting import FURTHER_COLUMN, OTHER_REASONS, ReportBuilder
from itlim.datasets.row_reading import RowReading
from itlim.records import BadRow, ColumnMapping

GOOD = {"instruction": "Q", "input": "I", "output": "A"}


@pytest.fixture
def written(tmp_path):
    def write(*lines):
        path = tmp_path / "set.jsonl"
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        path.write_text("\n".join(texts), encoding="utf-8")
        return path

    return write


def test_nothing_is_reported_if_every_row_and_column_is_used(written):
    report = read_dataset(written(GOOD, GOOD | {"input": None}), "toy").report
    assert report_lines(report) == []
    assert [(one.column, one.rows) for one in report.used] == [
        ("instruction", 2),
        ("input", 1),
        ("output", 2),
    ]


def test_the_report_says_what_became_of_every_row_and_column(written):
    empty = GOOD | {"output": " ", "category": "x"}
    path = written(GOOD | {"answer": "B"}, "broken", *[empty] * 6, GOOD | {"output": 3}, "7")
    report = read_dataset(path, "toy").report
    assert (report.n_rows, report.n_rows_used, report.n_left_out) == (10, 2, 8)
    assert report_lines(report) == [
        "2 of 10 rows used, 8 left out: 2 instances.",
        "Columns used: instruction from 'instruction' (2 rows), input from 'input' (2 rows), "
        "response from 'output' (2 rows).",
        "Left out: 'output' is empty (6 times; lines 3, 4, 5, 6, 7, …).",
        "Left out: invalid JSON: Expecting value (once; line 2).",
        "Left out: a value of type int, expected an object (once; line 10).",
        "Columns not used: 'answer' (1 row; its name suggests a response), 'category' (6 rows).",
        "Note: 'output' has type int, which is read as text (once).",
    ]


def test_reasons_that_differ_in_a_number_are_one_kind(written):
    said = [{"role": "assistant", "content": "A"}] * 3 + [{"role": "user", "content": "Q"}]
    answered = [*said, {"role": "assistant", "content": "A"}]
    report = read_dataset(written({"messages": said}, {"messages": answered}), "toy").report
    (left_out,) = report.left_out
    assert (left_out.count, report.n_rows_used) == (6, 1)
    assert left_out.reason == "assistant turn 1 comes before any user turn"
    assert [row.reason[15:16] for row in left_out.first] == ["1", "2", "3", "1", "2"]
    assert report_lines(report)[0] == "1 of 2 rows used, 6 rows or turns left out: 1 instance."


def test_the_report_survives_json(written):
    report = read_dataset(written(GOOD | {"\ud800": 1}, "broken"), "toy").report
    assert report_of(json.loads(json.dumps(report_document(report)))) == report


def test_a_second_pass_counts_from_zero(written):
    reader = open_dataset(written(GOOD, "broken"), "toy")
    assert reader.report.n_rows == 0
    reports = []
    for _ in range(2):
        list(reader.batches())
        reports.append(reader.report)
    assert reports[0] == reports[1]


def test_the_report_of_a_preview_is_about_the_sampled_rows(written):
    preview = preview_dataset(written(*[GOOD | {"id": 1}] * 30), rows=2)
    assert preview.report is not None
    assert (preview.report.n_rows, preview.report.n_instances) == (20, 20)
    assert [(one.column, one.rows) for one in preview.report.unused] == [("id", 20)]


def test_rows_that_all_differ_do_not_fill_the_memory():
    builder = ReportBuilder(ColumnMapping(), max_kinds=3)
    for number in range(9):
        letter = chr(ord("a") + number)
        builder.add_left_out(BadRow(line=number, reason=letter))
        builder.add_row({letter: 1}, RowReading([]), 0)
    report = builder.report([], [])
    assert [(one.reason, one.count) for one in report.left_out] == [
        (OTHER_REASONS, 6),
        ("a", 1),
        ("b", 1),
        ("c", 1),
    ]
    assert [one.column for one in report.unused] == ["a", "b", "c"]
    assert [(one.text, one.count) for one in report.notes] == [(FURTHER_COLUMN, 6)]
