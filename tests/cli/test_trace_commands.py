"""`python -m itlim index` as a user runs it."""

import json
from pathlib import Path

import pytest

from itlim.trace import open_index
from itlim.trace.index import build

ROWS = [
    {"instruction": "Name a river.", "input": "", "output": "The Nile is a river."},
    {"instruction": "Name a city.", "output": "Paris is a city."},
]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    # Fitting the chance baseline takes most of a tiny build, and these tests do not use it.
    monkeypatch.setattr(build, "write_chance", lambda _folder, _phases: None)


def dataset(path: Path, rows=ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def test_one_dataset_is_indexed_directly_into_out(itlim, tmp_path):
    path = dataset(tmp_path / "rivers.jsonl")
    code, out, err = itlim("index", path, "--out", "made/here", "--lexical-only")
    assert (code, err) == (0, "")
    assert "2 instances of rivers (alpaca), 15 words, words only" in out
    index = open_index(tmp_path / "made" / "here")
    assert index.instance_at(1)["instance_id"] == "rivers-2"
    assert sorted(file.name for file in (tmp_path / "made").iterdir()) == ["here"]


def test_indexing_again_is_a_no_op_and_is_reported_as_such(itlim, tmp_path):
    path = dataset(tmp_path / "rivers.jsonl")
    assert "up to date" not in itlim("index", path, "--out", "i", "--lexical-only")[1]
    created = open_index(tmp_path / "i").meta
    code, out, _ = itlim("index", path, "--out", "i", "--lexical-only")
    assert code == 0
    assert "(up to date)" in out
    assert open_index(tmp_path / "i").meta == created


def test_several_datasets_are_indexed_into_one_folder_each(itlim, tmp_path):
    first = dataset(tmp_path / "a" / "data.jsonl")
    second = dataset(tmp_path / "b" / "data.jsonl", ROWS[:1])
    third = dataset(tmp_path / "c" / "my lakes.jsonl")
    code, out, _ = itlim("index", first, second, third, "--out", "all", "--lexical-only")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert sorted(p.name for p in (tmp_path / "all").iterdir()) == ["data", "data-2", "my-lakes"]
    assert len(open_index(tmp_path / "all" / "data").instances) == 2
    assert len(open_index(tmp_path / "all" / "data-2").instances) == 1
    code, _, err = itlim("index", first, third, "--out", "all/data", "--lexical-only")
    assert code == 2
    assert "is an index itself" in err


def test_a_dataset_can_be_given_by_its_name_in_the_library(itlim, tmp_path):
    code, out, _ = itlim("index", "demo", "--out", "demo-index", "--lexical-only")
    assert code == 0
    assert "405 instances of demo" in out
    assert open_index(tmp_path / "demo-index").instance_at(404)["instance_id"] == "demo-405"


def test_skipped_rows_are_reported_with_their_lines(itlim, tmp_path):
    bad = [{"instruction": "x"}] * 12
    path = dataset(tmp_path / "rivers.jsonl", [*ROWS, *bad])
    code, out, err = itlim("index", path, "--out", "i", "--lexical-only")
    assert code == 0
    assert "12 rows skipped" in out
    lines = err.splitlines()
    assert len(lines) == 11
    assert "line 3: skipped: " in lines[0]
    assert lines[-1].startswith("… and 2 more rows: see ")


def test_columns_can_be_mapped(itlim, tmp_path):
    path = dataset(tmp_path / "rows.jsonl", [{"ask": "Who?", "say": "Nobody."}])
    columns = ("--column", "instruction=ask", "--column", "response=say")
    code, _, _ = itlim("index", path, "--out", "i", "--lexical-only", *columns)
    assert code == 0
    assert open_index(tmp_path / "i").instance_at(0)["response"] == "Nobody."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rivers.jsonl", "--out", "full"), "not empty and does not contain an index"),
        (("rivers.jsonl", "--out", "rivers.jsonl"), "is a file"),
        (("none.jsonl", "--out", "i"), "none.jsonl"),
        (("rivers.jsonl", "--out", "i", "--column", "answer=b"), "instruction, input"),
        (("rivers.jsonl", "--out", "i", "--column", "response"), "FIELD=COLUMN"),
        (("rivers.jsonl", "--out", "i", "--format", "novel"), "novel"),
        (("rivers.jsonl", "--out", "i", "--encoder", "/no/encoder"), "/no/encoder"),
        (("rivers.jsonl",), "--out"),
        (("--out", "i"), "datasets"),
    ],
)
def test_invalid_input_prints_one_line_and_creates_nothing(itlim, tmp_path, arguments, message):
    dataset(tmp_path / "rivers.jsonl")
    dataset(tmp_path / "full" / "thesis.txt")
    lexical = () if "--encoder" in arguments else ("--lexical-only",)
    code, out, err = itlim("index", *arguments, *lexical)
    assert (code, out) == (2, "")
    assert message.lower() in err.lower()
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "i").exists()
