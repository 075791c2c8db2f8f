"""Open the database and read and write runs."""

from pathlib import Path

import pyarrow as pa

from itlim.api.runs import Run, public_run
from itlim.records import ResponseRun, StoredRun
from itlim.settings import database_path
from itlim.store import runs
from itlim.store.connection import Store


def open_store(path: str | Path | None = None) -> Store:
    """Open or create a database; use it in a `with` block.

    Args:
        path: the DuckDB file; if None, `ITLIM_DB` or the file in the user's data folder.

    Raises:
        StoreLockedError: another process has the database open.
        StoreError: the file is not an itlim database.
    """
    return Store(database_path() if path is None else Path(path))


def save_run(store: Store, run: StoredRun) -> None:
    """Store a run; an existing run with the same id is kept."""
    runs.save_run(store, run)


def load_run(store: Store, run_id: str) -> Run | ResponseRun:
    """Load the run with that id; an answer imported without its models has no token measures.

    Raises:
        NotFoundError: the database has no such run.
    """
    found = runs.require_run(store, run_id)
    return found if isinstance(found, ResponseRun) else public_run(found)


def list_runs(store: Store, *, limit: int = 100) -> pa.Table:
    """List the latest runs: id, pair, instruction, response and a summary of the tokens."""
    return runs.list_runs(store, limit=limit)
