"""Side by side: choices are shuffled, mapped back and counted; values worked by hand."""

import pytest
from example_studies import study
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.comparing import opinion_of
from itlim.annotation.side_by_side import (
    MAX_NOTE_LENGTH,
    ONE_SIDED,
    OUTCOMES,
    Outcome,
    choice_agreement,
    choice_of,
    content_id,
    model_at,
    neutral_names,
    other_model,
    outcome_of,
    payload_of,
    plan_comparisons,
    shown_left,
    tallies,
    text_at,
)
from itlim.errors import InputError
from itlim.records import (
    AnnotationEvent,
    Choice,
    Comparison,
    Contrast,
    EventKind,
    Model,
    SheetStatus,
    Side,
)

NAMES = st.text(min_size=1, max_size=20)


def both(text_a, text_b, instruction="Name a river."):
    return Comparison(
        instruction=instruction, run_a="run-a", text_a=text_a, run_b="run-b", text_b=text_b
    )


def said(category, model=None):
    return Outcome(contrast=Contrast(category), model=None if model is None else Model(model))


def compare(number, payload, kind=EventKind.COMPARE):
    return AnnotationEvent(
        event_id=f"e{number}",
        study_id="dogs",
        item_id="i",
        annotator="ann",
        kind=kind,
        payload=payload,
    )


@given(person=NAMES, item=NAMES, seed=st.integers(0, 10**6))
def test_mapping_back_reverses_the_shuffle(person, item, seed):
    left = shown_left(study(seed=seed), person, item)
    assert {model_at(side, left) for side in Side} == set(Model)
    assert model_at(Side.LEFT, left) is left
    shown = [text_at(both("of a", "of b"), side, left) for side in Side]
    assert shown == [f"of {model_at(side, left)}" for side in Side]


@given(
    contrast=st.sampled_from(Contrast),
    side=st.sampled_from(Side),
    left=st.sampled_from(Model),
    note=st.text(max_size=50),
)
def test_a_stored_choice_is_read_back_and_means_the_same_from_both_sides(
    contrast, side, left, note
):
    choice = Choice(
        contrast=contrast, side=side if contrast in ONE_SIDED else None, left=left, note=note
    )
    assert choice_of(payload_of(choice)) == choice
    mirrored = Choice(
        contrast=contrast,
        side=None if choice.side is None else next(one for one in Side if one is not side),
        left=other_model(left),
    )
    assert outcome_of(mirrored) == outcome_of(choice)


def test_the_order_is_reproducible_and_differs_by_person_item_and_seed():
    items = [f"item {n}" for n in range(400)]
    ann = [shown_left(study(seed=1), "ann", item) for item in items]
    assert ann == [shown_left(study(seed=1), "ann", item) for item in items]
    for others in (
        [shown_left(study(seed=1), "bea", item) for item in items],
        [shown_left(study(seed=2), "ann", item) for item in items],
    ):
        same = sum(one is other for one, other in zip(ann, others, strict=True))
        assert 150 < same < 250
    assert 150 < ann.count(Model.A) < 250


def test_neutral_names_do_not_reveal_the_order_of_the_pairs():
    firsts = {next(iter(neutral_names(study(seed=seed)))) for seed in range(20)}
    assert firsts == set(Model)
    assert list(neutral_names(study()).values()) == ["Model X", "Model Y"]


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "best"},
        {"side": "above"},
        {"order": "aa"},
        {"order": ""},
        {"side": ""},
        {"category": "different"},
        {"note": "x" * (MAX_NOTE_LENGTH + 1)},
    ],
)
def test_an_inconsistent_choice_is_rejected(changes):
    payload = {"category": "core_wrong", "side": "left", "order": "ab", "note": ""}
    assert outcome_of(choice_of(payload)) == said("core_wrong", "a")
    with pytest.raises(InputError):
        choice_of(payload | changes)


def test_an_incomplete_payload_is_rejected():
    with pytest.raises(InputError, match="is not a choice"):
        choice_of({})


def test_the_latest_choice_counts_and_every_event_is_a_version():
    first = payload_of(Choice(contrast=Contrast.DIFFERENT, side=None, left=Model.B))
    then = payload_of(Choice(contrast=Contrast.CORE_WRONG, side=Side.LEFT, left=Model.B))
    opinion = opinion_of([compare(1, first), compare(2, then)])
    assert (opinion.status, opinion.version) == (SheetStatus.SUBMITTED, 2)
    assert outcome_of(opinion.choice) == said("core_wrong", "b")
    assert opinion_of([]).status is SheetStatus.OPEN
    skipped = opinion_of([compare(1, {"reason": "no idea"}, EventKind.SKIP)])
    assert (skipped.status, skipped.choice) == (SheetStatus.SKIPPED, None)


