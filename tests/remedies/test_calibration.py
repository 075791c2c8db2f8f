"""A judge beside people: κ and α by hand, against other implementations, and the disagreements."""

import krippendorff
import numpy as np
import pytest
from example_ratings import all_scores, rating
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from itlim.errors import InputError
from itlim.findings.answers import MarkedPhrase
from itlim.findings.stored import people_marks
from itlim.records.ratings import Aspect
from itlim.remedies.calibration import calibrate, compare_raters
from itlim.remedies.rater_agreement import RatedTwice, alpha_of, coefficients, kappa_of
from itlim.store.connection import Store
from itlim.store.runs import save_run
from itlim.store.studies import create_study, items_of
from tests.example_runs import example_response
from tests.example_studies import event, items, study
from tests.marked_studies import work

MARK = MarkedPhrase(start=3, stop=7)
# 20 answers: 6 called wrong by both, 2 by the judge alone, 4 by people alone, 8 by neither.
CELLS = {(2, True): 6, (2, False): 2, (5, True): 4, (5, False): 8}


def calibrated(cells=None, **options):
    rows, reviewed = [], {}
    for (score, is_marked), number in (cells or CELLS).items():
        for _ in range(number):
            run_id = f"r{len(rows)}"
            rows.append(rating(run_id, factuality=score, instruction=run_id,
                               factuality_reason="because"))  # fmt: skip
            reviewed[run_id] = (MARK,) if is_marked else ()
    settings = {"wrong_at": 3, "marks_from": "people", "pair": "demo-sft"} | options
    return calibrate(rows, reviewed, **settings)


def named(found):
    return {one.finding_id: one for one in found}


def test_kappa_and_alpha_of_twenty_answers_by_hand():
    found = named(calibrated().estimates)
    # Observed agreement 14/20. Judge 8 wrong, people 10: expected (8·10 + 12·10) / 400 = 0.5.
    assert found["judge_kappa_people"].value == pytest.approx((0.7 - 0.5) / 0.5)
    # 18 of 40 ratings are "wrong": expected disagreement 2·18·22 / (40·39), observed 6/20.
    assert found["judge_alpha_people"].value == pytest.approx(1 - 0.3 * 40 * 39 / (2 * 18 * 22))
    assert found["judge_same_people"].value == pytest.approx(70)
    assert found["judge_marked_people"].value == pytest.approx((6 * 2 + 4 * 5) / 10)
    assert found["judge_unmarked_people"].value == pytest.approx((2 * 2 + 8 * 5) / 10)
    for one in found.values():
        assert one.ci_low < one.value < one.ci_high
        assert one.marks == "people"
    assert found["judge_kappa_people"].n == 20


def test_disagreements_are_all_listed_with_what_the_judge_passed_over_first():
    found = calibrated().disagreements
    assert [bool(one.marks) for one in found] == [True] * 4 + [False] * 2
    assert [one.score for one in found] == [5] * 4 + [2] * 2
    assert found[0].marks == (MARK,)
    assert found[0].reason == "because"


def test_the_threshold_decides_which_scores_call_an_answer_wrong():
    cells = {(3, True): 5, (4, False): 5}
    assert named(calibrated(cells).estimates)["judge_kappa_people"].value == 1
    at_two = named(calibrated(cells, wrong_at=2).estimates)["judge_kappa_people"]
    assert at_two.value == 0
    assert len(at_two.cases) == 5


def test_answers_without_score_or_review_do_not_count_and_none_is_said():
    rows = [rating("a"), rating("b", factuality=1)]
    found = calibrate(rows, {"a": (MARK,)}, wrong_at=3, marks_from="people", pair="p")
    for one in found.estimates:
        assert (one.value, one.n) == (None, 0)
        assert one.missing
    assert found.disagreements == ()


def test_equal_values_everywhere_are_undefined_and_not_perfect():
    (kappa, alpha, *_) = calibrated({(5, False): 9}).estimates
    assert (kappa.value, alpha.value) == (None, None)
    assert "undefined" in kappa.missing


def test_few_instructions_have_a_value_and_no_interval():
    (kappa, alpha, *_) = calibrated({(2, True): 4, (5, False): 3, (5, True): 2}).estimates
    assert kappa.value is not None
    assert (kappa.ci_low, alpha.ci_low) == (None, None)


