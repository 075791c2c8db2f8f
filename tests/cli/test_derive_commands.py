"""The commands `simplify`, `filter` and `evolve`, and tuning on what they write."""

import json

import pytest
import torch
from causality.studies import save_base
from chat_server import answer_with
from remedies.parents import write_rows
from training.tiny import PAIRS, TEMPLATE

from itlim.datasets import read_dataset
from itlim.datasets.lineage import read_lineage

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def mine(tmp_path):
    return write_rows(tmp_path / "mine.jsonl")


def test_simplify_writes_rows_and_lineage(itlim, mine, tmp_path):
    out = tmp_path / "short.jsonl"
    code, printed, err = itlim("simplify", mine, "--out", out, "--sentences", 1)
    assert code == 0, err
    assert "Made from mine (4 instances" in printed
    assert "without a model" in printed
    assert read_dataset(out, "short").table["response"].to_pylist() == [
        "Emma is by Jane Austen.", "5", "The Nile.", "1. Fig\n2. Plum\n3. Pear",
    ]  # fmt: skip
    assert read_lineage(out).settings == {"sentences": 1, "items": 3}


def test_filter_writes_a_control_of_the_same_size(itlim, mine, tmp_path):
    out, control = tmp_path / "best.jsonl", tmp_path / "random.jsonl"
    code, printed, err = itlim(
        "filter", mine, "--out", out, "--keep", 2, "--control", control, "--seed", 3, "--json"
    )
    assert code == 0, err
    documents = [json.loads(line) for line in printed.splitlines()]
    assert [one["operation"] for one in documents] == ["filter", "random subset"]
    assert [one["rows"] for one in documents] == [2, 2]
    assert documents[1]["settings"] == {"size": 2, "seed": 3}
    assert read_dataset(control, "x").table.num_rows == 2


def test_rows_without_a_score_give_exit_code_1(itlim, mine, tmp_path):
    command = ("filter", mine, "--out", tmp_path / "o.jsonl", "--score", "quality")
    code, printed, _ = itlim(*command, "--threshold", 4)
    assert code == 1
    assert "3 rows failed and are not in the dataset, such as mine-1: no quality score" in printed


def test_evolve_names_its_templates(itlim, mine, tmp_path):
    out = tmp_path / "harder.jsonl"
    code, printed, err = itlim("evolve", mine, "--out", out, "--operation", "constraints")
    assert code == 0, err
    assert "offline templates, without a model" in printed
    assert read_lineage(out).changed == 4


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("evolve", "--operation", "magic"), "Unknown operation 'magic'"),
        (("filter",), "Give either a threshold or the number of rows"),
        (("filter", "--keep", "2", "--score", "nope"), "No row of mine has a number"),
        (("filter", "--keep", "2", "--ratings", "none.parquet"), "not a Parquet file of ratings"),
    ],
)
def test_invalid_input_is_one_line_and_nothing_is_written(itlim, mine, tmp_path, command, says):
    name, *options = command
    code, printed, err = itlim(name, mine, "--out", tmp_path / "o.jsonl", *options)
    assert (code, printed) == (2, "")
    assert says in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jsonl"]


def test_other_files_are_not_overwritten(itlim, mine):
    before = mine.read_bytes()
    code, _, err = itlim("simplify", mine, "--out", mine)
    assert code == 2
    assert "something else made it" in err
    assert mine.read_bytes() == before


@pytest.mark.parametrize("recipe", ["sft", "lft"])
def test_a_made_dataset_trains_and_its_lineage_is_in_the_training_note(itlim, tmp_path, recipe):
    torch.set_num_threads(1)
    base = save_base(tmp_path / "base").base.path
    rows = [{"instruction": question, "output": answer} for question, answer in PAIRS]
    out = tmp_path / "short.jsonl"
    itlim("simplify", write_rows(tmp_path / "tiny.jsonl", rows), "--out", out, "--sentences", 1)
    code, _, err = itlim(
        "train", "--recipe", recipe, "--base", base, "--dataset", out, "--template", TEMPLATE,
        "--epochs", 1, "--batch-size", 4, "--device", "cpu", "--out", tmp_path / "model",
    )  # fmt: skip
    assert code == 0, err
    note = json.loads((tmp_path / "model" / "training.json").read_text())
    assert note["dataset"] == ["short"]
    assert note["instances"] == len(PAIRS)
    assert note["lineage"] == read_lineage(out).document() | {"failed": []}


@answer_with
def first_sentence(asked):
    return asked["messages"][0]["content"].split("##Response: ")[1].split(".")[0]


def test_a_server_simplifies_with_cost_and_the_key_is_nowhere(
    itlim, httpserver, mine, tmp_path, monkeypatch
):
    monkeypatch.setenv("ITLIM_API_KEY", KEY)
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(first_sentence)
    command = (
        "simplify", mine, "--out", tmp_path / "s.jsonl", "--base-url", httpserver.url_for("/v1"),
        "--model", "m", "--per-minute", 60000, "--prompt-price", 1, "--completion-price", 2,
    )  # fmt: skip
    code, printed, err = itlim(*command, "--json")
    assert code == 0, err
    found = json.loads(printed)
    assert (found["rows"], found["model"], found["usage"]["requests"]) == (4, "m", 4)
    assert found["usage"]["cost"] == pytest.approx((40 * 1 + 12 * 2) / 1e6)
    code, printed, _ = itlim(*command)
    assert (code, "0 requests, 0 + 0 tokens, cost 0.0000" in printed) == (0, True)
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_server_needs_its_model(itlim, mine, tmp_path):
    command = ("evolve", mine, "--out", tmp_path / "e.jsonl", "--base-url", "http://x/v1")
    code, _, err = itlim(*command)
    assert code == 2
    assert "both --base-url and --model" in err
    code, _, err = itlim(*command, "--model", "m", "--operation", "input")
    assert "expected one of constraints, deepening, concretizing, reasoning, breadth" in err
