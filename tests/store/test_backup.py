"""Backups are complete, made while the app is in use, and restored without loss."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from example_studies import append_events, event, item, items, put, study

from itlim.errors import StoreError
from itlim.store.annotation_events import events_of
from itlim.store.backup import backup_if_due, list_backups, make_backup
from itlim.store.connection import Store
from itlim.store.restoring import restore
from itlim.store.runs import count_runs, save_run
from itlim.store.studies import create_study, items_of, load_study
from tests.example_runs import example_run

DOG = item()
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "it's.duckdb") as opened:
        save_run(opened, example_run("0123456789abcdef"))
        create_study(opened, study(), items(study()), by="ann")
        append_events(opened, [put(DOG, "🐶")], base=0)
        yield opened


def test_a_backup_can_be_opened_and_contains_everything(store, tmp_path):
    made = make_backup(store)
    assert made.size > 0
    with Store(made.path) as copy:
        assert count_runs(copy) == 1
        assert load_study(copy, "dogs") == study()
        assert items_of(copy, "dogs") == items_of(store, "dogs")
        assert events_of(copy, "dogs") == events_of(store, "dogs")
        # Work goes on in it: keys, sequence and constraints are there.
        append_events(copy, [event("flag", DOG, reason="x")], base=1)


def test_a_backup_made_during_writes_is_a_consistent_state(store):
    done = threading.Event()

    def write():
        version = 1
        while not done.is_set():
            version = append_events(store, [event("flag", DOG, reason="x")] * 1, base=version)

    writer = threading.Thread(target=write)
    writer.start()
    made = make_backup(store)
    done.set()
    writer.join()
    with Store(made.path) as copy:
        copied = events_of(copy, "dogs")[DOG.item_id, "ann"]
    stored = events_of(store, "dogs")[DOG.item_id, "ann"]
    assert copied == stored[: len(copied)]


def test_one_backup_per_day_is_made_automatically_and_old_ones_are_deleted(store):
    assert backup_if_due(store, now=NOON) is not None
    assert backup_if_due(store, now=NOON + timedelta(hours=23)) is None
    for day in range(1, 5):
        assert backup_if_due(store, now=NOON + timedelta(days=day), kept=3) is not None
    assert [one.made_at.day for one in list_backups(store.path)] == [5, 4, 3]


def test_restoring_renames_the_old_file(store, tmp_path):
    made = make_backup(store)
    append_events(store, [event("flag", DOG, reason="later")], base=1)
    store.close()
    aside = restore(store.path, made.path)
    with Store(store.path) as again:
        assert len(events_of(again, "dogs")[DOG.item_id, "ann"]) == 1
    with Store(aside) as old:
        assert len(events_of(old, "dogs")[DOG.item_id, "ann"]) == 2


def test_a_file_that_is_not_a_database_is_not_restored(store, tmp_path):
    store.close()
    bad = tmp_path / "bad.duckdb"
    bad.write_bytes(b"no database" * 1000)
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match="not a database of itlim"):
        restore(store.path, bad)
    assert store.path.read_bytes() == before


def test_a_damaged_database_is_replaced_by_the_newest_backup(store):
    make_backup(store)
    store.close()
    store.path.write_bytes(b"\0" * 4096)
    with pytest.raises(StoreError):
        Store(store.path)
    restore(store.path, list_backups(store.path)[0].path)
    with Store(store.path) as again:
        assert count_runs(again) == 1


def test_a_backup_that_cannot_be_written_raises_an_error(store, tmp_path):
    (tmp_path / "backups").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot be written"):
        make_backup(store)
    assert list_backups(store.path) == []
