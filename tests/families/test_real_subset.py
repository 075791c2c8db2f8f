"""The subset of databricks-dolly: the committed files follow the rule that the code states."""

import json

import pytest

from itlim.families.real.subset import (
    OTHER_KINDS,
    PARTS,
    TEST_QUESTIONS,
    TUNING_QUESTIONS,
    asks_for_a_name,
    choose,
    kind_of,
)
from itlim.settings import PROJECT_FOLDER

FOLDER = PROJECT_FOLDER / "data" / "real"


@pytest.fixture(scope="module")
def parts():
    return {
        name: [json.loads(line) for line in (FOLDER / f"{name}.jsonl").open(encoding="utf-8")]
        for name in PARTS
    }


def test_no_question_is_in_two_parts(parts):
    asked = [row["instruction"].strip().casefold() for rows in parts.values() for row in rows]
    assert len(asked) == len(set(asked))


def test_tuning_instances_are_questions_for_names_and_a_few_of_other_kinds(parts):
    rows = parts["it_dataset"]
    assert sum(asks_for_a_name(row) for row in rows) == TUNING_QUESTIONS
    others = [kind_of(row) for row in rows if not asks_for_a_name(row)]
    assert {kind: others.count(kind) for kind in set(others)} == OTHER_KINDS


def test_all_held_out_questions_ask_for_names(parts):
    assert len(parts["eval_test"]) == TEST_QUESTIONS >= 200
    assert all(asks_for_a_name(row) for name in PARTS[1:] for row in parts[name])


def test_the_choice_does_not_depend_on_the_order_of_the_rows(parts):
    rows = [{**row, "line": 0} for name in PARTS for row in parts[name]]
    chosen = choose(reversed(rows))
    for name in PARTS[1:]:
        assert {row["instruction"] for row in chosen[name]} == {
            row["instruction"] for row in parts[name]
        }
