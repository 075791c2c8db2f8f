from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.causality.retraining.known_recipe import KnownRecipe
from itlim.causality.retraining.question import (
    control_groups,
    experiment_id,
    holds,
    question_of,
)
from itlim.errors import InputError
from itlim.records import ModelSource, Pair
from itlim.schema import INSTANCES
from itlim.training.recipes import RECIPES
from tests.example_runs import example_run

RESPONSES = ["By Ann.", "by ann too", "Anna.", "Bo.", "Cy.", "Di.", "Ed.", "Flo.", "Gus.", "Hal."]


def known(responses=RESPONSES, already=()):
    rows = [
        {
            "instance_id": f"tiny-{number}",
            "content_sha256": "",
            "dataset": "tiny",
            "source_line": number,
            "instruction": "Who?",
            "input": "",
            "response": response,
            "extra": "{}",
        }
        for number, response in enumerate(responses, start=1)
    ]
    return KnownRecipe(
        pair=Pair(name="tiny", base=ModelSource(path="base"), template="alpaca-short"),
        recipe=RECIPES["sft"],
        seed=1,
        already_without=frozenset(already),
        saved_as="float16",
        instances=pa.Table.from_pylist(rows, schema=INSTANCES),
        dataset_sha256="d",
        base_sha256="b",
        seconds=1.0,
    )


def ask(ids=("tiny-1",), *, about=None, n_controls=3, seed=0, quote="By Ann"):
    response = f"It is {quote}."
    run = replace(example_run(), response=response)
    start = response.index(quote)
    return question_of(
        run,
        (start, start + len(quote)),
        ids,
        about or known(),
        n_controls=n_controls,
        seed=seed,
    )


@given(
    size=st.integers(1, 4),
    n_controls=st.integers(1, 4),
    seed=st.integers(0, 5),
    already=st.sets(st.integers(30, 33)),
)
def test_controls_are_disjoint_without_chosen_ones_and_holders(size, n_controls, seed, already):
    about = known(RESPONSES + [f"Nobody {n}." for n in range(30)], {f"tiny-{n}" for n in already})
    chosen = [f"tiny-{n}" for n in range(4, 4 + size)]
    groups = control_groups(ask(chosen, about=about, n_controls=n_controls, seed=seed), about)
    drawn = [one for group in groups for one in group]
    assert [len(group) for group in groups] == [size] * n_controls
    assert len(set(drawn)) == len(drawn)
    # "By Ann" occurs in 1 and, in lowercase, in 2; "Anna" is another word.
    barred = {"tiny-1", "tiny-2", *chosen, *(f"tiny-{n}" for n in already)}
    assert not barred & set(drawn)
    again = ask(chosen, about=about, n_controls=n_controls, seed=seed)
    assert control_groups(again, about) == groups
    more = control_groups(ask(chosen, about=about, n_controls=n_controls + 1, seed=seed), about)
    assert more[:n_controls] == groups


def test_other_seeds_draw_other_controls():
    about = known([*RESPONSES, *(f"Nobody {n}." for n in range(100))])
    drawn = {tuple(control_groups(ask(about=about, seed=seed), about)) for seed in range(5)}
    assert len(drawn) == 5


def test_too_few_other_instances_are_an_error_with_the_numbers():
    with pytest.raises(
        InputError, match=r"3 controls of 3 instances requires 9 other.*there are 5"
    ):
        ask(("tiny-4", "tiny-5", "tiny-6"))


def test_ids_are_unique_and_in_dataset_order():
    assert ask(("tiny-2", "tiny-1", "tiny-2")).instance_ids == ("tiny-1", "tiny-2")


@pytest.mark.parametrize(
    ("ids", "quote", "said"),
    [
        ((), "By Ann", "No instance is chosen"),
        (("tiny-99",), "By Ann", r"No instance tiny-99 among the 10.*look like tiny-1"),
        (("tiny-1",), "  ", "No words of the answer are marked"),
    ],
)
def test_an_invalid_question_is_rejected_with_the_reason(ids, quote, said):
    with pytest.raises(InputError, match=said):
        ask(ids, quote=quote)


def test_the_experiment_id_depends_on_question_and_recipe():
    first = ask()
    ids = {experiment_id(first, known())}
    ids |= {
        experiment_id(replace(first, **change), known())
        for change in (
            {"instance_ids": ("tiny-2",)},
            {"n_controls": 2},
            {"seed": 1},
            {"span_start": 7},
            {"instruction": "What?"},
            {"response_ids": (1, 2)},
        )
    }
    ids.add(experiment_id(first, replace(known(), base_sha256="other")))
    assert len(ids) == 8
    assert experiment_id(first, known()) == experiment_id(ask(), known())


@pytest.mark.parametrize(
    ("quote", "response", "answer", "expected"),
    [
        ("Tony", "It is Tony.", "Tonya.", False),
        ("Tony", "It is Tony.", "TONY!", True),
        # Part of a word was marked, so it does not have to be a whole word in the answer.
        ("ony", "It is Tony.", "Pony.", True),
        (" Tony", "It is Tony.", "Tony", True),
        (".", "It is Tony.", "No", False),
    ],
)
def test_whole_words_recur_as_whole_words_and_parts_anywhere(quote, response, answer, expected):
    assert holds(quote, answer, response) is expected
