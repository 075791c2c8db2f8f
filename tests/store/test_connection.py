import subprocess
import sys

import duckdb
import pytest

from itlim.errors import StoreError, StoreLockedError
from itlim.store.connection import Store
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
