"""kill -9 at every step of a restore: the next start finishes or undoes it, and says so."""

import signal
import subprocess
import sys

import pytest
from servers import ROOT

from itlim.store.backup import backup_folder, forget_partial, list_backups, make_backup
from itlim.store.connection import Store
from itlim.store.restoring import restore
from itlim.store.runs import count_runs, save_run
from tests.example_runs import example_run

SAVE_AND_DIE = """
import os, pathlib, signal, sys
from itlim.store.connection import Store
from itlim.store.runs import save_run
from tests.example_runs import example_run
store = Store(pathlib.Path(sys.argv[1]))
for number in range(1, 4):
    save_run(store, example_run(f"{number:016d}"))
os.kill(os.getpid(), signal.SIGKILL)
"""
RESTORE_AND_DIE = """
import os, pathlib, signal, sys
step, calls = int(sys.argv[3]), 0
def dying(call):
    def run(*arguments):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)
    return run
os.fsync, os.replace = dying(os.fsync), dying(os.replace)
from itlim.store.restoring import restore
restore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
"""
STEPS = {1: "copied", 2: "complete", 3: "database aside", 4: "log aside", 5: "in place"}


def killed(script, *arguments):
    ended = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, check=False
    )
    assert ended.returncode == -signal.SIGKILL


@pytest.fixture
def database(tmp_path):
    """A database of three runs with a write-ahead log, and a backup of the first of them."""
    path = tmp_path / "itlim.duckdb"
    with Store(path) as store:
        save_run(store, example_run("0" * 16))
        make_backup(store)
    path.unlink()
    killed(SAVE_AND_DIE, path)
    assert path.with_name("itlim.duckdb.wal").exists()
    return path


@pytest.mark.parametrize("step", STEPS, ids=STEPS.values())
def test_a_killed_restore_is_finished_or_undone_by_the_next_start_which_says_so(database, step):
    killed(RESTORE_AND_DIE, database, list_backups(database)[0].path, step)
    is_undone = step <= 2
    with Store(database) as store:
        assert count_runs(store) == (3 if is_undone else 1)
        assert "Restoring a backup was interrupted" in store.note
        assert ("as it was" in store.note) == is_undone
        assert ("complete now" in store.note) == (not is_undone)
    aside = [path for path in database.parent.glob("*.replaced-*") if path.suffix != ".wal"]
    assert len(aside) == (0 if is_undone else 1)
    for path in aside:
        assert str(path) in store.note
        with Store(path) as old:
            assert count_runs(old) == 3, "the log was moved with its database"
    assert not list(database.parent.glob("*restoring*"))
    with Store(database) as store:
        assert store.note == "", "said once"


def test_restores_of_the_same_second_do_not_replace_what_was_moved_aside(database):
    backup = list_backups(database)[0].path
    moved = {restore(database, backup) for _ in range(3)}
    assert len(moved) == 3
    assert all(path.exists() for path in moved)


def test_a_restore_without_a_database_needs_none(tmp_path, database):
    new = tmp_path / "new" / "itlim.duckdb"
    new.parent.mkdir()
    assert restore(new, list_backups(database)[0].path) is None
    with Store(new) as store:
        assert count_runs(store) == 1


def test_a_killed_backup_is_never_offered_and_is_deleted_by_the_next(database):
    (backup_folder(database) / "itlim-20260101-000000.part").write_bytes(b"half")
    (backup_folder(database) / "itlim-20260101-000000.part.wal").write_bytes(b"half")
    assert len(list_backups(database)) == 1
    assert forget_partial(database) == 1
    assert not list(backup_folder(database).glob("*.part*"))
