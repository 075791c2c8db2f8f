"""A judge's scores of the compared pairs."""

import pytest
from example_ratings import PROMPT, all_scores, rating, ratings_table

from itlim.findings.remedy_answers import RemedyMeasure
from itlim.store.connection import Store
from itlim.store.ratings import Rater, raters, save_ratings
from itlim.ui.findings.remedies.work import judged_scores

FACTUALITY, MEAN = RemedyMeasure.JUDGED, RemedyMeasure.JUDGED_MEAN


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def scores(store, judge="m", pairs=("mine",)):
    return judged_scores(store, Rater(judge=judge, prompt_version=PROMPT, n=1), pairs)


def test_scores_are_factuality_and_the_mean_of_all_five_aspects(store):
    uneven = {"helpfulness": 5, "clarity": 4, "factuality": 1, "depth": 2, "engagement": 2}
    save_ratings(
        store,
        ratings_table(
            rating("a", pair="mine", **uneven),
            rating("b", pair="mine", **all_scores(3) | {"depth": None}),
            rating("c", pair="mine", clarity=4),
            rating("d", pair="mine"),
        ),
    )
    assert scores(store) == {"a": {FACTUALITY: 1, MEAN: 2.8}, "b": {FACTUALITY: 3}}


def test_other_judges_and_other_pairs_do_not_count(store):
    save_ratings(
        store,
        ratings_table(
            rating("a", pair="mine", **all_scores(2)),
            rating("a", pair="mine", judge="other", **all_scores(5)),
            rating("b", pair="foreign", **all_scores(5)),
        ),
    )
    assert scores(store) == {"a": {FACTUALITY: 2, MEAN: 2}}


def test_the_judges_of_some_pairs_are_those_that_rated_them(store):
    rows = [rating(f"{number}", pair="foreign", judge="busy", depth=1) for number in range(3)]
    rows += [rating("a", pair="mine", judge="small", depth=1)]
    save_ratings(store, ratings_table(*rows))
    assert [one.judge for one in raters(store)] == ["busy", "small"]
    assert [(one.judge, one.n) for one in raters(store, ["mine", "noisy"])] == [("small", 1)]
    assert raters(store, ["noisy"]) == []