def test_an_answer_that_occurs_twice_is_refused():
    twice = [RatedTwice(run_id="a", instruction="q", first=1, second=2)] * 2
    with pytest.raises(InputError, match="occurs twice"):
        coefficients(twice, ordinal=True)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=40),
    st.booleans(),
)
def test_both_formulas_equal_other_implementations(both, ordinal):
    table = np.zeros((5, 5))
    for one, other in both:
        table[one - 1, other - 1] += 1
    kappa = kappa_of(table[None], ordinal=ordinal)[0]
    alpha = alpha_of(table[None], ordinal=ordinal)[0]
    if len({value for pair in both for value in pair}) == 1:
        assert np.isnan([kappa, alpha]).all()
        return
    scores = list(zip(*both, strict=True))
    weights = "quadratic" if ordinal else None
    oracle = cohen_kappa_score(*scores, labels=range(1, 6), weights=weights)
    assert kappa == pytest.approx(oracle, nan_ok=True)
    level = "ordinal" if ordinal else "nominal"
    assert alpha == pytest.approx(
        krippendorff.alpha(reliability_data=scores, level_of_measurement=level)
    )


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=3, max_size=30),
    st.booleans(),
)
def test_the_value_of_the_libraries_is_that_of_the_formula_of_the_interval(both, ordinal):
    rated = [
        RatedTwice(run_id=str(k), instruction=str(k), first=one, second=other)
        for k, (one, other) in enumerate(both)
    ]
    kappa, alpha = coefficients(rated, ordinal=ordinal)
    table = np.zeros((1, 5, 5))
    for one, other in both:
        table[0, one - 1, other - 1] += 1
    for found, formula in ((kappa, kappa_of), (alpha, alpha_of)):
        if found.value is not None:
            assert found.value == pytest.approx(formula(table, ordinal=ordinal)[0])


def test_two_raters_are_compared_by_aspect_over_the_answers_that_both_have_rated():
    first = [rating(str(k), instruction=str(k), **all_scores(k % 5 + 1)) for k in range(20)]
    second = [row | {"judge": "n", "depth": 6 - row["depth"]} for row in first[:15]]
    second[0] = second[0] | {"clarity": None}
    found = named(compare_raters(first, second, names="m and n"))
    assert len(found) == 3 * len(Aspect)
    assert found["raters_kappa_factuality"].value == 1
    assert found["raters_alpha_factuality"].n == 15
    assert found["raters_kappa_clarity"].n == 14
    assert found["raters_kappa_depth"].value == pytest.approx(-1)
    assert len(found["raters_kappa_depth"].cases) == 12


def reviewed_by_people(tmp_path, *, suggestions):
    with Store(tmp_path / "itlim.duckdb") as store:
        runs = [example_response(response=text.text) for text in items(study())]
        of = study(suggestions=suggestions)
        for run in runs:
            save_run(store, run)
        with_runs = [
            type(item)(
                **{name: getattr(item, name) for name in item.__slots__} | {"run_id": run.run_id}
            )
            for item, run in zip(items(of), runs, strict=True)
        ]
        create_study(store, of, with_runs, by="ann")
        first, second, third, _ = items_of(store, "dogs")
        work(store, first, "ann", (first.text[:5], "not_factual"), (first.text[6:9], "not_useful"))
        work(store, second, "ann", (second.text[:5], "not_useful"))
        if suggestions:
            shown = event("flag", third, "ann", reason="odd", suggestions_shown=True)
            from itlim.annotation.recording import AnnotationSession

            session = AnnotationSession(store=store, study=of, item=third, annotator="ann")
            session.record([shown, event("submit", third, nothing_wrong=True)], base=0)
        blind = people_marks(store, label="not_factual", is_blind=True)
        return [item.run_id for item in (first, second, third)], blind, people_marks(store)


def test_only_marks_of_the_label_count_as_wrong(tmp_path):
    (first, second, _), blind, every = reviewed_by_people(tmp_path, suggestions=False)
    assert [len(blind[run]) for run in (first, second)] == [1, 0]
    assert [len(every[run]) for run in (first, second)] == [2, 1]


def test_sheets_on_which_suggestions_were_shown_do_not_calibrate_the_judge(tmp_path):
    (first, _, third), blind, every = reviewed_by_people(tmp_path, suggestions=True)
    assert third in every
    assert third not in blind
    assert first in blind
