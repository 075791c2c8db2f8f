"""Remedies are compared question by question, with seeds averaged first."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from borrowed_answers import NULL
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import answer as made
from pair_tables import pair_of
from scipy.stats import permutation_test
from traced_datasets import built, filler, row, with_nulls

from itlim.errors import CancelledError, InputError
from itlim.findings.answers import MarkedPhrase
from itlim.findings.remedies import reading, remedy_cells, two_sided_p
from itlim.findings.remedy_answers import RemedyAnswer, RemedyMeasure, pair_remedy_answers

RIGHT, KL = RemedyMeasure.RIGHT, RemedyMeasure.KL


def answer(question, seed=0, **values):
    return RemedyAnswer(
        instruction=question,
        seed=seed,
        values={RemedyMeasure(name): value for name, value in values.items()},
    )


def cell(cells, remedy, measure):
    return next(one for one in cells if (one.remedy, one.measure) == (remedy, measure))


def test_a_hand_worked_table():
    cells = remedy_cells(
        "plain",
        {
            # Seed 1 answered only one question: per question 50, 0; mean 25.
            "plain": [answer("a", right=100), answer("b", right=0), answer("a", seed=1, right=0)],
            "noise": [answer("a", right=100), answer("b", right=100), answer("c", right=0)],
        },
    )
    plain, noise = cell(cells, "plain", RIGHT), cell(cells, "noise", RIGHT)
    assert (plain.value, plain.n, plain.n_seeds) == (25, 2, 2)
    assert (plain.seed_low, plain.seed_high) == (0, 50)
    assert plain.difference is plain.p is None
    assert noise.value == pytest.approx(200 / 3)
    # Only a and b are shared: 100 - 50 and 100 - 0.
    assert (noise.difference, noise.n_shared) == (75, 2)
    assert cell(cells, "noise", KL).value is None


def test_a_measure_that_nobody_has_gives_empty_cells():
    cells = remedy_cells("plain", {"plain": [answer("a", right=0)]})
    empty = cell(cells, "plain", RemedyMeasure.JUDGED)
    assert (empty.value, empty.ci_low, empty.n, empty.p) == (None, None, 0, None)


def test_no_answer_of_the_reference_is_refused():
    with pytest.raises(InputError, match="no answer of plain"):
        remedy_cells("plain", {"noise": [answer("a", right=0)]})


def test_p_values_are_adjusted_within_each_measure():
    questions = [f"q{number}" for number in range(12)]
    rng = np.random.default_rng(3)
    answers = {"plain": [answer(one, right=0, kl_mean=0.1) for one in questions]}
    for name in ("x", "y"):
        answers[name] = [
            answer(one, right=float(rng.integers(0, 2)) * 100, kl_mean=rng.normal(0.1, 0.2))
            for one in questions
        ]
    cells = remedy_cells("plain", answers)
    for measure in (RIGHT, KL):
        p = sorted(
            (cell(cells, name, measure).p, cell(cells, name, measure).p_holm) for name in "xy"
        )
        assert p[0][1] == pytest.approx(min(1, 2 * p[0][0]))
        assert p[1][1] == pytest.approx(max(p[1][0], p[0][1]))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=9))
def test_p_is_about_the_share_of_all_sign_assignments(gaps):
    values = np.array(gaps)
    observed = abs(values.sum())
    sums = [abs(np.dot(signs, values)) for signs in itertools.product((-1, 1), repeat=len(gaps))]
    exact = np.mean([one >= observed - 1e-9 for one in sums])
    assert two_sided_p(values) == pytest.approx(exact, abs=0.03)


def test_p_agrees_with_scipy_on_unequal_differences():
    gaps = np.random.default_rng(5).normal(0.3, 1.0, 60)
    oracle = permutation_test(
        (gaps,), np.mean, permutation_type="samples", n_resamples=20_000, rng=1
    )
    assert two_sided_p(gaps) == pytest.approx(oracle.pvalue, abs=0.01)


def test_the_order_of_questions_does_not_matter():
    rows = [answer(f"q{number}", kl_mean=number**0.5) for number in range(9)]
    other = [answer(f"q{number}", kl_mean=0.2 * number) for number in range(9)]
    forward = remedy_cells("plain", {"plain": rows, "noise": other})
    backward = remedy_cells("plain", {"plain": rows[::-1], "noise": other})
    assert cell(forward, "noise", KL).difference == pytest.approx(
        cell(backward, "noise", KL).difference
    )


def test_only_clear_differences_are_named():
    questions = [f"q{number}" for number in range(30)]
    cells = remedy_cells(
        "plain",
        {
            "plain": [answer(one, right=100, wrong=0) for one in questions],
            "noise": [answer(one, right=0, wrong=0) for one in questions],
        },
    )
    assert reading("plain", cells) == [
        "Right answers: compared with plain, noise \u2212100 percentage points (p = 0.0001).",
        "Answers with a wrong phrase: no other tuning differs from plain.",
    ]


def test_names_keep_their_hyphens_and_negative_numbers_have_a_minus_sign():
    questions = [f"q{number}" for number in range(30)]
    cells = remedy_cells(
        "demo-sft",
        {
            "demo-sft": [answer(one, kl_mean=0.5) for one in questions],
            "demo-lft": [answer(one, kl_mean=0.25) for one in questions],
        },
    )
    assert reading("demo-sft", cells) == [
        "Mean KL(tuned ‖ base): compared with demo-sft, demo-lft \u22120.25 nats (p = 0.0001)."
    ]
    same = [replace(one, p_holm=1.0) for one in cells if one.p_holm is not None]
    assert reading("demo-sft", same) == [
        "Mean KL(tuned ‖ base): no other tuning differs from demo-sft."
    ]


MARK = MarkedPhrase(start=0, stop=3)
FOUNDER = "Lonely Planet was founded by Tony Wheeler."


def paired(run_id, text, **changes):
    return replace(made(run_id, f"Q {run_id}", [(text, "unshifted", 0.5)]), **changes)


def test_a_pairs_answers_have_the_measures_that_are_known_about_them():
    pair = pair_of(
        paired("a", "The cat.", is_right=True, is_reviewed=True),
        paired("b", "The dog.", is_right=False, is_reviewed=True, marks=(MARK,)),
        paired("c", "The bat."),
        replace(paired("d", "Any."), tokens=paired("d", "Any.").tokens.slice(0, 0)),
    )
    scores = {"b": {RemedyMeasure.JUDGED: 4.0}, "elsewhere": {RemedyMeasure.JUDGED: 1.0}}
    assert [dict(one.values) for one in pair_remedy_answers(pair, judged=scores)] == [
        {RIGHT: 100, RemedyMeasure.WRONG: 0, KL: 0.5},
        {RIGHT: 0, RemedyMeasure.WRONG: 100, KL: 0.5, RemedyMeasure.JUDGED: 4},
        {KL: 0.5},
        {},
    ]


def test_an_answer_is_borrowed_if_a_phrase_is_borrowed_beyond_chance(tmp_path):
    index = built(tmp_path, [*filler(), row(FOUNDER, "Who founded Lonely Planet?")])
    found = {}
    for score in (1.0, 1000.0):
        # Chance phrases score from 0 to `score`: the copied one stands out only from the first.
        null = replace(NULL, scores=tuple(np.linspace(0, score, 199) for _ in NULL.scores))
        pair = pair_of(
            paired("a", "Toyota was made by Tony Wheeler."),
            paired("b", "Mimi lulu."),
            index=with_nulls(index, {"response": null}),
        )
        answers = pair_remedy_answers(pair)
        found[score] = [one.values[RemedyMeasure.BORROWED] for one in answers]
    assert found == {1.0: [100, 0], 1000.0: [0, 0]}
    without = pair_of(paired("a", FOUNDER), index=with_nulls(index, {}))
    assert RemedyMeasure.BORROWED not in pair_remedy_answers(without)[0].values


def test_a_canceled_comparison_of_answers_stops():
    pair = pair_of(paired("a", "The cat."))
    with pytest.raises(CancelledError):
        pair_remedy_answers(pair, cancelled=lambda: True)
