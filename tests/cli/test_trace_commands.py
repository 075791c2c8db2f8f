"""`python -m itlim index` as a user runs it."""

import json
from pathlib import Path

import pytest

from itlim.datasets import report_document
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


def test_rows_left_out_and_columns_not_used_are_reported(itlim, tmp_path):
    bad = [{"instruction": "x", "rejected": "y"}] * 12
    path = dataset(tmp_path / "rivers.jsonl", [*ROWS, *bad])
    code, out, err = itlim("index", path, "--out", "i", "--lexical-only")
    assert code == 0
    assert "12 rows skipped" in out
    assert err.replace(f"{path}: ", "").splitlines() == [
        "2 of 14 rows used, 12 left out: 2 instances.",
        "Columns used: instruction from 'instruction' (2 rows), response from 'output' (2 rows).",
        "Left out: the key 'output' is missing (12 times; lines 3, 4, 5, 6, 7, …).",
        "Columns not used: 'rejected' (12 rows).",
        f"All rows left out: {tmp_path / 'i' / 'bad_rows.json'}",
    ]


def test_the_report_is_also_json_and_is_kept_with_the_index(itlim, tmp_path):
    bad = {"instruction": "x", "\ud800": "y"}
    path = dataset(tmp_path / "rivers.jsonl", [*ROWS, bad])
    for up_to_date in (False, True):
        code, out, _ = itlim("index", path, "--out", "i", "--lexical-only", "--json")
        document = json.loads(out)
        assert (code, document["up_to_date"], document["n_instances"]) == (0, up_to_date, 2)
        assert document["report"] == json.loads(Path("i", "report.json").read_text())
        assert document["report"]["unused"] == [{"column": "\ud800", "rows": 1, "looks_like": None}]
    report = open_index("i").report
    assert report is not None
    assert (report.n_rows, report.n_rows_used, report.n_left_out) == (3, 2, 1)
    assert report_document(report) == document["report"]


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
