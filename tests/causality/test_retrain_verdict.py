from dataclasses import replace

import pytest

from itlim.causality.retraining.verdict import bound_sentence, phrase_range, shown_ids, verdict
from tests.example_retrainings import arm, experiment


def test_a_phrase_that_only_the_chosen_removal_eliminates_is_compared_with_chance():
    assert verdict(experiment()) == (
        "Without tiny-3 the phrase is gone; in all 2 random controls it survives. Its "
        "log-probability falls by 3.00 nats, more than in any of the 2 controls (at most 0.10 "
        "nats). By chance alone, the chosen removal would have the largest drop 1 time in 3."
    )


def test_a_phrase_that_a_control_eliminates_too_does_not_identify_a_source():
    said = verdict(experiment(controls_gone={1}))
    assert "gone, but also in 1 of 2 random controls" in said
    assert "does not identify a source" in said


def test_a_drop_no_larger_than_that_of_a_control_is_attributed_to_chance():
    said = verdict(experiment(gone=False, chosen=-2.5, controls=(-2.6, -2.0)))
    assert said.startswith("Without tiny-3 the phrase survives.")
    assert said.endswith(
        "no more than in a control (at most 0.60 nats), so chance alone can explain it."
    )


def test_a_small_or_opposite_change_does_not_point_to_the_instances():
    said = verdict(experiment(gone=False, chosen=-2.05))
    assert "hardly changes, which does not point to the instances that were left out" in said
    assert "rises by 1.00 nats, which does not" in verdict(experiment(gone=False, chosen=-1.0))


def test_without_the_phrase_in_the_full_model_there_is_no_conclusion():
    made = experiment()
    full = replace(made.full, phrase_gone=True)
    said = verdict(replace(made, arms=(full, *made.arms[1:])))
    assert "full model does not say the phrase itself" in said
    assert "the phrase is gone" not in said


@pytest.mark.parametrize(
    ("controls", "said"),
    [((), "no control for comparison"), ((-1.9,), "in the only random control it survives")],
)
def test_zero_controls_and_one_control_have_their_own_wording(controls, said):
    assert said in verdict(experiment(controls=controls))


def test_a_control_without_a_decrease_is_described_in_words():
    said = verdict(experiment(controls=(-1.9,)))
    assert "more than in the control (no decrease). By chance alone" in said
    assert "1 time in 2" in said


def test_at_the_bound_n_surviving_controls_have_a_chance_of_five_percent():
    """Oracle: (1 - p) ** n = 0.05."""
    for n in (1, 3, 10):
        percent = int(bound_sentence(n).rpartition("up to ")[2].partition("%")[0])
        assert (1 - percent / 100) ** n == pytest.approx(0.05, abs=0.02)


def test_ids_after_the_third_are_only_counted():
    assert shown_ids(arm(ids=tuple("abcde"))) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("quote", "answer", "found"),
    [("tony", "Stony Tony", (6, 10)), ("ony", "Pony", (1, 4)), ("x", "Tony", None),
     ("a+b", "A+B.", (0, 3))],
)  # fmt: skip
def test_the_range_of_the_phrase_prefers_whole_words_and_ignores_case(quote, answer, found):
    assert phrase_range(quote, answer) == found
