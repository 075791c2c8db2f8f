"""Claims: never more than k people an item, whoever asks at once; abandoned ones go on."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from example_studies import items, study

from itlim.errors import ConflictError
from itlim.store.claims import (
    ClaimState,
    claim_item,
    claim_next,
    claim_states,
    progress_of,
    renew_claim,
    set_claim,
)
from itlim.store.connection import Store
from itlim.store.studies import create_study, items_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEXTS = tuple(f"Text number {n}." for n in range(12))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


def made(store, **changes):
    of = study(**changes)
    create_study(store, of, items(of, TEXTS), by="ann")
    return of


def work_off(store, of, annotator):
    done = []
    while (item := claim_next(store, of, annotator)) is not None:
        with store.writing() as cursor:
            set_claim(cursor, of.study_id, item, annotator, ClaimState.SUBMITTED)
        done.append(item)
    return done


def test_a_person_keeps_the_item_they_hold(store):
    of = made(store)
    assert claim_next(store, of, "ann") == claim_next(store, of, "ann")


def test_nobody_gets_an_item_twice_and_no_item_more_than_k(store):
    of = made(store)
    handed = [work_off(store, of, name) for name in ("ann", "bea", "cleo")]
    assert [len(one) for one in handed] == [12, 12, 0]
    assert all(len(set(one)) == len(one) for one in handed)
    assert set(Counter(handed[0] + handed[1]).values()) == {2}


def test_simultaneous_claims_never_exceed_k(store):
    of = made(store)
    handed = []

    def work(name):
        handed.extend((item, name) for item in work_off(store, of, name))

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(item for item, _ in handed) == dict.fromkeys({i for i, _ in handed}, 2)
    assert len(handed) == 24
    assert len(set(handed)) == 24


def test_items_that_others_began_come_first(store):
    of = made(store)
    begun = claim_next(store, of, "ann")
    assert claim_next(store, of, "bea") == begun


def test_a_skipped_item_is_left_to_others(store):
    of = made(store, annotators_per_item=1)
    item = claim_next(store, of, "ann")
    with store.writing() as cursor:
        set_claim(cursor, of.study_id, item, "ann", ClaimState.SKIPPED)
    assert claim_next(store, of, "ann") != item
    assert item in work_off(store, of, "bea")


def test_an_abandoned_claim_is_released_and_taken_up_again_while_there_is_room(store):
    of = made(store, annotators_per_item=1, claim_minutes=30)
    item = claim_next(store, of, "ann", now=NOON)
    renew_claim(store, of.study_id, item, "ann", now=NOON + timedelta(minutes=20))
    later = NOON + timedelta(minutes=45)
    assert claim_next(store, of, "bea", now=later) != item, "seen 25 minutes ago"
    later = NOON + timedelta(minutes=51)
    assert claim_next(store, of, "cleo", now=later) == item
    assert claim_states(store, "dogs")[item, "ann"] is ClaimState.RELEASED
    with pytest.raises(ConflictError, match="Your edits are kept"):
        claim_item(store, of, "ann", item, now=later)
    much_later = later + timedelta(minutes=31)
    claim_item(store, of, "ann", item, now=much_later)
    assert claim_states(store, "dogs")[item, "ann"] is ClaimState.OPEN


def test_batches_that_are_not_open_are_not_handed_out(store):
    of = made(store, pilot=3, batch_size=4)
    assert len(work_off(store, of, "ann")) == 3
    progress = progress_of(store, of, "ann")
    assert (progress.submitted, progress.left, progress.total) == (3, 0, 3)
    assert progress_of(store, of, "bea").left == 3


def test_an_item_of_a_closed_batch_is_not_taken_by_its_address(store):
    of = made(store, pilot=3, batch_size=4)
    later = next(item for item in items_of(store, "dogs") if item.batch == 2)
    with pytest.raises(ConflictError, match="batch 2, which is not open"):
        claim_item(store, of, "ann", later.item_id)
