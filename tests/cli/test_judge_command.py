"""The command `judge` against a real HTTP server."""

import json

import pyarrow.parquet as pq
import pytest
from chat_server import answer_with, chat_failure
from example_runs import example_run

from itlim.records.ratings import Aspect
from itlim.store.connection import Store
from itlim.store.runs import save_run

KEY = "sk-very-secret-0123456789"
CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    monkeypatch.setenv("ITLIM_API_KEY", KEY)


@answer_with
def by_length(asked):
    """Scores that depend on the rated text, so that a mix-up would show."""
    text = asked["messages"][0]["content"].split("##Output: ")[1].split("\n\n##")[0]
    score = 5 if "long" in text else 2
    return json.dumps({str(one): {"reason": "r", "score": score} for one in Aspect})


def options(httpserver, out):
    return (
        "--base-url", httpserver.url_for("/v1"), "--judge", "m", "--out", out,
        "--per-minute", 60000,
    )  # fmt: skip


def test_imported_and_stored_answers_are_rated_by_model(itlim, httpserver, tmp_path):
    httpserver.expect_request(CHAT).respond_with_handler(by_length)
    answers = tmp_path / "answers.jsonl"
    rows = [
        {"instruction": "Q1", "output": "a long answer", "generator": "one"},
        {"instruction": "Q2", "output": "brief", "generator": "one"},
    ]
    answers.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with Store(tmp_path / "runs.duckdb") as store:
        save_run(store, example_run("a" * 16, pair="mine", response="brief"))
    out = tmp_path / "ratings.parquet"
    code, printed, _ = itlim(
        "judge", *options(httpserver, out), "--responses", answers, "--pair", "mine",
        "--db", tmp_path / "runs.duckdb", "--prompt-price", 1, "--completion-price", 2, "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(printed)
    means = {(one["model"], one["aspect"]): (one["value"], one["n"]) for one in found["means"]}
    assert means["one", "depth"] == (3.5, 2)
    assert means["mine", "depth"] == (2, 1)
    assert found["status"] == {"complete": 3}
    assert found["usage"]["cost"] == pytest.approx((30 * 1 + 9 * 2) / 1e6)
    table = pq.read_table(out)
    assert table.num_rows == 3
    assert table["rated_at"].null_count == 0
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.glob("ratings*"))


def test_the_same_command_resumes_without_asking_again(itlim, httpserver, tmp_path):
    httpserver.expect_request(CHAT).respond_with_handler(by_length)
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"instruction": "Q1", "output": "a long answer"}))
    command = (
        "judge",
        *options(httpserver, tmp_path / "r.parquet"),
        "--responses",
        answers,
        "--model",
        "x",
    )
    for _ in range(2):
        code, printed, _ = itlim(*command)
        assert code == 0
    assert "0 requests, 0 + 0 tokens" in printed
    assert len(httpserver.log) == 1


def test_a_wrong_key_is_one_message_without_the_key(itlim, httpserver, tmp_path):
    httpserver.expect_request(CHAT).respond_with_response(chat_failure(401, f"bad {KEY}"))
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"instruction": "Q1", "output": "x"}))
    code, printed, error = itlim(
        "judge", *options(httpserver, tmp_path / "r.parquet"), "--responses", answers,
        "--model", "x",
    )  # fmt: skip
    assert (code, printed) == (2, "")
    assert "refused the key" in error
    assert KEY not in error


def test_without_answers_the_command_says_what_to_give(itlim, httpserver, tmp_path):
    code, _, error = itlim("judge", *options(httpserver, tmp_path / "r.parquet"))
    assert code == 2
    assert "Give --responses FILE or --pair NAME" in error
