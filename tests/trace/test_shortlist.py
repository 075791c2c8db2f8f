"""The shortlist: expensive parts lift candidates into the top, but only from the shortlist."""

import pytest
from traced_datasets import built, filler, row

from itlim.records import Weights
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.ranking import ranked_by_evidence
from itlim.trace.shortlist import SHORTLIST, Shortlist

SAID = Response.of("Who?", "by Maureen Wheeler of Lonely Planet")
ROWS = [
    *filler(60),
    row("Maureen Wheeler of Lonely. Then a break."),
    row("Planet Maureen Wheeler Lonely"),
    row("They met Lonely Planet."),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return built(tmp_path_factory.mktemp("shortlist"), ROWS)


def candidates(index, top, size=SHORTLIST, **weights):
    chosen = Weights(**weights)
    evidence = span_evidence([index.lexical], SAID, 0, len(SAID.words))
    return Shortlist(
        indexes=[index],
        evidence=evidence,
        response=SAID,
        first=0,
        last=len(SAID.words),
        ranked=ranked_by_evidence([index], evidence, SAID, chosen, lexical_only=True),
        weights=chosen,
        null_p=None,
        size=size,
    ).candidates(top)


def test_expensive_parts_without_weight_do_not_change_the_order(index):
    found = candidates(index, 3)
    assert [one.rank for one in found] == [1, 2, 3]
    assert found[0].instance_id == "toy-61"
    assert all(one.keyword_presence is not None for one in found), "shown all the same"


def test_a_weighted_part_lifts_a_candidate_from_below_the_top(index):
    (first,) = candidates(index, 1, evidence=0.0, topic=0.0, coverage=0.0, keywords=20.0)
    best = max(candidates(index, 3), key=lambda one: one.keyword_presence)
    assert first.instance_id == best.instance_id
    assert first.score == pytest.approx(20 * first.keyword_presence)
    assert first.rank == 1


def test_no_part_lifts_a_candidate_from_beyond_the_shortlist(index):
    plain = candidates(index, 1, size=1)
    assert candidates(index, 1, size=1, fuzzy=20.0)[0].instance_id == plain[0].instance_id
