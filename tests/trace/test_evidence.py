"""Copy evidence by hand, and against trying every segmentation of the span in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_evidence import evidence_by_enumeration, price
from word_corpora import CORPORA, QUERIES, fields_of, in_memory

from itlim.trace.evidence.copying import (
    FIELD_SHARES,
    MIN_RUN,
    RUN_SHARE,
    WORD_PRICE,
    best_segmentation,
    copy_evidence,
    cumulative_gains,
    field_prices,
    most_evidence,
)
from itlim.trace.words.matching import match

SURPRISALS = st.lists(
    st.sampled_from([0.0, 0.05, 1.5, MIN_RUN, MIN_RUN + 0.3, 14.0, 40.0]),
    min_size=9,
    max_size=9,
)


def evidence_of(rows, query, surprisal, above=0.0) -> dict[int, float]:
    found = copy_evidence(match(in_memory(rows), query), np.array(surprisal), above=above)
    return dict(zip(found.positions.tolist(), found.nats.tolist(), strict=True))


def test_a_run_by_hand():
    # Two words of 8 nats, in a response of three words; nothing of it in the other instance.
    found = evidence_of([("", "", "1 2 3"), ("", "", "1 4")], ["1", "2"], [8.0, 8.0])
    assert found[0] == pytest.approx(16 - 2 * WORD_PRICE - math.log(4) + math.log(RUN_SHARE))
    assert found[1] == pytest.approx(8 - WORD_PRICE - math.log(3) + math.log(RUN_SHARE))


def test_runs_of_one_source_add_up():
    rows = [("", "", "1 2 5 5 3 4")]
    whole = evidence_of(rows, ["1", "2", "9", "3", "4"], [9.0, 9.0, 9.0, 9.0, 9.0])
    half = evidence_of(rows, ["1", "2"], [9.0, 9.0])
    assert whole[0] == pytest.approx(2 * half[0])


def test_long_instances_pay_for_their_length():
    found = evidence_of([("", "", "1"), ("", "", "1 " + "2 " * 99)], ["1"], [20.0])
    assert found[0] - found[1] == pytest.approx(math.log(101 / 2))


@pytest.mark.parametrize("field", [0, 1, 2])
def test_fields_differ_by_their_prior(field):
    texts = ["", "", ""]
    texts[field] = "1 2"
    assert FIELD_SHARES[2] == 1
    assert FIELD_SHARES[0] < FIELD_SHARES[1] < 1
    found = evidence_of([tuple(texts), ("", "", "1 2")], ["1", "2"], [20.0, 20.0])
    assert found[1] - found[0] == pytest.approx(-math.log(FIELD_SHARES[field]))
    assert field_prices()[field] == pytest.approx(-math.log(RUN_SHARE * FIELD_SHARES[field]))


def test_of_several_fields_the_cheapest_counts():
    found = evidence_of([("1", "", "1 2 2 2"), ("", "", "1 2 2 2"), ("1", "", "")], ["1"], [20.0])
    assert found[0] == max(found.values())


def test_a_run_must_gain_more_than_the_minimum_to_count():
    rows = [("", "", "1")]
    assert evidence_of(rows, ["1"], [MIN_RUN + WORD_PRICE]) == {}
    more = evidence_of(rows, ["1"], [MIN_RUN + WORD_PRICE + 1e-6])
    assert more[0] == pytest.approx(MIN_RUN - price(1, 2), abs=1e-5)


def test_unsurprising_words_do_not_count():
    # As if the base model predicted them.
    rows = [("", "", "1 2 3")]
    assert evidence_of(rows, ["1", "2", "3"], [0.0, 0.0, 0.0]) == {}
    alone = evidence_of(rows, ["1"], [12.0])
    after = evidence_of(rows, ["1", "2", "3"], [12.0, 0.0, 0.0])
    assert after == pytest.approx(alone), "unsurprising words at the end are not copied along"


def test_gains_are_cumulative_sums():
    assert cumulative_gains(np.array([1.0, 5.0])).tolist() == pytest.approx(
        [0, 1 - WORD_PRICE, 6 - 2 * WORD_PRICE]
    )


def test_no_words_give_no_evidence():
    assert evidence_of([("", "", "1")], [], []) == {}


@settings(deadline=None, max_examples=60)
@given(CORPORA, QUERIES.filter(lambda query: len(query) < 8), SURPRISALS)
def test_evidence_equals_that_of_the_best_of_all_segmentations(rows, query, surprisal):
    surprisal = surprisal[: len(query)]
    fields = fields_of(rows)
    expected = {
        position: evidence_by_enumeration(fields[3 * position : 3 * position + 3], query, surprisal)
        for position in range(len(rows))
    }
    found = evidence_of(rows, query, surprisal)
    assert found == pytest.approx({at: nats for at, nats in expected.items() if nats > 0})
    for above in (3.3, 12.1):
        kept = {at: nats for at, nats in expected.items() if nats > above}
        assert evidence_of(rows, query, surprisal, above) == pytest.approx(kept)


def test_the_most_evidence_by_hand():
    """Two runs, of two words and of one, each in a response of its own length."""
    index = in_memory([("", "", "1 2"), ("", "", "9 9 3 9")])
    matches = match(index, ["1", "2", "8", "3"])
    surprisal = np.array([5.0, 8.0, 20.0, 9.0])
    expected = 13 - 2 * WORD_PRICE - price(2, 2) + 9 - WORD_PRICE - price(1, 2)
    assert most_evidence(matches, surprisal, 0, 4) == pytest.approx(expected)
    assert most_evidence(matches, surprisal, 1, 3) == pytest.approx(8 - WORD_PRICE - price(1, 2))
    assert most_evidence(matches, surprisal, 2, 3) == 0


@settings(deadline=None, max_examples=60)
@given(CORPORA, QUERIES, SURPRISALS)
def test_no_instance_has_more_than_the_most_evidence(rows, query, surprisal):
    surprisal = np.array(surprisal[: len(query)])
    matches = match(in_memory(rows), query)
    for first in range(len(query)):
        for last in range(first + 1, len(query) + 1):
            found = copy_evidence(matches.between(first, last), surprisal[first:last])
            most = most_evidence(matches, surprisal, first, last)
            assert found.nats.max(initial=0.0) <= most + 1e-9


@settings(deadline=None, max_examples=60)
@given(CORPORA, QUERIES, SURPRISALS)
def test_the_best_segmentation_has_the_evidence_run_by_run(rows, query, surprisal):
    surprisal = np.array(surprisal[: len(query)])
    index = in_memory(rows)
    found = match(index, query)
    evidence = copy_evidence(found, surprisal)
    nats_of = dict(zip(evidence.positions.tolist(), evidence.nats.tolist(), strict=True))
    fields = fields_of(rows)
    for position in range(len(rows)):
        runs, nats = best_segmentation(index, position, found.ids, surprisal)
        assert nats == pytest.approx(nats_of.get(position, 0.0))
        assert sum(run.nats for run in runs) == pytest.approx(nats)
        last = 0
        for run in runs:
            assert run.start >= last, "runs are disjoint and in order"
            last = run.start + run.length
            copied = query[run.start : last]
            assert copied == fields[3 * position + run.field][run.word : run.word + run.length]
            own = surprisal[run.start : last].sum() - WORD_PRICE * run.length
            n_words = len(fields[3 * position + run.field])
            assert run.nats == pytest.approx(own - price(n_words, run.field))
            assert run.nats > 0


@settings(deadline=None, max_examples=30)
@given(CORPORA, QUERIES, SURPRISALS)
def test_copies_of_instances_have_the_same_evidence(rows, query, surprisal):
    surprisal = surprisal[: len(query)]
    once = evidence_of(rows, query, surprisal)
    twice = evidence_of([*rows, *rows], query, surprisal)
    assert twice == pytest.approx(once | {at + len(rows): nats for at, nats in once.items()})


def test_a_field_beyond_the_price_table_costs_its_actual_length():
    long = "1 " + "2 " * 4000
    found = evidence_of([("", "", long), ("", "", "1")], ["1"], [20.0])
    assert found[0] == pytest.approx(20 - WORD_PRICE - price(4001, 2))
    # The evidence lies between the table's last price and the actual price, so none remains.
    barely = price(4001, 2) + WORD_PRICE - 0.01
    assert list(evidence_of([("", "", long)], ["1"], [barely])) == []
