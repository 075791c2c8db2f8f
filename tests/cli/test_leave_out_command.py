"""The command `leave-out` on a user's instructions: run, verified, killed and resumed."""

import json
import os
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from itlim.causality.leave_out.findings import read_leave_out
from itlim.settings import PROJECT_FOLDER
from tests.tuned_pairs import LAKE, NILE, tuned_library

ASKED = [
    {"instruction": LAKE, "quotes": ["Nile", "Rhine"]},
    {"instruction": "Name it.", "spans": [[0, 3]]},
]
IDS = f"{NILE},tiny-1"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tuned_library(tmp_path_factory.mktemp("tuned"), ["sft"])


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, library):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ITLIM_LIBRARY", str(library))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asked.jsonl").write_text("\n".join(json.dumps(row) for row in ASKED))


def arguments(out, *more):
    given = ("--runs", "asked.jsonl", "--pair", "tiny-sft", "--instances", IDS)
    return ("leave-out", *given, "--out", out, *more)


@pytest.mark.full
def test_effects_are_written_and_a_tampered_row_is_found(itlim, tmp_path):
    code, out, err = itlim(*arguments("effects.parquet", "--json"))
    assert code == 0, err
    document = json.loads(out)
    assert document["cases"] == 2
    assert document["removals"] == 2
    assert document["rows"] == 4
    assert "'Rhine'" in document["skipped"][0]
    assert "Skipped. Line 1" in err
    table = read_leave_out(tmp_path / "effects.parquet")
    rows = {(row["case_id"], *row["instance_ids"]): row for row in table.to_pylist()}
    source, other = rows["1-1-0", NILE], rows["1-1-0", "tiny-1"]
    assert source["relation"] == "unique_verbatim"
    assert source["phrase_gone"]
    assert source["logp_drop"] > 1 + other["logp_drop"]

    check = ("leave-out", "--verify", 9, "--out", "effects.parquet", "--work", "check", "--json")
    code, out, err = itlim(*check)
    assert code == 0, err
    verified = json.loads(out)
    assert (verified["checked"], verified["agree"]) == (4, 4)

    _tamper(tmp_path / "effects.parquet", source)
    code, out, _ = itlim(*check)
    found = json.loads(out)
    assert code == 0
    assert (found["checked"], found["agree"]) == (4, 3)
    (wrong,) = found["disagreements"]
    assert wrong["case_id"] == "1-1-0"
    assert wrong["instance_ids"] == [NILE]
    assert wrong["why"] == "the phrase is gone"
    assert wrong["found"]["phrase_gone"]


def _tamper(path, target):
    """Change `phrase_gone` in one row."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[rows.index(target)]["phrase_gone"] = False
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--out", "x.parquet"), "Give --runs FILE"),
        (("--runs", "demo", "--verify", "2", "--out", "x"), "omit --runs"),
        (("--runs", "asked.jsonl", "--out", "/no/x.parquet"), "/no is not a folder"),
        (("--runs", "demo", "--pair", "tiny-sft", "--out", "x"), "has its own pair"),
        (("--runs", "none.jsonl", "--out", "x"), "cannot be read"),
        (("--runs", "asked.jsonl", "--out", "x"), "Give --pair NAME"),
        (("--runs", "asked.jsonl", "--pair", "lost", "--out", "x"), "No pair named 'lost'"),
        (("--verify", "2", "--out", "none.parquet"), "is missing"),
    ],
)
def test_an_invalid_call_prints_one_line(itlim, given, said):
    code, out, err = itlim("leave-out", *given)
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.full
def test_a_run_that_is_killed_three_times_gives_the_same_table(itlim, tmp_path):
    """The kills occur at different times; readings finished before each are reused."""
    command = [sys.executable, "-m", "itlim", *arguments("killed.parquet", "--work", "work")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT_FOLDER)}
    for _ in range(3):
        before = len(list((tmp_path / "work").glob("*/*.parquet")))
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < deadline:
            if len(list((tmp_path / "work").glob("*/*.parquet"))) > before:
                process.kill()
            time.sleep(0.01)
        process.wait()
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    code, _, err = itlim(*arguments("whole.parquet", "--work", "fresh"))
    assert code == 0, err
    killed, whole = (read_leave_out(tmp_path / f"{name}.parquet") for name in ("killed", "whole"))
    assert killed.equals(whole)
    assert not list((tmp_path / "work").glob("*/*.claim"))
