"""Ranking: sums of log-scores, order of ties, levels, and small cases by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from traced_datasets import built, filler, row

from itlim.records import Weights
from itlim.trace.evidence.shared_words import span_coverage, topic_overlap
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.ranking import entropy, ranked_by_evidence

ROWS = [
    *filler(60),
    row("It was Maureen Wheeler.", instruction="Name a writer."),
    row("It was Maureen Wheeler!", instruction="Name a founder."),
    row("Wheeler"),
]
SAID = Response.of("Who was the founder?", "by Maureen Wheeler")


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranking")
    return [built(folder, ROWS), built(folder, ROWS[30:62], "other")]


def ranked(indexes, weights, instruction=SAID.instruction, **options):
    found = span_evidence([index.lexical for index in indexes], SAID, 1, 3)
    return found, ranked_by_evidence(
        indexes, found, Response.of(instruction, ""), weights, lexical_only=True, **options
    )


def test_scores_are_the_weighted_parts_best_first(indexes):
    weights = Weights(evidence=2, topic=3, coverage=5)
    found, best = ranked(indexes, weights)
    lexical = [index.lexical for index in indexes]
    topic = topic_overlap(lexical, best.sources, best.positions, SAID.instruction)
    coverage = span_coverage(found, best.sources, best.positions)
    np.testing.assert_allclose(best.scores, 2 * best.nats + 3 * topic + 5 * coverage)
    np.testing.assert_allclose(best.topic, topic)
    np.testing.assert_allclose(best.coverage, coverage)
    assert best.concept is None
    assert (np.diff(best.scores) <= 0).all()
    names = [indexes[source].instance_at(at)["instance_id"]
             for source, at in zip(best.sources, best.positions, strict=True)]  # fmt: skip
    assert set(names) >= {"toy-61", "toy-62", "other-31", "other-32"}
    assert names.index("toy-62") < names.index("toy-61"), "the instruction tells of the founder"


def test_equal_instances_keep_the_datasets_order(indexes):
    _, best = ranked(indexes, Weights(), instruction="")
    places = list(zip(best.sources.tolist(), best.positions.tolist(), strict=True))
    assert places[:4] == [(0, 60), (0, 61), (1, 30), (1, 31)]


def test_only_the_considered_are_ranked(indexes):
    _, best = ranked(indexes, Weights(), max_ranked=2)
    assert sorted(best.positions.tolist()) == [60, 61], "those of most evidence, the first of ties"


def test_an_empty_ranking_is_not_an_error(indexes):
    found = span_evidence([index.lexical for index in indexes], Response.of("", "unheard"), 0, 1)
    best = ranked_by_evidence(indexes, found, Response.of("", ""), Weights(), lexical_only=True)
    assert len(best.scores) == len(best.positions) == 0


def test_entropy_by_hand():
    assert entropy(np.array([5.0])) == 0
    assert entropy(np.array([])) == 0
    assert entropy(np.array([2.0, 2.0, 2.0, 2.0])) == pytest.approx(math.log(4))
    # e¹ : e⁰
    share = math.e / (1 + math.e)
    assert entropy(np.array([8.0, 7.0])) == pytest.approx(
        -share * math.log(share) - (1 - share) * math.log(1 - share)
    )
    assert entropy(np.array([900.0, 0.0])) == 0, "no share underflows into nan"


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=8), st.floats(-1e3, 1e3))
def test_entropy_is_that_of_the_softmax(scores, shift):
    from scipy.special import softmax
    from scipy.stats import entropy as scipy_entropy

    assert entropy(np.array(scores)) == pytest.approx(scipy_entropy(softmax(scores)), abs=1e-9)
    assert entropy(np.array(scores) + shift) == pytest.approx(entropy(np.array(scores)), abs=1e-6)
    assert -1e-12 <= entropy(np.array(scores)) <= math.log(len(scores)) + 1e-12
