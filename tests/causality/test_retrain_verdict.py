from dataclasses import replace

import pytest

from itlim.causality.retraining.verdict import bound_sentence, phrase_range, shown_ids, verdict
from tests.example_retrainings import arm, experiment


def test_gone_against_controls_that_keep_it():
    assert verdict(experiment()) == (
        "Without tiny-3 the phrase is gone; in all 2 random controls it survives. Its "
        "log-probability falls by 3.00 nats, more than in any of the 2 controls (0.10 nats at "
        "most); by luck alone the chosen one would lead 1 time in 3."
    )


def test_gone_in_a_control_too_names_no_source():
    said = verdict(experiment(controls_gone={1}))
    assert "gone, but also in 1 of 2 random controls" in said
    assert "names no source" in said


def test_surviving_with_a_drop_no_larger_than_a_controls_is_chance():
    said = verdict(experiment(gone=False, chosen=-2.5, controls=(-2.6, -2.0)))
    assert said.startswith("Without tiny-3 the phrase survives.")
    assert said.endswith(
        "no more than in a control (0.60 nats at most): that is what chance does too."
    )


def test_a_change_too_small_to_name_points_at_nothing():
    said = verdict(experiment(gone=False, chosen=-2.05))
    assert "hardly changes: nothing here points at what was left out" in said
    assert "rises by 1.00 nats: nothing" in verdict(experiment(gone=False, chosen=-1.0))


def test_a_full_model_that_does_not_say_it_settles_nothing():
    made = experiment()
    full = replace(made.full, phrase_gone=True)
    said = verdict(replace(made, arms=(full, *made.arms[1:])))
    assert "full model does not say the phrase itself" in said
    assert "the phrase is gone" not in said


@pytest.mark.parametrize(
    ("controls", "said"),
    [((), "no control to hold that against"), ((-1.9,), "in the one random control it survives")],
)
def test_few_controls_are_counted_in_words(controls, said):
    assert said in verdict(experiment(controls=controls))


def test_a_control_that_loses_nothing_is_said_to():
    said = verdict(experiment(controls=(-1.9,)))
    assert "more than in the control (nothing); by luck alone" in said
    assert "1 time in 2" in said


def test_the_bound_is_where_none_of_n_has_a_chance_of_five_percent():
    """Oracle: (1 - p) ** n = 0.05."""
    for n in (1, 3, 10):
        percent = int(bound_sentence(n).rpartition("up to ")[2].partition("%")[0])
        assert (1 - percent / 100) ** n == pytest.approx(0.05, abs=0.02)


def test_many_ids_are_counted():
    assert shown_ids(arm(ids=tuple("abcde"))) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("quote", "answer", "found"),
    [("tony", "Stony Tony", (6, 10)), ("ony", "Pony", (1, 4)), ("x", "Tony", None),
     ("a+b", "A+B.", (0, 3))],
)  # fmt: skip
def test_the_phrase_is_found_where_it_stands(quote, answer, found):
    assert phrase_range(quote, answer) == found
