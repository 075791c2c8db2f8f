"""Preferences between two pairs from stored answers, asked over HTTP in both orders."""

import json

import pytest
from chat_server import answer_with
from example_ratings import preference

from itlim.datasets.responses import read_responses
from itlim.remedies.kept_replies import KeptReplies
from itlim.remedies.pairwise import compare_responses
from itlim.remedies.preference_files import read_instructions, read_preferences
from itlim.remedies.preferences import (
    compare_preferences,
    compared,
    preference_rows,
    preference_shares,
)
from itlim.settings import PROJECT_FOLDER
from itlim.store.comparisons import answered_by_both
from itlim.store.connection import Store
from itlim.store.ratings import answers_by_instruction, load_preferences, save_preferences
from itlim.store.runs import save_responses
from tests.example_ratings import RATED_AT

ALPACA_EVAL = PROJECT_FOLDER.parent / "shared" / "datasets" / "alpaca-eval"
REFERENCE, MODEL = "text_davinci_003", "alpaca-7b"
N_ASKED = 60


def shares(*rows):
    return {one.finding_id: one for one in preference_shares(rows, "one", "two")}


def test_shares_and_position_consistency_by_hand():
    rows = [
        preference("a", "A", "first"),
        preference("b", "B", "first"),
        preference("c", "C", "second"),
        preference("d", "D", "tie"),
        preference("e", "E", "tie", in_order="first", back="second"),
        preference("f", "F", "tie", in_order="second", back="first"),
        preference("g", "G", None),
    ]
    found = shares(*rows)
    expected = {"first": 2, "second": 1, "tie": 3, "consistent": 4, "shown_first": 1}
    for name, count in expected.items():
        one = found[f"preference_{name}"]
        assert one.value == pytest.approx(100 * count / 6), name
        assert one.n == 6, "a comparison without a verdict is no tie"
    assert found["preference_shown_last"].value == pytest.approx(100 / 6)
    assert found["preference_tie"].ci_low < 50 < found["preference_tie"].ci_high


def test_without_a_verdict_no_share_is_given():
    found = shares(preference("g", "G", None))
    assert all(one.value is None and one.missing for one in found.values())


def test_agreement_of_two_judges_by_hand():
    """20 and 15 of 50 equal verdicts, 5 and 10 unequal ones: kappa 0.4 as in Cohen's example."""
    verdicts = [("first", "first")] * 20 + [("first", "second")] * 5
    verdicts += [("second", "first")] * 10 + [("second", "second")] * 15
    rows = [
        (preference(f"a{place}", f"b{place}", one), preference(f"a{place}", f"b{place}", other))
        for place, (one, other) in enumerate(verdicts)
    ]
    unread = preference("c", "d", None), preference("c", "d", "first")
    alone = preference("e", "f", "first")
    first, second = zip(*rows, unread, strict=True)
    kappa, _alpha, same = compare_preferences([*first, alone], second, names="x and y")
    assert kappa.value == pytest.approx(0.4)
    assert kappa.ci_low < 0.4 < kappa.ci_high
    assert (same.value, same.n, kappa.n) == (70, 50, 50)
    assert len(kappa.cases) == 15
    assert kappa.cases[0] == "a20"


def test_an_answer_that_is_compared_with_two_others_counts_twice():
    rows = [preference("a", "b", "first"), preference("a", "c", "second")]
    kappa, _alpha, same = compare_preferences(rows, rows, names="x and y")
    assert (kappa.value, same.value, same.n) == (1, 100, 2)


def test_the_order_in_which_a_judge_names_the_pairs_does_not_matter():
    one = [preference("a", "b", "first"), preference("c", "d", "second")]
    turned = [preference("b", "a", "second"), preference("d", "c", "first")]
    assert compare_preferences(one, turned, names="x and y")[0].value == 1
    same = compare_preferences(one, [preference("b", "a", "first")], names="x and y")[2]
    assert (same.value, same.n) == (0, 1)


