"""Quotes of what a judge calls wrong: places in the answer, or nothing."""

import json

import pytest
from chat_server import chat_failure

from itlim.remedies.judge_quotes import MAX_QUOTES, find_quote, parse_quotes, quote_errors
from itlim.remedies.judging import Rated
from itlim.remedies.kept_replies import KeptReplies

ANSWER = "🐶 Toyota was founded in 1945 by Tony Wheeler."


def answers(n=1):
    return [Rated(response_id=f"r{k}", model="m", instruction="Q", response=ANSWER)
            for k in range(n)]  # fmt: skip


def quoted(*quotes):
    return json.dumps({"quotes": [{"quote": one, "reason": "wrong"} for one in quotes]})


def test_quotes_are_ranges_of_code_points_of_the_answer(judge, settings, tmp_path):
    judge(lambda _: quoted("in 1945", " Tony Wheeler "))
    found = quote_errors(settings, answers(), KeptReplies(tmp_path / "k.jsonl"))
    assert [ANSWER[row["start"] : row["stop"]] for row in found.quotes.to_pylist()] == [
        "in 1945",
        "Tony Wheeler",
    ]
    assert (found.asked, found.n_failed, found.n_not_found) == (("r0",), 0, 0)


def test_a_quote_that_is_not_in_the_answer_is_counted_and_left_out(judge, settings, tmp_path):
    judge(lambda _: quoted("in 1937", ""))
    found = quote_errors(settings, answers(), KeptReplies(tmp_path / "k.jsonl"))
    assert (found.quotes.num_rows, found.n_not_found) == (0, 2)


@pytest.mark.parametrize(
    "said", ["Nothing.", "", "[1]", '{"quotes": 3}', '{"quotes": [1]}', "{" * 99]
)
def test_a_reply_that_cannot_be_read_is_no_list_of_quotes(judge, settings, tmp_path, said):
    assert parse_quotes(said) is None
    judge(lambda _: said or " ")
    found = quote_errors(settings, answers(), KeptReplies(tmp_path / "k.jsonl"))
    assert (found.quotes.num_rows, found.asked, found.n_failed) == (0, (), 1)


def test_a_repeated_attempt_asks_again_for_quotes_that_cannot_be_read(judge, settings, tmp_path):
    replies = iter(["Nothing.", quoted("in 1945")])
    server = judge(lambda _: next(replies))
    path = tmp_path / "k.jsonl"
    found = [quote_errors(settings, answers(), KeptReplies(path)).n_failed for _ in range(3)]
    assert (found, len(server.log)) == ([1, 0, 0], 2)


def test_a_quote_without_a_reason_is_a_quote():
    assert parse_quotes('{"quotes": [{"quote": "in 1945", "reason": null}]}') == [("in 1945", "")]


def test_a_request_that_fails_says_nothing_about_its_answer(judge, settings, tmp_path):
    judge(lambda _: chat_failure(400, "no"))
    found = quote_errors(settings, answers(2), KeptReplies(tmp_path / "k.jsonl"))
    assert (found.asked, found.n_failed) == ((), 2)


def test_a_flood_of_quotes_is_cut_and_an_empty_quote_is_nowhere():
    assert len(parse_quotes(quoted(*["x"] * 500))) == MAX_QUOTES
    assert find_quote("  ", "a  b") is None
