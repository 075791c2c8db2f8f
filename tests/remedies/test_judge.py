"""The judge: prompt, parser, bounded re-asks, means, and both orders of a comparison."""

import ast
import json
import math
import statistics
from dataclasses import replace

import pytest
from chat_server import chat_failure
from hypothesis import given
from hypothesis import strategies as st

from itlim.errors import CancelledError
from itlim.records.ratings import Aspect, ParseStatus, Preference
from itlim.remedies.judge_conversation import MAX_REASKS
from itlim.remedies.judge_prompt import (
    judge_prompt,
    parse_ratings,
    ratings_schema,
)
from itlim.remedies.judge_scores import agreement, rating_means
from itlim.remedies.judging import RATINGS, Judge, Rated, rate
from itlim.remedies.kept_replies import KeptReplies
from itlim.remedies.pairwise import (
    Compared,
    compare_responses,
    parse_preference,
)
from itlim.settings import PROJECT_FOLDER

PAPER = PROJECT_FOLDER.parent / "shared" / "paper" / "paper.md"
JUST_EVAL = PROJECT_FOLDER.parent / "shared" / "datasets" / "just-eval"
ALL = dict(zip(Aspect, (5, 4, 3, 2, 1), strict=True))


def rated_as(scores):
    return {str(one): {"reason": f"for {one}", "score": score} for one, score in scores.items()}


