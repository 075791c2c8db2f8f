"""The event log is append-only, idempotent and ordered, also with concurrent writers."""

import threading

import pytest
from example_studies import append_events, event, item, put

from itlim.errors import ConflictError, ItlimError
from itlim.store.annotation_events import events_of
from itlim.store.connection import Store

DOG = item()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


def append(store, *events, base=0):
    return append_events(store, events, base=base)


def test_events_are_read_back_unchanged(store):
    sent = [put(DOG, "🐶"), event("flag", DOG, reason="שלום")]
    assert append(store, *sent) == 2
    assert events_of(store, "dogs") == {(DOG.item_id, "ann"): sent}
    assert events_of(store, "cats") == {}
    assert events_of(store, "dogs", item_id="other") == {}


def test_sending_an_event_again_changes_nothing(store):
    first, second = put(DOG, "🐶"), put(DOG, "Cat", mark="m2")
    append(store, first)
    assert append(store, first, second) == 2, "the acknowledgement was lost, the client sends all"
    assert append(store, first, second) == 2
    assert events_of(store, "dogs") == {(DOG.item_id, "ann"): [first, second]}


def test_an_edit_on_an_older_version_is_a_conflict_and_stores_nothing(store):
    append(store, put(DOG, "🐶"))
    with pytest.raises(ConflictError, match="has 1 edit, but this page shows 0"):
        append(store, put(DOG, "Cat", mark="m2"), put(DOG, "dog", mark="m3"))
    assert len(events_of(store, "dogs")[DOG.item_id, "ann"]) == 1


def test_a_conflict_at_a_later_event_stores_none_of_them(store):
    stored = put(DOG, "🐶")
    append(store, stored)
    new = put(DOG, "Cat", mark="m2")
    with pytest.raises(ConflictError):
        append(store, new, stored, base=0)
    assert events_of(store, "dogs") == {(DOG.item_id, "ann"): [stored]}


def test_sheets_of_different_people_do_not_conflict(store):
    append(store, put(DOG, "🐶", "ann"))
    append(store, put(DOG, "Cat", "bea"))
    assert {key[1] for key in events_of(store, "dogs")} == {"ann", "bea"}


@pytest.mark.full
def test_four_writers_of_200_edits_lose_and_duplicate_nothing(store):
    failures = []

    def write(name):
        version = 0
        try:
            for _ in range(200):
                version = append(store, event("flag", DOG, name, reason="x"), base=version)
        except ItlimError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = events_of(store, "dogs")
    assert {name: len(events) for (_, name), events in found.items()} == dict.fromkeys("abcd", 200)
    ids = [one.event_id for events in found.values() for one in events]
    assert len(set(ids)) == 800


def test_each_edit_of_concurrent_writers_of_a_sheet_is_kept_or_rejected(store):
    kept, refused = [], []

    def write(_):
        for _ in range(50):
            version = len(events_of(store, "dogs").get((DOG.item_id, "ann"), []))
            sent = event("flag", DOG, reason="x")
            try:
                append(store, sent, base=version)
                kept.append(sent.event_id)
            except ConflictError:
                refused.append(sent.event_id)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = [one.event_id for one in events_of(store, "dogs")[DOG.item_id, "ann"]]
    assert sorted(stored) == sorted(kept)
    assert len(kept) + len(refused) == 200
