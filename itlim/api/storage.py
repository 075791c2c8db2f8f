"""Open the database and read and write runs."""

from pathlib import Path

import pyarrow as pa

from itlim.api.runs import Run, public_run
from itlim.records import Run as StoredRun
from itlim.settings import database_path
from itlim.store import runs
from itlim.store.connection import Store


def open_store(path: str | Path | None = None) -> Store:
    """Open a database, or create it; use it in a `with` block.

    Args:
        path: the DuckDB file; `ITLIM_DB`, or the file in the user's data folder, if None.

    Raises:
        StoreLockedError: another process has it open.
        StoreError: the file is not a database of itlim.
    """
    return Store(database_path() if path is None else Path(path))


def save_run(store: Store, run: StoredRun) -> None:
    """Store a run; one with the same id stays as it is."""
    runs.save_run(store, run)


def load_run(store: Store, run_id: str) -> Run:
    """The run of that id.

    Raises:
        NotFoundError: the database has no such run.
    """
    return public_run(runs.require_run(store, run_id))


def list_runs(store: Store, *, limit: int = 100) -> pa.Table:
    """The latest runs as a table: id, pair, instruction, response and a summary of the tokens."""
    return runs.list_runs(store, limit=limit)