def test_there_are_eight_outcomes_in_the_papers_order():
    assert [one.name for one in OUTCOMES] == [
        "more_detailed:a",
        "more_detailed:b",
        "different",
        "both_wrong",
        "prolonged:a",
        "prolonged:b",
        "core_wrong:a",
        "core_wrong:b",
    ]


def test_counts_shares_and_intervals_equal_values_worked_by_hand():
    outcomes = {(f"i{n}", "ann"): said("different") for n in range(9)}
    outcomes["i9", "ann"] = said("core_wrong", "a")
    found = {one.outcome.name: one for one in tallies(outcomes)}
    assert {name: one.count for name, one in found.items() if one.count} == {
        "different": 9,
        "core_wrong:a": 1,
    }
    assert found["core_wrong:a"].n == found["core_wrong:a"].n_items == 10
    # Wilson 1 of 10, as in the docstring of wilson_interval.
    assert found["core_wrong:a"].interval == pytest.approx((0.0179, 0.4042), abs=1e-4)


def test_a_second_person_who_always_agrees_does_not_narrow_the_interval():
    alone = {(f"i{n}", "ann"): said("different") for n in range(9)}
    alone["i9", "ann"] = said("both_wrong")
    twice = alone | {(item, "bea"): one for (item, _), one in alone.items()}
    for one, two in zip(tallies(alone), tallies(twice), strict=True):
        assert two.count == 2 * one.count
        assert two.interval == pytest.approx(one.interval)


def test_without_judgments_there_is_no_interval_and_no_agreement():
    assert {(one.count, one.n, one.share, one.interval) for one in tallies({})} == {
        (0, 0, 0.0, None)
    }
    found = choice_agreement({("i", "ann"): said("different")})
    assert found.percent.value is None
    assert "two people" in found.ac1.undefined


def test_agreement_equals_a_value_worked_by_hand():
    ann = [said("core_wrong", "a"), said("core_wrong", "a"), said("different"), said("both_wrong")]
    bea = [said("core_wrong", "a"), said("core_wrong", "b"), said("different"), None]
    outcomes = {(f"i{n}", "ann"): one for n, one in enumerate(ann)}
    outcomes |= {(f"i{n}", "bea"): one for n, one in enumerate(bea) if one}
    found = choice_agreement(outcomes)
    assert (found.n_items, found.n_people) == (3, 2)
    assert found.percent.value == pytest.approx(2 / 3)
    # Shares over the three items of two: a 1/2, b 1/6, different 1/3; eight categories.
    chance = (1 / 4 + 5 / 36 + 2 / 9) / 7
    assert found.ac1.value == pytest.approx((2 / 3 - chance) / (1 - chance))


def test_identical_responses_are_excluded_and_the_seed_determines_the_draw():
    found = [both("same", "same", "Say the same.")]
    found += [both(f"a{n}", f"b{n}", f"Ask {n}") for n in range(30)]
    drawn = plan_comparisons(found, study(seed=3), n_items=10)
    assert drawn == plan_comparisons(found, study(seed=3), n_items=10)
    assert [one.position for one in drawn] == list(range(10))
    assert len({one.item_id for one in drawn}) == 10
    assert "Say the same." not in {one.instruction for one in drawn}
    other = plan_comparisons(found, study(seed=4), n_items=10)
    assert [one.instruction for one in drawn] != [one.instruction for one in other]
    assert len(plan_comparisons(found, study(), n_items=99)) == 30


def test_nothing_to_compare_raises_an_error():
    with pytest.raises(InputError, match="all of them identically"):
        plan_comparisons([both("same", "same")], study(), n_items=5)
    with pytest.raises(InputError, match="at least 1"):
        plan_comparisons([both("a", "b")], study(), n_items=0)


def test_changed_content_changes_the_id():
    ids = {
        content_id(both("a", "b"), "dogs"),
        content_id(both("a", "c"), "dogs"),
        content_id(both("ab", ""), "dogs"),
        content_id(both("a", "b"), "cats"),
    }
    assert len(ids) == 4