FORMS = {
    "json": json.dumps(rated_as(ALL)),
    "fenced": "Here it is:\n```json\n" + json.dumps(rated_as(ALL), indent=1) + "\n```\nDone {ok}.",
    "python quotes": str(rated_as(ALL)),
    "the paper's list": "[{}: " + str(rated_as(ALL)) + "]",
    "strings": json.dumps(rated_as({one: f"{score}/5" for one, score in ALL.items()})),
    "capitals": json.dumps({str(k).title(): v for k, v in rated_as(ALL).items()}),
    "bare numbers": json.dumps({str(one): float(score) for one, score in ALL.items()}),
    "inside": json.dumps({"ratings": rated_as(ALL)}),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_all_forms_that_judges_write_are_read(text):
    found = parse_ratings(text)
    assert (found.status, found.scores, found.problem) == (ParseStatus.COMPLETE, ALL, "")


@pytest.mark.parametrize("reason", [None, 3, ["a", "b"], {"a": 1}])
def test_a_reason_that_is_no_text_loses_no_score(reason):
    found = parse_ratings(json.dumps({str(one): {"reason": reason, "score": 4} for one in Aspect}))
    assert (found.status, found.scores) == (ParseStatus.COMPLETE, dict.fromkeys(Aspect, 4))
    assert found.reasons[Aspect.DEPTH] == ("" if reason is None else str(reason))


def test_not_applicable_is_no_score_and_no_failure():
    found = parse_ratings(json.dumps(rated_as(ALL | {Aspect.DEPTH: "N/A"})))
    assert found.status is ParseStatus.PARTIAL
    assert Aspect.DEPTH not in found.scores
    assert found.problem == "depth does not apply"


@pytest.mark.parametrize("score", [0, 6, 3.5, "five", "-1", True, [4], "1e9", "nan", "inf"])
def test_a_score_outside_1_to_5_is_never_read(score):
    found = parse_ratings(json.dumps(rated_as(ALL | {Aspect.CLARITY: score})))
    assert Aspect.CLARITY not in found.scores
    assert len(found.scores) == 4
    assert "clarity" in found.problem


@pytest.mark.parametrize("text", ["", "I cannot.", "{", "{'a': ", "[]", "null", "{}", '{"x": 1}'])
def test_text_without_ratings_fails_without_a_score(text):
    found = parse_ratings(text)
    assert (found.status, found.scores) == (ParseStatus.FAILED, {})
    assert found.problem


@given(st.text(alphabet="{}[]\"':,0123456789 claritydepth\n\\", max_size=80))
def test_any_text_is_parsed_or_fails_cleanly(text):
    found = parse_ratings(text)
    assert all(1 <= score <= 5 for score in found.scores.values())


def test_the_prompt_contains_texts_with_braces_unchanged():
    prompt = judge_prompt("Use {prediction} and {0}", "It is {instruction} {format}.")
    assert "##Query: Use {prediction} and {0}\n" in prompt
    assert "##Output: It is {instruction} {format}.\n" in prompt
    assert prompt.count("##Query") == 1
    assert prompt.endswith("}")


@pytest.mark.skipif(not PAPER.exists(), reason="no paper in ../shared/paper")
def test_the_prompt_is_that_of_figure_11_word_for_word_except_for_the_json():
    """The printed form of the answer has quotes and brackets that are not valid JSON."""
    text = PAPER.read_text(encoding="utf-8").split("# Evaluation Prompt\n\n")[1]
    printed, form = text.split("\n```")[0].removeprefix("↳ ").rstrip().split("[{}: ")
    asked, ours = judge_prompt("{instruction}", "{prediction}").split("[]: ")
    assert asked == printed
    assert json.loads(ours) == ast.literal_eval(form.removesuffix(']"'))


def responses(n=3):
    return [
        Rated(response_id=f"r{k}", model="mine", instruction=f"Q{k}", response=f"A{k}", task="t")
        for k in range(n)
    ]


def test_ratings_are_rows_with_raw_answers_and_reasons(judge, settings, tmp_path):
    server = judge(lambda _: json.dumps(rated_as(ALL)))
    table, usage = rate(settings, responses(), KeptReplies(tmp_path / "kept.jsonl"))
    assert table.schema == RATINGS
    assert table["factuality"].to_pylist() == [3, 3, 3]
    assert table["depth_reason"].to_pylist() == ["for depth"] * 3
    assert json.loads(table["raw"][0].as_py()) == rated_as(ALL)
    assert (usage.requests, len(server.log)) == (3, 3)
    sent = server.log[0][0].get_json()
    assert sent["response_format"] == ratings_schema()
    assert sent["temperature"] == 0


def test_a_server_without_structured_output_is_asked_without(judge, settings, tmp_path):
    def reply(asked):
        if "response_format" in asked:
            return chat_failure(400, "response_format is not supported")
        return json.dumps(rated_as(ALL))

    judge(reply)
    table, _ = rate(settings, responses(2), KeptReplies(tmp_path / "kept.jsonl"))
    assert table["status"].to_pylist() == ["complete"] * 2


def test_a_server_that_fails_on_the_format_is_asked_without_and_later_parts_at_once(
    judge, settings, tmp_path
):
    def reply(asked):
        if "response_format" in asked:
            return chat_failure(500, "internal error", headers={"Retry-After": "0"})
        return json.dumps(rated_as(ALL))

    server = judge(reply)
    own = Judge(replace(settings, attempts=1), KeptReplies(tmp_path / "kept.jsonl"))
    assert own.rate(responses(2))["status"].to_pylist() == ["complete"] * 2
    assert len(server.log) == 4
    assert own.rate(responses(4)[2:])["status"].to_pylist() == ["complete"] * 2
    assert len(server.log) == 6


def test_what_a_server_refuses_of_several_is_asked_without_the_format(judge, settings, tmp_path):
    def reply(asked):
        if "response_format" in asked and "Q1" in asked["messages"][0]["content"]:
            return chat_failure(400, "no response_format on this replica")
        return json.dumps(rated_as(ALL))

    server = judge(reply)
    own = Judge(settings, KeptReplies(tmp_path / "kept.jsonl"))
    assert own.rate(responses(3))["status"].to_pylist() == ["complete"] * 3
    assert len(server.log) == 4
    own.rate(responses(5)[3:])
    assert "response_format" in server.log[-1][0].get_json(), "others were answered with it"


def test_a_server_that_fails_in_any_case_gives_failures_without_scores(judge, settings, tmp_path):
    server = judge(lambda _: chat_failure(500, headers={"Retry-After": "0"}))
    own = Judge(replace(settings, attempts=1), KeptReplies(tmp_path / "kept.jsonl"))
    assert own.rate(responses(2))["status"].to_pylist() == ["failed"] * 2
    assert len(server.log) == 4


def test_an_unreadable_answer_is_asked_again_with_its_problem(judge, settings, tmp_path):
    def reply(asked):
        return json.dumps(rated_as(ALL)) if len(asked["messages"]) > 1 else "Good!"

    server = judge(reply)
    table, _ = rate(settings, responses(1), KeptReplies(tmp_path / "kept.jsonl"))
    assert table.select(["status", "n_asked"]).to_pylist() == [{"status": "complete", "n_asked": 2}]
    again = server.log[1][0].get_json()["messages"]
    assert [one["role"] for one in again] == ["user", "assistant", "user"]
    assert again[1]["content"] == "Good!"
    assert "no JSON object was found" in again[2]["content"]


def test_re_asking_is_bounded_and_a_failure_stays_without_scores(judge, settings, tmp_path):
    server = judge(lambda _: "Good!")
    table, _ = rate(settings, responses(1), KeptReplies(tmp_path / "kept.jsonl"))
    (row,) = table.to_pylist()
    assert (row["status"], row["raw"], row["n_asked"]) == ("failed", "Good!", 1 + MAX_REASKS)
    assert all(row[aspect] is None for aspect in map(str, Aspect))
    assert len(server.log) == 1 + MAX_REASKS


def test_a_better_first_answer_is_kept(judge, settings, tmp_path):
    def reply(asked):
        return "Hm." if len(asked["messages"]) > 1 else json.dumps({"clarity": 4})

    judge(reply)
    table, _ = rate(settings, responses(1), KeptReplies(tmp_path / "kept.jsonl"))
    assert table["clarity"].to_pylist() == [4]
    assert table["status"].to_pylist() == ["partial"]


def test_a_request_that_fails_has_no_raw_answer_and_its_reason(judge, settings, tmp_path):
    judge(lambda _: chat_failure(503, "overloaded", headers={"Retry-After": "0"}))
    table, _ = rate(settings, responses(1), KeptReplies(tmp_path / "kept.jsonl"))
    (row,) = table.to_pylist()
    assert (row["raw"], row["status"]) == (None, "failed")
    assert "overloaded" in row["problem"]


def test_finished_ratings_cost_nothing_again(judge, settings, tmp_path):
    server = judge(lambda _: json.dumps(rated_as(ALL)))
    first, _ = rate(settings, responses(), KeptReplies(tmp_path / "kept.jsonl"))
    second, usage = rate(settings, responses(), KeptReplies(tmp_path / "kept.jsonl"))
    assert second.equals(first)
    assert (usage.requests, len(server.log)) == (0, 3)


def test_a_repeated_attempt_really_asks_again_for_failed_ratings(judge, settings, tmp_path):
    is_broken = True

    def reply(asked):
        is_bad = is_broken and "Q1" in asked["messages"][0]["content"]
        return "Good!" if is_bad else json.dumps(rated_as(ALL))

    server = judge(reply)
    path = tmp_path / "kept.jsonl"
    for attempt in (1, 2):
        table, _ = rate(settings, responses(), KeptReplies(path))
        assert table["status"].to_pylist() == ["complete", "failed", "complete"]
        assert table["factuality"].to_pylist() == [3, None, 3]
        assert len(server.log) == 2 + attempt * (1 + MAX_REASKS), "bounded, for the failed one"
    is_broken = False
    table, usage = rate(settings, responses(), KeptReplies(path))
    assert table["status"].to_pylist() == ["complete"] * 3
    assert usage.requests == 1
    _, usage = rate(settings, responses(), KeptReplies(path))
    assert usage.requests == 0


def test_an_answer_that_was_readable_when_asked_again_costs_nothing_again(
    judge, settings, tmp_path
):
    judge(lambda asked: json.dumps(rated_as(ALL)) if len(asked["messages"]) > 1 else "Good!")
    path = tmp_path / "kept.jsonl"
    first, _ = rate(settings, responses(), KeptReplies(path))
    second, usage = rate(settings, responses(), KeptReplies(path))
    assert second.equals(first)
    assert usage.requests == 0


def test_a_canceled_conversation_is_continued(judge, settings, tmp_path):
    judge(lambda asked: json.dumps(rated_as(ALL)) if len(asked["messages"]) > 1 else "Good!")
    kept = KeptReplies(tmp_path / "kept.jsonl")
    with pytest.raises(CancelledError):
        rate(settings, responses(1), kept, cancelled=lambda: len(kept) >= 1)
    table, usage = rate(settings, responses(1), KeptReplies(kept.path))
    assert table["status"].to_pylist() == ["complete"]
    assert usage.requests == 1, "the question that was paid for is not sent again"


def test_a_part_of_the_scores_is_an_answer_and_is_not_asked_again(judge, settings, tmp_path):
    judge(lambda _: json.dumps({"clarity": 4}))
    path = tmp_path / "kept.jsonl"
    rate(settings, responses(1), KeptReplies(path))
    table, usage = rate(settings, responses(1), KeptReplies(path))
    assert (table["status"].to_pylist(), usage.requests) == (["partial"], 0)


def table_of(*rows):
    made = []
    for number, (model, task, scores) in enumerate(rows):
        row = dict.fromkeys(RATINGS.names)
        row |= {"response_id": str(number), "model": model, "task": task, "judge": "j"}
        row |= {"instruction": f"Q{number}", "prompt_version": "1", "status": "", "problem": ""}
        made.append(row | {"n_asked": 1} | {str(one): score for one, score in scores.items()})
    return RATINGS.empty_table().from_pylist(made, schema=RATINGS)


def test_means_by_hand_leave_out_missing_scores():
    table = table_of(
        ("a", "x", {Aspect.DEPTH: 1}),
        ("a", "x", {Aspect.DEPTH: 4}),
        ("a", "y", {Aspect.DEPTH: None}),
        ("b", None, {Aspect.DEPTH: 5}),
    )
    found = {(one.model, one.aspect): one.estimate for one in rating_means(table)}
    depth = found["a", Aspect.DEPTH]
    assert (depth.value, depth.n) == (2.5, 2)
    assert found["b", Aspect.DEPTH].value == 5
    assert found["a", Aspect.CLARITY].value is None
    tasks = {
        (one.model, one.task): one.estimate.value
        for one in rating_means(table, by_task=True)
        if one.aspect is Aspect.DEPTH
    }
    assert tasks == {("a", "x"): 2.5, ("a", "y"): None}


def test_agreement_by_hand():
    found = agreement({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "c": 3, "d": 4})
    # Observed 1 ÷ 3; expected over 9 pairs (0+4+4 + 1+1+1 + 4+0+0) ÷ 9 = 15 ÷ 9.
    assert (found.n, found.same) == (3, pytest.approx(2 / 3))
    assert found.kappa == pytest.approx(1 - (1 / 3) / (15 / 9))
    constant = agreement({"a": 2, "b": 2}, {"a": 2, "b": 2})
    assert (constant.same, constant.kappa, constant.alpha) == (1, None, None)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=30))
