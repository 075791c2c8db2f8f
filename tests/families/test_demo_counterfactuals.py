"""Survival of phrases under rephrasing: hand-worked cases, and the shipped file."""

import json

import pytest

from itlim.families.demo.counterfactuals import (
    PATTERNS,
    WRITTEN,
    PhraseSurvival,
    counterfactual_findings,
    demo_counterfactuals,
)
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import by_group


def asked(pair, question, survived, *, is_wrong=True, correct=(False, False), wordings=WRITTEN):
    return PhraseSurvival(
        pair=pair,
        question_id=question,
        wordings=wordings,
        is_wrong=is_wrong,
        survived=survived,
        correct=correct,
    )


def test_a_question_counts_once_by_the_mean_over_its_wordings():
    rows = [
        asked("demo-sft", "a", (True, True)),
        asked("demo-sft", "b", (True, False), correct=(False, True)),
        asked("demo-sft", "c", (False, False)),
        asked("demo-sft", "d", (True, True), is_wrong=False),
        asked("demo-sft", "a", (False, False), wordings=PATTERNS),
    ]
    found = counterfactual_findings(rows)
    survives = by_group(found, "survives", WRITTEN)["demo-sft, wrong phrases"]
    assert (survives.value, survives.n) == (pytest.approx(0.5), 3)
    assert survives.claim == f"demo-sft, wrong phrases, {WRITTEN}: the phrase recurs"
    right = by_group(found, "answer_right", WRITTEN)["demo-sft, wrong phrases"]
    assert right.value == pytest.approx(1 / 6)


def test_models_are_compared_on_the_questions_that_sft_gets_wrong():
    rows = [
        asked("demo-sft", "a", (True, False)),
        asked("demo-lft", "a", (True, True), is_wrong=False),
        asked("demo-sft", "b", (True, True), is_wrong=False),
        asked("demo-lft", "b", (False, False), is_wrong=False),
    ]
    found = counterfactual_findings(rows)
    (less,) = by_group(found, "survives_less", WRITTEN).values()
    assert (less.value, less.n) == (pytest.approx(-0.5), 1)


def test_findings_without_questions_are_undefined():
    assert all(one.value is None for one in counterfactual_findings([]))


@pytest.mark.full
def test_the_shipped_findings_agree_with_the_shipped_weights():
    shipped = json.loads((DEMO_FOLDER / "counterfactuals.json").read_text(encoding="utf-8"))
    for one, stored in zip(
        counterfactual_findings(demo_counterfactuals()), shipped["findings"], strict=True
    ):
        assert [one.key, one.group, one.split] == [
            stored[name] for name in ("key", "group", "split")
        ]
        assert one.claim == stored["claim"]
        # Another kind of CPU rounds differently, which can change an answer.
        assert one.value == pytest.approx(stored["value"], abs=0.05), one.claim
