"""`itlim provenance` as a user runs it."""

import json

import pytest
from borrowed_answers import answers, build_invented, dataset_rows, write_lines

KEYS = {
    "dataset",
    "n",
    "share",
    "controls_share",
    "difference",
    "ci_low",
    "ci_high",
    "p",
    "m_minus_decoy",
    "m_minus_decoy_controls",
    "explanation",
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    for seed in (1, 2):
        build_invented(tmp_path, f"set-{seed}", dataset_rows(seed), monkeypatch)
    write_lines(tmp_path / "tuned.jsonl", answers(0, copied_from=dataset_rows(2)))
    write_lines(tmp_path / "other.jsonl", answers(1))
    return tmp_path


@pytest.fixture
def indexes(files):
    return ["--index", files / "set-1", "--index", files / "set-2"]


def test_the_source_comes_first_in_json(itlim, files, indexes):
    code, out, err = itlim(
        "provenance", "--responses", files / "tuned.jsonl", "--controls", files / "other.jsonl",
        *indexes, "--json",
    )  # fmt: skip
    assert code == 0, err
    document = json.loads(out)
    assert document["n"] == 40
    assert [one["dataset"] for one in document["datasets"]] == ["set-2", "set-1"]
    assert all(set(one) == KEYS for one in document["datasets"])
    assert document["datasets"][0]["p"] < 0.01


def test_without_controls_p_is_null(itlim, files, indexes):
    code, out, _ = itlim("provenance", "--responses", files / "tuned.jsonl", *indexes, "--json")
    assert code == 0
    first = json.loads(out)["datasets"][0]
    assert (first["dataset"], first["p"], first["difference"]) == ("set-2", None, None)
    assert "no p" in first["explanation"]


def test_the_table_ends_with_one_sentence(itlim, files, indexes):
    code, out, _ = itlim(
        "provenance", "--responses", files / "tuned.jsonl", "--controls", files / "other.jsonl",
        *indexes,
    )  # fmt: skip
    assert code == 0
    header, first, second, blank, sentence = out.splitlines()
    assert header.split()[:3] == ["dataset", "flagged", "controls"]
    assert first.startswith("set-2")
    assert second.startswith("set-1")
    assert blank == ""
    assert sentence.startswith("The responses repeat set-2 more often than the control does")


def test_the_stored_runs_of_a_pair_are_read(itlim, files, indexes):
    database = files / "runs.duckdb"
    code, out, err = itlim("provenance", "--pair", "demo-sft", "--db", database, *indexes, "--json")
    assert code == 0, err
    assert json.loads(out)["n"] == 272


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give either --responses FILE or --pair NAME"),
        (["--responses", "a", "--pair", "b"], "Give either --responses FILE or --pair NAME"),
        (["--responses", "missing.jsonl"], "There is no file missing.jsonl"),
        (["--pair", "unknown"], "unknown"),
    ],
)
def test_invalid_input_is_one_line_and_exit_code_2(itlim, files, indexes, arguments, message):
    code, out, err = itlim("provenance", *arguments, *indexes)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_an_index_without_a_chance_baseline_is_one_line_and_exit_code_2(itlim, files, monkeypatch):
    build_invented(files, "tiny", dataset_rows(1, n=3), monkeypatch, null=None)
    code, _, err = itlim(
        "provenance", "--responses", files / "tuned.jsonl", "--index", files / "tiny"
    )
    assert code == 2
    assert "has no chance baseline for whole responses" in err
