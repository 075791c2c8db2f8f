"""Decoys are far down the ranking and look like candidates; positions reveal nothing."""

from collections import Counter

import pytest

from itlim.annotation.decoys import MIN_DECOY_RANK, N_CANDIDATES, candidates_to_judge
from itlim.records import Candidate, Level

SEEDS = [f"0/item/ann/{number}" for number in range(1200)]


def candidate(rank, *, length=40, nats=None):
    return Candidate(
        rank=rank,
        dataset="demo",
        row=rank,
        line=rank,
        instance_id=f"demo-{rank}",
        instruction="Ask",
        input="",
        response="x" * length,
        extra="",
        evidence_nats=50.0 - rank if nats is None else nats,
        part="span",
        concept_cos=None,
        coverage=0.5,
        topic_overlap=0.5,
        d1_similarity=None,
        keyword_presence=None,
        fuzzy_ratio=0.5,
        score=50.0 - rank,
        level=Level.WEAK,
    )


def ranking(length):
    return [candidate(rank) for rank in range(1, length + 1)]


def names(shown):
    return [one.instance_id for one in shown]


def test_the_best_candidates_and_decoys_from_rank_eleven_are_shown():
    for seed in SEEDS[:50]:
        shown = candidates_to_judge(ranking(50), 3, seed=seed)
        real = {one.rank for one in shown if one.retriever == "tracer"}
        decoys = {one.rank for one in shown if one.retriever == "decoy"}
        assert real == set(range(1, N_CANDIDATES + 1))
        assert len(decoys) == 3
        assert min(decoys) >= MIN_DECOY_RANK == 11


def test_no_instance_is_shown_twice():
    for seed in SEEDS[:50]:
        shown = candidates_to_judge(ranking(16), 9, seed=seed)
        assert len(set(names(shown))) == len(shown)


def test_the_same_seed_gives_the_same_order_and_other_seeds_give_others():
    first = candidates_to_judge(ranking(50), 2, seed="a")
    assert candidates_to_judge(ranking(50), 2, seed="a") == first
    others = {tuple(names(candidates_to_judge(ranking(50), 2, seed=seed))) for seed in SEEDS[:20]}
    assert len(others) > 15


def test_over_many_seeds_a_decoy_is_equally_often_at_every_position():
    places = Counter(
        place
        for seed in SEEDS
        for place, one in enumerate(candidates_to_judge(ranking(50), 1, seed=seed))
        if one.retriever == "decoy"
    )
    expected = len(SEEDS) / (N_CANDIDATES + 1)
    chi_square = sum(
        (places[place] - expected) ** 2 / expected for place in range(N_CANDIDATES + 1)
    )
    assert chi_square < 20.5, f"{dict(places)}; 5 degrees of freedom, p = 0.001"


def test_over_many_seeds_the_best_candidate_is_equally_often_at_every_position():
    places = Counter(
        names(candidates_to_judge(ranking(50), 1, seed=seed)).index("demo-1") for seed in SEEDS
    )
    expected = len(SEEDS) / (N_CANDIDATES + 1)
    chi_square = sum(
        (places[place] - expected) ** 2 / expected for place in range(N_CANDIDATES + 1)
    )
    assert chi_square < 20.5, f"{dict(places)}; 5 degrees of freedom, p = 0.001"


def test_a_decoy_resembles_a_candidate_in_length_and_evidence():
    ranked = [candidate(rank, length=200, nats=30.0) for rank in range(1, 6)]
    ranked += [candidate(rank) for rank in range(6, 11)]
    ranked += [
        candidate(11, length=5, nats=30.0),
        candidate(12, length=200, nats=1.0),
        candidate(13, length=190, nats=28.0),
        candidate(14, length=2000, nats=30.0),
    ]
    (decoy,) = [
        one.rank for one in candidates_to_judge(ranked, 1, seed="any") if one.retriever == "decoy"
    ]
    assert decoy == 13


@pytest.mark.parametrize(
    ("length", "asked", "real", "decoys"),
    [(0, 2, 0, 0), (1, 2, 1, 0), (10, 2, 5, 0), (11, 2, 5, 1), (50, 0, 5, 0), (50, 9, 5, 9)],
)
def test_without_other_instances_decoys_come_from_rank_eleven_and_below(
    length, asked, real, decoys
):
    shown = candidates_to_judge(ranking(length), asked, seed="short")
    found = Counter(one.retriever for one in shown)
    assert (found["tracer"], found["decoy"]) == (real, decoys)
