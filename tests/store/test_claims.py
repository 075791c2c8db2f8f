"""Claims: at most k people per item, also with concurrent claims; abandoned ones are released."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from example_studies import items, study

from itlim.errors import ItemTakenError
from itlim.store.claims import (
    ClaimState,
    check_free,
    claim_states,
    holders_of,
    renew_claim,
    retake_claim,
    set_claim,
    take_claim,
)
from itlim.store.connection import Store
from itlim.store.queue import next_item, progress_of
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


def claim(store, of, annotator, item, **when):
    with store.writing() as cursor:
        take_claim(cursor, of, annotator, item, **when)


def end(store, of, annotator, item, state=ClaimState.SUBMITTED):
    with store.writing() as cursor:
        set_claim(cursor, of.study_id, item, annotator, state)


def work_off(store, of, annotator):
    """Claim and submit items until none is left; others may be faster with an item that is open."""
    done = []
    while (item := next_item(store, of, annotator)) is not None:
        try:
            claim(store, of, annotator, item)
        except ItemTakenError:
            continue
        end(store, of, annotator, item)
        done.append(item)
    return done


def test_opening_an_item_reserves_nothing(store):
    of = made(store, annotators_per_item=1)
    item = next_item(store, of, "ann")
    assert next_item(store, of, "bea") == item
    check_free(store, of, "ann", item)
    assert claim_states(store, "dogs") == {}
    assert holders_of(store, of, item) == []
    assert progress_of(store, of, "ann").open == 0


def test_the_first_claim_gets_the_item_and_the_second_person_learns_who_has_it(store):
    of = made(store, annotators_per_item=1)
    item = next_item(store, of, "ann")
    assert next_item(store, of, "bea") == item
    claim(store, of, "ann", item)
    assert [(one.annotator, one.state) for one in holders_of(store, of, item)] == [("ann", "open")]
    with pytest.raises(ItemTakenError, match="ann has taken this item: the study allows 1 annot"):
        claim(store, of, "bea", item)
    with pytest.raises(ItemTakenError, match="Your edits are kept"):
        check_free(store, of, "bea", item)
    assert next_item(store, of, "bea") != item
    assert next_item(store, of, "ann") == item, "a person keeps the item that they have begun"


def test_nobody_gets_an_item_twice_and_no_item_gets_more_than_k_people(store):
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


def test_of_many_people_who_open_one_item_at_once_exactly_k_get_it(store):
    of = made(store, annotators_per_item=3)
    barrier = threading.Barrier(12)
    got, refused = [], []

    def work(name):
        item = next_item(store, of, name)
        barrier.wait()
        try:
            claim(store, of, name, item)
        except ItemTakenError:
            refused.append(name)
        else:
            got.append(item)

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(set(got)), len(refused)) == (3, 1, 9)
    assert len(holders_of(store, of, got[0])) == 3


def test_items_that_others_have_begun_come_first(store):
    of = made(store)
    begun = [one.item_id for one in items_of(store, "dogs")][5]
    claim(store, of, "ann", begun)
    assert next_item(store, of, "bea") == begun


def test_a_skipped_item_is_assigned_to_others(store):
    of = made(store, annotators_per_item=1)
    item = next_item(store, of, "ann")
    end(store, of, "ann", item, ClaimState.SKIPPED)
    assert next_item(store, of, "ann") != item
    assert item in work_off(store, of, "bea")


def test_an_abandoned_claim_is_released_and_can_be_renewed_below_the_limit(store):
    of = made(store, annotators_per_item=1, claim_minutes=30)
    item = next_item(store, of, "ann", now=NOON)
    claim(store, of, "ann", item, now=NOON)
    renew_claim(store, of.study_id, item, "ann", now=NOON + timedelta(minutes=20))
    later = NOON + timedelta(minutes=45)
    assert next_item(store, of, "bea", now=later) != item, "seen 25 minutes ago"
    later = NOON + timedelta(minutes=51)
    assert holders_of(store, of, item, now=later) == []
    assert next_item(store, of, "cleo", now=later) == item
    claim(store, of, "cleo", item, now=later)
    assert claim_states(store, "dogs")[item, "ann"] is ClaimState.RELEASED
    with pytest.raises(ItemTakenError, match="Your edits are kept"):
        claim(store, of, "ann", item, now=later)
    much_later = later + timedelta(minutes=31)
    assert next_item(store, of, "ann", now=much_later) == item, "their own abandoned item first"
    claim(store, of, "ann", item, now=much_later)
    assert claim_states(store, "dogs")[item, "ann"] is ClaimState.OPEN


def test_a_submitted_claim_can_be_opened_again_and_keeps_its_place(store):
    of = made(store, annotators_per_item=1)
    item = next_item(store, of, "ann")
    claim(store, of, "ann", item)
    end(store, of, "ann", item)
    with store.writing() as cursor:
        retake_claim(cursor, of, "ann", item)
    assert claim_states(store, "dogs")[item, "ann"] is ClaimState.OPEN
    with pytest.raises(ItemTakenError):
        claim(store, of, "bea", item)


def test_a_skipped_claim_can_be_opened_again_only_while_a_place_is_free(store):
    of = made(store, annotators_per_item=1)
    first, second = [one.item_id for one in items_of(store, "dogs")][:2]
    for item in (first, second):
        claim(store, of, "ann", item)
        end(store, of, "ann", item, ClaimState.SKIPPED)
    claim(store, of, "bea", first)
    with pytest.raises(ItemTakenError, match="bea has taken"), store.writing() as cursor:
        retake_claim(cursor, of, "ann", first)
    with store.writing() as cursor:
        retake_claim(cursor, of, "ann", second)
    assert claim_states(store, "dogs")[second, "ann"] is ClaimState.OPEN


def test_items_of_closed_batches_are_not_assigned(store):
    of = made(store, pilot=3, batch_size=4)
    assert len(work_off(store, of, "ann")) == 3
    progress = progress_of(store, of, "ann")
    assert (progress.submitted, progress.left, progress.total) == (3, 0, 3)
    assert progress_of(store, of, "bea").left == 3


def test_an_item_of_a_closed_batch_cannot_be_claimed_by_its_id(store):
    of = made(store, pilot=3, batch_size=4)
    later = next(item for item in items_of(store, "dogs") if item.batch == 2)
    with pytest.raises(ItemTakenError, match="batch 2, which is not open"):
        claim(store, of, "ann", later.item_id)
