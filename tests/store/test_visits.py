"""A visitor's view of a read-only database: own work, and an unchanged shared file."""

import hashlib
import tempfile

import pytest
from example_runs import example_run

from itlim.errors import BusyError, ReadOnlyError, StoreError
from itlim.settings import DEMO_FOLDER
from itlim.store import visits
from itlim.store.connection import Store
from itlim.store.runs import count_runs, load_run, save_run
from itlim.store.shipped import open_read_only
from itlim.store.visits import VisitStore


@pytest.fixture
def path(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as store:
        save_run(store, example_run("a" * 16))
    return tmp_path / "itlim.duckdb"


@pytest.fixture
def shared(path):
    with Store(path, read_only=True) as store:
        yield store


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """The folder in which visits keep their copies."""
    folder = tmp_path / "copies"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_visits_see_the_shared_runs_and_their_own_only(shared, path):
    before = digest(path)
    one, two = VisitStore(shared), VisitStore(shared)
    save_run(one, example_run("b" * 16))
    save_run(two, example_run("c" * 16))
    assert [load_run(one, name * 16) is not None for name in "abc"] == [True, True, False]
    assert [load_run(two, name * 16) is not None for name in "abc"] == [True, False, True]
    assert count_runs(shared) == 1
    one.close()
    two.close()
    assert digest(path) == before
    assert sorted(one.name for one in path.parent.iterdir()) == ["itlim.duckdb"]


def test_reading_makes_no_copy_and_closing_deletes_it(shared, copies):
    visit = VisitStore(shared)
    assert count_runs(visit) == 1
    assert not visit.has_own_work
    save_run(visit, example_run("b" * 16))
    assert visit.has_own_work
    assert len([*copies.iterdir()]) == 1
    visit.close()
    assert count_runs(visit) == 1
    assert not [*copies.iterdir()]


def test_a_visit_that_ends_without_being_closed_leaves_no_copy(shared, copies):
    visit = VisitStore(shared)
    save_run(visit, example_run("b" * 16))
    assert len([*copies.iterdir()]) == 1
    del visit
    assert not [*copies.iterdir()]


def test_as_many_visits_as_allowed_can_store_and_the_next_one_is_told(shared):
    one, two = (VisitStore(shared, max_copies=1) for _ in range(2))
    save_run(one, example_run("b" * 16))
    with pytest.raises(BusyError, match="try again"):
        save_run(two, example_run("c" * 16))
    assert count_runs(two) == 1
    one.close()
    save_run(two, example_run("c" * 16))
    two.close()


def test_a_database_that_is_too_large_is_not_copied(shared):
    with pytest.raises(ReadOnlyError, match="own machine"):
        save_run(VisitStore(shared, max_bytes=10), example_run("b" * 16))


def test_a_full_disk_is_reported_and_nothing_is_stored(shared, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(visits.shutil, "copyfile", full)
    visit = VisitStore(shared)
    with pytest.raises(StoreError, match="No space left on device"):
        save_run(visit, example_run("b" * 16))
    assert count_runs(visit) == 1


def test_a_read_only_database_refuses_to_write(shared):
    with pytest.raises(ReadOnlyError, match="nothing was stored"):
        save_run(shared, example_run("b" * 16))


def test_opening_for_visits_makes_the_database_once_and_then_only_reads_it(tmp_path):
    path = tmp_path / "new" / "itlim.duckdb"
    with open_read_only(path, [DEMO_FOLDER / "runs"]) as store:
        n = count_runs(store)
    before = digest(path), path.stat().st_mtime_ns
    path.chmod(0o444)
    with open_read_only(path, [DEMO_FOLDER / "runs"]) as store:
        assert count_runs(store) == n > 0
    assert (digest(path), path.stat().st_mtime_ns) == before


def test_a_database_of_another_schema_is_not_opened_for_reading_only(path):
    with Store(path) as store, store.writing() as cursor:
        cursor.execute("DELETE FROM schema_migrations WHERE number > 3")
    with pytest.raises(StoreError, match="schema 3"):
        Store(path, read_only=True)
