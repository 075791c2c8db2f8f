import sqlite3
import subprocess
import sys
from contextlib import closing

import duckdb
import pytest

from itlim.errors import (
    DatabaseDamagedError,
    ForeignDatabaseError,
    StoreError,
    StoreLockedError,
)
from itlim.store.backup import make_backup
from itlim.store.connection import Store
from itlim.store.opening import opening_error
from itlim.store.runs import count_runs, save_run
from tests.example_runs import example_run


def test_a_second_process_is_told_who_holds_the_file(tmp_path):
    path = tmp_path / "itlim.duckdb"
    code = (
        "import sys, pathlib; from itlim.store.connection import Store\n"
        "store = Store(pathlib.Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout.readline().strip() == "open"
        with pytest.raises(StoreLockedError, match=rf"process {owner.pid}.*--db"):
            Store(path)
        owner.kill()


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "itlim.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="not a readable DuckDB file"):
        Store(path)
    assert path.read_bytes() == b"not a database" * 1000


def with_duckdb(*statements):
    def make(path):
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)

    return make


def with_sqlite(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (run_id TEXT)")
        connection.commit()


def after_a_crash(path):
    """A foreign database with a log of changes that was not applied yet."""
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1])\n"
        "c.execute('CREATE TABLE customers (a INTEGER)'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.with_name(f"{path.name}.wal").exists()


@pytest.mark.parametrize(
    ("make", "seen"),
    [
        (with_duckdb("CREATE TABLE runs (run_id VARCHAR)"), r"1 table \(runs\)"),
        (with_duckdb("CREATE TABLE a (x INTEGER)", "CREATE VIEW b AS FROM a"), "2 tables"),
        (with_duckdb("CREATE SCHEMA s", "CREATE TABLE s.customers (a INTEGER)"), "customers"),
        (with_duckdb("CREATE TABLE schema_migrations (version VARCHAR)"), "schema_migrations"),
        (
            with_duckdb(
                "CREATE TABLE schema_migrations (number INTEGER, name VARCHAR)",
                "INSERT INTO schema_migrations VALUES (1, 'create_users')",
            ),
            "schema_migrations",
        ),
        (with_sqlite, "an SQLite database"),
        (after_a_crash, "customers"),
    ],
)
def test_the_database_of_another_program_is_named_as_such_and_never_changed(tmp_path, make, seen):
    path = tmp_path / "other.duckdb"
    make(path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ForeignDatabaseError, match=f"of another program.*{seen}.*Nothing was"):
        Store(path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_database_without_tables_is_taken_into_use(tmp_path):
    with_duckdb()(tmp_path / "new.duckdb")
    with Store(tmp_path / "new.duckdb") as store:
        assert count_runs(store) == 0


def damaged(path, place):
    """Invert 64 bytes at a place, given as a fraction of the file."""
    content = bytearray(path.read_bytes())
    start = int(place * len(content))
    content[start : start + 64] = bytes(byte ^ 0xFF for byte in content[start : start + 64])
    path.write_bytes(content)


@pytest.fixture
def filled(tmp_path):
    """A database in a folder whose name contains "lock"."""
    path = tmp_path / "blocks" / "itlim.duckdb"
    with Store(path) as store:
        save_run(store, example_run())
    return path


def test_a_damaged_database_is_called_damaged_whatever_its_path_contains(filled):
    # The first header of 4 KiB is followed by two that have checksums.
    damaged(filled, 4096 / filled.stat().st_size)
    damaged(filled, 8192 / filled.stat().st_size)
    with pytest.raises(DatabaseDamagedError, match=r"is damaged.*There is no backup"):
        Store(filled)


def test_the_newest_backup_of_a_damaged_database_is_named(filled):
    with Store(filled) as store:
        made = make_backup(store)
    filled.write_bytes(filled.read_bytes()[:8192])
    with pytest.raises(DatabaseDamagedError, match=f"newest backup is {made.path}"):
        Store(filled)


def test_damage_that_only_a_query_finds_is_reported_as_such(filled):
    whole = filled.read_bytes()
    found = []
    for block in range(1, len(whole) // 2**18):
        filled.write_bytes(whole)
        damaged(filled, (12288 + block * 2**18 + 100) / len(whole))
        opened = False
        try:
            with Store(filled) as store, store.reading() as cursor:
                opened = True
                cursor.sql("SELECT * FROM runs").fetchall()
                cursor.sql("SELECT * FROM token_shifts").fetchall()
        except DatabaseDamagedError:
            found.append(opened)
    assert True in found


def test_a_file_that_became_empty_is_called_damaged(filled):
    filled.write_bytes(b"")
    with pytest.raises(DatabaseDamagedError, match="is empty"):
        Store(filled)


def test_another_version_of_duckdb_is_not_called_damage(tmp_path):
    said = duckdb.IOException(
        "IO Error: Trying to read a database file with version number 250, but we can only read "
        "versions between 64 and 67."
    )
    found = opening_error(tmp_path / "itlim.duckdb", said)
    assert "was written by another version of DuckDB" in str(found)
    assert not isinstance(found, DatabaseDamagedError)


def test_a_folder_in_the_place_of_a_database_is_named(tmp_path):
    with pytest.raises(StoreError, match="is a folder: choose a file"):
        Store(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "itlim.duckdb")


def test_an_interrupted_transaction_leaves_the_store_usable(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as store:
        with pytest.raises(duckdb.Error), store.writing() as cursor:
            cursor.execute("SELECT nonsense")
        save_run(store, example_run())
        assert count_runs(store) == 1
    with Store(tmp_path / "itlim.duckdb") as store:
        assert count_runs(store) == 1
