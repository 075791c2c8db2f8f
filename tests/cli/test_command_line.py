"""The command line as a user runs it, with tiny models."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from tiny_models import full_pair, lora_pair

from itlim.library import add_pair
from itlim.records import ModelSource
from itlim.store.connection import Store
from itlim.store.runs import count_runs


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return full_pair(tmp_path_factory.mktemp("full"), "qwen2")


def sources(pair):
    tuned = ("--adapter", pair.adapter.path) if pair.adapter else ("--tuned", pair.tuned.path)
    return ("--base", pair.base.path, *tuned, "--template", "plain", "--max-new-tokens", 6)


def test_inspect_prints_one_json_object_with_the_promised_fields(itlim, models):
    code, out, _ = itlim("inspect", *sources(models), "--instruction", "Name a river.", "--json")
    assert code == 0
    found = json.loads(out)
    assert "".join(token["text"] for token in found["tokens"]) == found["response"]
    assert found["prompt"] == "Question: Name a river.\nAnswer:"
    assert found["decoding"]["mode"] == "greedy"
    assert len(found["tokens"][0]["top_base"]) == 10
    assert found["summary"]["n_tokens"] <= 6


def test_inspect_scores_a_file_unchanged(itlim, models, tmp_path):
    text = "The Nile.\r\n"
    (tmp_path / "response.txt").write_bytes(text.encode())
    code, out, _ = itlim(
        "inspect", *sources(models), "--instruction", "x", "--json",
        "--response", tmp_path / "response.txt",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["response"] == text


def test_inspect_accepts_an_adapter(itlim, tmp_path):
    pair = lora_pair(tmp_path, "llama")
    code, out, _ = itlim("inspect", *sources(pair), "--instruction", "x", "--json")
    assert code == 0
    assert json.loads(out)["tuning"] == "adapter"


def test_notices_are_printed_as_notes_and_listed_in_the_json(itlim, models, tmp_path):
    tuned = shutil.copytree(models.tuned.path, tmp_path / "tuned")
    note = {"recipe": {}, "template": "alpaca-short", "dataset": ["demo"]}
    (tuned / "training.json").write_text(json.dumps(note))
    pair = replace(models, tuned=ModelSource(path=str(tuned)))
    code, out, err = itlim("inspect", *sources(pair), "--instruction", "x", "--json")
    assert code == 0
    (notice,) = json.loads(out)["notices"]
    assert "the model was tuned with alpaca-short" in notice
    assert f"itlim: note: {notice}" in err.splitlines()
    code, out, err = itlim("inspect", *sources(models), "--instruction", "x", "--json")
    assert json.loads(out)["notices"] == []
    assert "note:" not in err


def test_only_save_writes_to_the_database(itlim, home, models):
    add_pair(replace(models, name="mine", template="plain"))
    arguments = ("inspect", "--pair", "mine", "--instruction", "x", "--max-new-tokens", 4)
    assert itlim(*arguments)[0] == 0
    assert not (home / "itlim.duckdb").exists()
    assert itlim(*arguments, "--save")[0] == 0
    assert itlim(*arguments, "--save")[0] == 0
    with Store(home / "itlim.duckdb") as store:
        assert count_runs(store) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("inspect", "--pair", "nope", "--instruction", "x"), "No pair named 'nope'"),
        (("inspect", "--base", "/no/such", "--tuned", "/x", "--instruction", "x"), "/no/such"),
        (("inspect", "--base", "a", "--instruction", "x"), "--tuned or --adapter"),
        (("inspect", "--pair", "demo-sft", "--instruction", "  "), "instruction is empty"),
        (("inspect", "--pair", "demo-sft"), "--instruction"),
        (("inspect", "--nonsense"), "--nonsense"),
        (("train", "--recipe", "sft", "--base", "b", "--dataset", "demo", "--out", "/proc/no/x"),
         "/proc/no/x"),
        (("inspect", "--pair", "demo-sft", "--template", "x", "--instruction", "x"), "template"),
        (("inspect", "--pair", "demo-sft", "--instruction", "x", "--response", "/no"), "/no"),
        (("demo", "leave-out", "--out", "/no/x.parquet"), "/no is not a folder"),
        (("demo", "leave-out", "--out", "/tmp/x", "--seeds", "0;1"), "whole numbers"),
        (("train", "--recipe", "x", "--base", "b", "--dataset", "demo", "--out", "/tmp/no/x"),
         "Unknown recipe 'x'"),
        (("train", "--recipe", "sft", "--base", "b", "--dataset", "/no/d", "--out", "/tmp/no/x"),
         "/no/d"),
    ],
)  # fmt: skip
def test_invalid_input_prints_one_line_and_exits_with_code_2(itlim, arguments, message):
    code, out, err = itlim(*arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_pairs_are_listed_without_loading_torch(home):
    done = subprocess.run(
        [sys.executable, "-c",
         "import sys; sys.argv = ['itlim', 'pairs', '--json']\n"
         "from itlim.__main__ import main; main(); sys.exit('torch' in sys.modules)"],
        env={**os.environ, "ITLIM_HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {"demo-sft", "demo-lft"} <= {row["name"] for row in json.loads(done.stdout)}


def test_a_stored_answer_opens_without_loading_torch(itlim, home, models):
    add_pair(replace(models, name="mine", template="plain"))
    arguments = ["inspect", "--pair", "mine", "--instruction", "x", "--max-new-tokens", "4"]
    assert itlim(*arguments, "--save")[0] == 0
    code = (
        f"import sys; sys.argv = ['itlim', *{arguments!r}, '--save', '--json']\n"
        "from itlim.__main__ import main; main(); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "ITLIM_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pair"] == "mine"
