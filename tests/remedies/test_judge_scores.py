"""The mean score of a pair's answers, by hand."""

import pytest
from example_ratings import all_scores, rating

from itlim.remedies.judge_scores import overall_score


def test_each_answer_counts_once_with_the_mean_of_the_scores_that_it_has():
    """(2 + (5 + 4) / 2 + 1) / 3, where one answer has two scores and one has none."""
    rows = [
        rating("a" * 16, instruction="One?", **all_scores(2)),
        rating("b" * 16, instruction="Two?", helpfulness=5, depth=4),
        rating("c" * 16, instruction="Three?", **all_scores(1)),
        rating("d" * 16, instruction="Four?"),
    ]
    found = overall_score("demo-sft", rows)
    assert (found.value, found.n) == (pytest.approx(7.5 / 3), 3)
    assert found.ci_low < found.value < found.ci_high


def test_without_ratings_the_score_is_undefined_and_says_why():
    found = overall_score("demo-sft", [])
    assert found.value is None
    assert "no judging model" in found.missing
