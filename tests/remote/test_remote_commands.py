"""`add-pair`, `pairs` and `inspect` with models behind a server."""

import json

import pytest
from remote.conftest import MODELS, TOYOTA

from itlim.store.connection import Store
from itlim.store.remote_runs import load_remote


@pytest.fixture(autouse=True)
def own_library(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_LIBRARY", str(tmp_path / "library.toml"))


@pytest.fixture
def added(itlim, httpserver, vllm):
    url = httpserver.url_for("/v1")
    code, out, err = itlim(
        "add-pair", "served",
        "--base-url", url, "--base-model", "base",
        "--tuned-url", url, "--tuned-model", "sft",
        "--tokenizer", MODELS / "sft", "--template", "alpaca-short",
    )  # fmt: skip
    assert code == 0, err
    assert "Added served" in out
    return url


def test_an_added_pair_is_listed_with_its_servers(itlim, added):
    code, out, _ = itlim("pairs", "--json")
    assert code == 0
    found = next(one for one in json.loads(out) if one["name"] == "served")
    assert found["tuning"] == "remote"
    assert found["base"] == f"base at {added}"
    assert "remote" in itlim("pairs")[1]


def test_inspect_prints_the_answer_and_what_each_column_is(itlim, added):
    code, out, err = itlim("inspect", "--pair", "served", "--instruction", TOYOTA)
    assert code == 0
    assert "Toyota" in out
    assert "KL(tuned ‖ base) at least: lower bound" in err
    assert "Emitted: base log-prob.: exact" in err
    assert "Jensen–Shannon divergence: missing" in err


def test_commands_say_which_server_gets_no_key(itlim, added, monkeypatch):
    monkeypatch.setenv("ITLIM_API_KEY", "sk-secret-17")
    _, _, err = itlim("inspect", "--pair", "served", "--instruction", TOYOTA)
    assert err.count(f"The key in ITLIM_API_KEY is not sent to {added}") == 1
    monkeypatch.setenv("ITLIM_API_URL", added)
    assert "is not sent to" not in itlim("inspect", "--pair", "served", "--instruction", TOYOTA)[2]


def test_inspect_saves_a_run_and_prints_one_json_object(itlim, added, tmp_path):
    db = tmp_path / "x.duckdb"
    arguments = ("--pair", "served", "--instruction", TOYOTA, "--top-k", 3, "--save", "--db", db)
    code, out, _ = itlim("inspect", *arguments, "--json")
    assert code == 0
    document = json.loads(out)
    assert document["format"] == "itlim.remote-run/1"
    assert document["base_top_k"] == 3
    with Store(db) as store:
        assert load_remote(store, document["run_id"]).response == document["response"]


def test_a_text_file_is_scored(itlim, added, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("A purple committee.")
    code, out, _ = itlim(
        "inspect", "--pair", "served", "--instruction", TOYOTA, "--response", path, "--json"
    )
    assert code == 0
    assert json.loads(out)["response"] == "A purple committee."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--base", "x"), "lacks --tuned-url"),
        (("--base", "x", "--tuned", "y"), "Neither model"),
        (("--base", "x", "--base-url", "http://h/v1", "--tuned", "y"), "not both"),
        (("--base-url", "http://h/v1", "--base-model", "m", "--tuned", "y"), "--tokenizer"),
        (
            ("--base-url", "http://h/v1", "--base-model", "m", "--tuned", "y", "--tokenizer", "no"),
            "not on this machine",
        ),
    ],
)
def test_incomplete_pairs_are_rejected_with_one_line(itlim, arguments, message):
    code, _, err = itlim("add-pair", "new", *arguments)
    assert code == 2
    assert message in err


def test_a_taken_name_and_two_ways_of_naming_models_are_rejected(itlim, added):
    taken = itlim("add-pair", "demo-sft", "--base", "x", "--tuned", "y")
    assert taken[0] == 2
    assert "already exists" in taken[2]
    both = itlim("inspect", "--pair", "served", "--base", "x", "--instruction", "Hi")
    assert both[0] == 2
    assert "not both" in both[2]


def test_other_commands_say_that_the_model_is_needed(itlim, added, tmp_path):
    rows = tmp_path / "q.jsonl"
    rows.write_text('{"instruction": "Hi"}\n')
    code, _, err = itlim(
        "batch", "--pair", "served", "--instructions", rows, "--out", tmp_path / "o"
    )
    assert code == 2
    assert "behind a server" in err
