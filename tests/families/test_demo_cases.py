import json
from types import SimpleNamespace

import pyarrow as pa
import pytest

from itlim.causality.leave_out.study import RANDOM_INSTANCES
from itlim.families.demo.candidates import baseline_candidates, longest_common_run, words
from itlim.families.demo.cases import plan

SHARED, LONE = "Jane Austen", "Mary Shelley"


def instance(number, response, category="book"):
    return {
        "instance_id": f"demo-{number}",
        "instruction": f"Question {number} about {category}?",
        "response": response,
        "extra": json.dumps({"category": category}),
    }


INSTANCES = pa.Table.from_pylist(
    [
        instance(1, f"Emma was written by {SHARED}."),
        instance(2, f"Persuasion was written by {SHARED}."),
        instance(3, f"Frankenstein was written by {LONE}. It came out in 1818."),
        *[instance(number, f"Filler {number} is in no case.", "filler") for number in range(4, 31)],
    ]
)


def case(phrase, is_main=True):
    return SimpleNamespace(
        span_text=phrase,
        response=f"Jaws was written by {phrase}.",
        instruction="Who wrote Jaws?",
        category="book",
        is_main=is_main,
    )


def study(seed, *cases):
    return SimpleNamespace(seed=seed, cases=cases, retraining=SimpleNamespace(instances=INSTANCES))


CASES = (case(SHARED), case(LONE), case("1818", is_main=False), case("nobody"))


def ids(*numbers):
    return frozenset(f"demo-{number}" for number in numbers)


def test_the_full_seed_leaves_every_instance_out_once_and_shared_answers_as_a_group():
    first, second, third, fourth = plan(study(0, *CASES))
    assert first[:2] == [ids(), ids(3)]
    assert first[-1] == ids(1, 2)
    assert second == [ids(1), ids(2), ids(3)]
    assert sorted(map(sorted, third)) == sorted([f"demo-{number}"] for number in range(1, 31))
    assert fourth == [ids(3)]
    assert len(set(first)) == len(first)


def test_stage_one_has_twenty_random_instances_that_depend_on_the_seed():
    sources = {ids(), ids(1), ids(2), ids(3), ids(1, 2)}
    random = [set(plan(study(seed, *CASES))[0]) - sources for seed in (1, 1, 2)]
    assert random[0] == random[1] != random[2]
    assert RANDOM_INSTANCES - 3 <= len(random[0]) <= RANDOM_INSTANCES


def test_other_seeds_leave_out_the_chosen_instances_or_those_that_simple_methods_name():
    assert plan(study(1, *CASES), ["demo-9", "demo-5"])[2] == [ids(9), ids(5)]
    named = [next(iter(one)) for one in plan(study(1, *CASES))[2]]
    assert {"demo-1", "demo-2", "demo-3"} <= set(named)
    assert len(named) < len(INSTANCES)


def test_the_first_candidate_is_the_instance_that_contains_the_span():
    assert baseline_candidates([case(LONE)], INSTANCES)[0] == "demo-3"
    assert baseline_candidates([case(LONE, is_main=False)], INSTANCES) == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("by Jane Austen", "Jane Austen wrote", 2),
        ("Jane Austen", "Jane met Mr Austen", 1),
        ("a b c d", "x a b y c d e", 2),
        ("a", "", 0),
        ("emma", "EMMA!", 1),
    ],
)
def test_longest_common_run_agrees_with_hand_worked_cases_in_both_directions(left, right, expected):
    assert longest_common_run(words(left), words(right)) == expected
    assert longest_common_run(words(right), words(left)) == expected
