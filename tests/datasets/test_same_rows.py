"""The same rows give the same instances, whatever the file type that contains them."""

import csv
import gzip
import json
import math

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.datasets import read_dataset
from itlim.errors import DatasetError

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
# Texts that a reader could mistake for something else.
LOOKALIKES = st.sampled_from(
    [
        "nan",
        "null",
        "None",
        "NA",
        "[1, 2]",
        '{"a": 1}',
        "[",
        '"quoted"',
        '"',
        "a\tb\nc",
        "3",
        "\r\n",
    ]
)
FILLED = TEXT.filter(str.strip) | LOOKALIKES.filter(str.strip)
MISSING = st.sampled_from([None, math.nan, "", " ", "\r\n"])
# Mostly filled, so that most rows are usable.
WORDS = st.one_of(FILLED, FILLED, FILLED, MISSING)
NAMES = [
    ("instruction", "input", "output"),
    ("instruction", "context", "response"),
    ("instruction", "input", "response"),
    ("prompt", "context", "completion"),
    ("Question", "Context", "Answer"),
    ("inputs", "context", "targets"),
]
ROLES = st.sampled_from(
    ["user", "user", "assistant", "assistant", "system", "tool", "ipython", "observation", "critic"]
)
CALLS = st.lists(
    st.fixed_dictionaries(
        {"id": TEXT},
        optional={
            "function": st.fixed_dictionaries(
                {"name": st.sampled_from(["weather", "clock"])},
                optional={"arguments": st.dictionaries(st.sampled_from("ab"), TEXT, min_size=1)},
            )
        },
    ),
    max_size=2,
)


@st.composite
def messages(draw):
    """A conversation with either pair of keys, tool calls, missing contents and other keys."""
    speaker, text = draw(st.sampled_from([("role", "content"), ("from", "value")]))
    found = []
    for role in ["user", *draw(st.lists(ROLES, min_size=1, max_size=5))]:
        content = draw(WORDS)
        message = {speaker: role, text: content if isinstance(content, str) else None}
        if draw(st.booleans()):
            message["tool_calls"] = draw(CALLS)
        if draw(st.booleans()):
            message["weight"] = draw(st.sampled_from([0, 1, None]))
        found.append(message)
    return found


@st.composite
def flat_row(draw, names):
    row = dict(zip(names, [draw(WORDS) for _ in names], strict=True))
    if draw(st.booleans()):
        row["system_prompt"] = draw(WORDS)
    if draw(st.booleans()):
        pairs = st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=2)
        row["history"] = draw(pairs | st.none())
    return {key: value for key, value in row.items() if draw(st.integers(0, 9)) or value}


@st.composite
def rows(draw):
    """Rows of one convention, or of several in one file, with and without conversations."""
    several = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2))
    kinds = [flat_row(names) for names in several]
    if draw(st.booleans()):
        kinds.append(st.fixed_dictionaries({"messages": messages() | st.none()}))
    found = draw(st.lists(st.one_of(kinds), min_size=1, max_size=5))
    return [row | {"id": number} for number, row in enumerate(found)]


def write_json_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_json(path, rows):
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def write_gzip(path, rows):
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))


def write_object(path, rows):
    path.write_text(json.dumps({"version": 1, "data": rows}), encoding="utf-8")


def write_cells(path, rows):
    """Nested values as JSON; missing ones as empty fields."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(columns)
        writer.writerows([cell(row.get(column)) for column in columns] for row in rows)


def cell(value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def as_table(rows):
    """Every row has every column, and every message every key, most of them null."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    filled = [{key: nan_as_null(row.get(key)) for key in columns} for row in rows]
    return pa.table({key: pa.array([row[key] for row in filled]) for key in columns})


def nan_as_null(value):
    return None if isinstance(value, float) and math.isnan(value) else value


def write_parquet(path, rows):
    pq.write_table(as_table(rows), path)


def write_arrow_file(path, rows):
    pyarrow.feather.write_feather(as_table(rows), path)


def write_arrow_stream(path, rows):
    table = as_table(rows)
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


WRITERS = {
    "rows.json": write_json,
    "rows.json.gz": write_gzip,
    "object.json": write_object,
    "rows.csv": write_cells,
    "rows.tsv": write_cells,
    "rows.parquet": write_parquet,
    "rows.feather": write_arrow_file,
    "rows.arrow": write_arrow_stream,
}


def found_in(path):
    """Instances and the number of outcomes left out; the error's kind if no row is usable."""
    try:
        read = read_dataset(path, "toy")
    except DatasetError as error:
        return type(error)
    columns = ["instance_id", "content_sha256", "instruction", "input", "response"]
    return read.table.select(columns).to_pylist(), read.n_bad_rows, read.report.n_rows_used


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("same")


@given(rows=rows())
@settings(max_examples=150)
def test_the_same_rows_give_the_same_instances_in_every_file_type(folder, rows):
    expected_file = folder / "rows.jsonl"
    write_json_lines(expected_file, rows)
    expected = found_in(expected_file)
    for name, write in WRITERS.items():
        write(folder / name, rows)
        assert found_in(folder / name) == expected, name


@given(rows=rows())
@settings(max_examples=100)
def test_every_row_and_column_is_accounted_for(folder, rows):
    path = folder / "accounted.jsonl"
    write_json_lines(path, rows)
    try:
        read = read_dataset(path, "toy")
    except DatasetError:
        return
    report = read.report
    assert (report.n_rows, report.n_instances) == (len(rows), read.table.num_rows)
    assert report.n_left_out == sum(one.count for one in report.left_out) == read.n_bad_rows
    used_lines = set(read.table["source_line"].to_pylist())
    assert report.n_rows_used == len(used_lines)
    assert used_lines | {bad.line for bad in read.bad_rows} == {*range(1, len(rows) + 1)}
    named = {one.column for one in (*report.used, *report.unused)}
    for line in used_lines:
        assert {key for key, value in rows[line - 1].items() if is_filled(value)} <= named


def is_filled(value):
    is_blank = isinstance(value, str) and not value.strip()
    return not is_blank and value is not None and value != [] and value == value
