"""Runs that ship with the app, as Parquet files in the store's schemas."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.records import Run
from itlim.schema import RUNS
from itlim.store.connection import Store
from itlim.store.runs import save_runs

RUNS_FILE = "runs.parquet"
TOKENS_FILE = "token_shifts.parquet"
ORIGIN = "demo"


def load_shipped_runs(store: Store, folder: Path, *, reload: bool = False) -> int:
    """Load the runs that `ship_runs` wrote, once: runs that the user deleted stay deleted.

    Runs of an earlier shipped set are replaced by those of a new one.

    Args:
        store: the open database.
        folder: folder of the two files; nothing is loaded if they are missing.
        reload: whether to load them even if this set was loaded before.

    Returns:
        The number of new runs.
    """
    files = [folder / RUNS_FILE, folder / TOKENS_FILE]
    if not all(file.exists() for file in files):
        return 0
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    with store.reading() as cursor:
        known = cursor.execute(
            "SELECT 1 FROM shipped_loads WHERE content_sha256 = ?", [digest]
        ).fetchone()
    if known and not reload:
        return 0
    runs, tokens = (pq.read_table(file) for file in files)
    with store.writing() as cursor:
        for table in ("token_shifts", "runs"):
            cursor.execute(
                f"DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM runs WHERE origin = ? "
                "AND run_id NOT IN (SELECT unnest(?)))",
                [ORIGIN, runs["run_id"].to_pylist()],
            )
    added = save_runs(store, runs, tokens)
    with store.writing() as cursor:
        cursor.execute("INSERT OR IGNORE INTO shipped_loads (content_sha256) VALUES (?)", [digest])
    return added


def ship_runs(runs: Sequence[Run], folder: Path) -> None:
    """Write runs as Parquet in the store's schemas; equal runs give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(runs, key=lambda run: run.run_id)
    table = pa.Table.from_pylist([run.row() for run in ordered], schema=RUNS)
    _write(table, pa.concat_tables([run.tokens for run in ordered]), folder)


def merge_shipped(folders: Sequence[Path], out: Path) -> None:
    """Write the runs that `ship_runs` wrote to several folders as one set."""
    out.mkdir(parents=True, exist_ok=True)
    runs = pa.concat_tables([pq.read_table(folder / RUNS_FILE) for folder in folders])
    tokens = pa.concat_tables([pq.read_table(folder / TOKENS_FILE) for folder in folders])
    _write(runs, tokens, out)


def _write(runs: pa.Table, tokens: pa.Table, folder: Path) -> None:
    for table, name in ((runs, RUNS_FILE), (tokens, TOKENS_FILE)):
        pq.write_table(
            table.combine_chunks(), folder / name, compression="zstd", compression_level=19
        )