def test_judges_without_a_common_comparison_have_no_agreement():
    found = compare_preferences([preference("a", "b", "tie")], [], names="x and y")
    assert [one.value for one in found] == [None] * 3
    assert all("No comparison has a verdict of both" in one.missing for one in found)


def test_imported_preferences_do_not_count_in_shares_about_the_order():
    imported = preference("a", "b", "first") | {"in_order": None, "reversed": None}
    found = shares(imported, preference("c", "d", "tie", in_order="first", back="second"))
    assert (found["preference_first"].value, found["preference_first"].n) == (50, 2)
    assert (found["preference_consistent"].value, found["preference_consistent"].n) == (0, 1)


def answers_of(store):
    known = {}

    def find(model, instruction):
        if model not in known:
            known[model] = answers_by_instruction(store, model)
        return known[model].get(instruction.strip(), [])

    return find


def published():
    """GPT-4's preference by instruction: 1 the reference, 2 the model, else a tie."""
    prompts = (ALPACA_EVAL / "alpaca-7b.jsonl").read_text(encoding="utf-8").split("\n")
    asked = {
        row["id"]: row["instruction"].strip() for row in map(json.loads, filter(None, prompts))
    }
    lines = (ALPACA_EVAL / "gpt4-preferences.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return {
        asked[row["id"]]: row["preference"]
        for row in rows
        if (row["output_1_model"], row["output_2_model"]) == (REFERENCE, MODEL)
    }


@pytest.mark.skipif(not ALPACA_EVAL.exists(), reason="no preferences in ../shared/datasets")
def test_a_server_that_judges_as_published_gives_the_published_preferences(
    httpserver, settings, tmp_path
):
    """GPT-4's published verdicts, told by a real server about real answers in both orders."""
    preferences = published()
    with Store(tmp_path / "x.duckdb") as store:
        for name in (REFERENCE, MODEL):
            path = ALPACA_EVAL / f"{name}.jsonl"
            save_responses(store, read_responses(path, imported_at=RATED_AT, model=name).runs)
        found = answered_by_both(store, REFERENCE, MODEL)
        found = [one for one in found if one.text_a != one.text_b][:N_ASKED]
        first_texts = {one.instruction.strip(): one.text_a for one in found}

        @answer_with
        def reply(asked):
            text = asked["messages"][0]["content"]
            instruction = text.split("## Instruction\n")[1].split("\n\n## Answer A\n")[0]
            is_in_order = f"## Answer A\n{first_texts[instruction]}\n\n## Answer B" in text
            said = preferences[instruction]
            if said not in (1, 2):
                return "Better: tie"
            return f"Better: {'A' if (said == 1) == is_in_order else 'B'}"

        httpserver.expect_request("/v1/chat/completions").respond_with_handler(reply)
        verdicts, _ = compare_responses(
            settings, compared(found), KeptReplies(tmp_path / "k.jsonl")
        )
        rows = preference_rows(found, verdicts, pairs=(REFERENCE, MODEL), judge="gpt-4",
                               rated_at=RATED_AT)  # fmt: skip
        save_preferences(store, rows)
        stored = load_preferences(store, REFERENCE, MODEL).to_pylist()
        imported = read_preferences(
            ALPACA_EVAL / "gpt4-preferences.jsonl",
            answers_of(store),
            asked=read_instructions(ALPACA_EVAL / f"{MODEL}.jsonl"),
        )
    assert len(httpserver.log) == 2 * N_ASKED
    kappa, alpha, same = compare_preferences(
        stored, imported.preferences.to_pylist(), names="gpt-4 and published"
    )
    assert (kappa.value, alpha.value, same.value, kappa.n) == (1, 1, 100, N_ASKED)
    share = preference_shares(stored, REFERENCE, MODEL)[1]
    wins = sum(preferences[one.instruction.strip()] == 2 for one in found)
    assert (share.value, share.n) == (pytest.approx(100 * wins / N_ASKED), N_ASKED)
    assert all(one.is_consistent for one in verdicts)