def test_kappa_equals_that_of_scikit_learn(both):
    from sklearn.metrics import cohen_kappa_score

    first = {str(k): pair[0] for k, pair in enumerate(both)}
    second = {str(k): pair[1] for k, pair in enumerate(both)}
    for ordinal, weights in ((True, "quadratic"), (False, None)):
        found = agreement(first, second, ordinal=ordinal).kappa
        if found is None:
            assert len({one for pair in both for one in pair}) == 1
            continue
        scores = list(zip(*both, strict=True))
        expected = cohen_kappa_score(*scores, labels=range(1, 6), weights=weights)
        assert found == pytest.approx(expected)


@pytest.mark.skipif(not JUST_EVAL.exists(), reason="no published ratings in ../shared/datasets")
def test_published_ratings_give_their_plain_means():
    """All 800 answers; the 43 scores that are the string N/A count as missing."""
    lines = (JUST_EVAL / "ratings-gpt-3.5-turbo-0301.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in lines.split("\n") if line]
    table = table_of(
        *(
            ("gpt-3.5", None, parse_ratings(json.dumps(rated_as(row["scores"]))).scores)
            for row in rows
        )
    )
    n_missing = 0
    for one in rating_means(table):
        plain = [row["scores"][one.aspect] for row in rows]
        numbers = [int(value) for value in plain if value != "N/A"]
        n_missing += len(plain) - len(numbers)
        found = one.estimate
        assert found.value == pytest.approx(statistics.fmean(numbers))
        assert found.n == len(numbers)
        assert found.ci_low < found.value < found.ci_high
    assert (len(rows), n_missing) == (800, 43)


def comparisons(n=2):
    return [
        Compared(name=str(k), instruction=f"Q{k}", first=f"short{k}", second=f"much longer {k}")
        for k in range(n)
    ]


def shown(asked):
    text = asked["messages"][0]["content"]
    return text.split("## Answer A\n")[1].split("\n\n## Answer B\n")


def test_a_judge_that_reads_the_texts_is_consistent(judge, settings, tmp_path):
    def reply(asked):
        first, second = shown(asked)
        return f"Longer. Better: {'A' if len(first) > len(second.split(chr(10))[0]) else 'B'}"

    judge(reply)
    verdicts, _ = compare_responses(settings, comparisons(), KeptReplies(tmp_path / "k.jsonl"))
    assert [one.preference for one in verdicts] == [Preference.SECOND] * 2
    assert all(one.is_consistent for one in verdicts)


def test_a_judge_that_always_prefers_the_first_gives_ties(judge, settings, tmp_path):
    judge(lambda _: "Better: A")
    verdicts, _ = compare_responses(settings, comparisons(), KeptReplies(tmp_path / "k.jsonl"))
    assert [one.preference for one in verdicts] == [Preference.TIE] * 2
    assert not any(one.is_consistent for one in verdicts)
    assert [(one.in_order, one.reversed) for one in verdicts] == [
        (Preference.FIRST, Preference.SECOND)
    ] * 2


def test_an_answer_without_a_verdict_is_no_tie(judge, settings, tmp_path):
    judge(lambda _: "Both are fine.")
    verdicts, _ = compare_responses(settings, comparisons(1), KeptReplies(tmp_path / "k.jsonl"))
    assert verdicts[0].preference is None
    assert verdicts[0].problem


def test_a_repeated_attempt_asks_again_for_what_has_no_verdict(judge, settings, tmp_path):
    is_broken = True

    def reply(asked):
        return "Both." if is_broken and shown(asked)[0] == "short1" else "Better: A"

    server = judge(reply)
    path = tmp_path / "k.jsonl"
    for attempt in (1, 2):
        verdicts, _ = compare_responses(settings, comparisons(), KeptReplies(path))
        assert [one.preference for one in verdicts] == [Preference.TIE, None]
        assert len(server.log) == 3 + attempt
    is_broken = False
    verdicts, usage = compare_responses(settings, comparisons(), KeptReplies(path))
    assert [one.preference for one in verdicts] == [Preference.TIE] * 2
    assert usage.requests == 1


def test_the_last_verdict_of_an_answer_counts():
    assert parse_preference("Better: A? No.\n**Better: tie**") is Preference.TIE
    assert parse_preference("better: abc") is None


PREFERENCES = JUST_EVAL.parent / "alpaca-eval" / "gpt4-preferences.jsonl"


@pytest.mark.skipif(not PREFERENCES.exists(), reason="no preferences in ../shared/datasets")
def test_published_preferences_agree_with_themselves_and_not_with_a_shuffled_copy():
    rows = [json.loads(line) for line in PREFERENCES.read_text().split("\n") if line]
    of_one = [row for row in rows if row["output_2_model"] == "alpaca-7b"]
    codes = {
        str(row["id"]): int(row["preference"]) for row in of_one if row["preference"] in (1, 2)
    }
    assert agreement(codes, codes, ordinal=False).kappa == 1
    shifted = dict(zip(codes, [*list(codes.values())[1:], codes["0"]], strict=True))
    kappa = agreement(codes, shifted, ordinal=False).kappa
    assert kappa is not None
    assert math.fabs(kappa) < 0.15
    assert len(codes) > 700
