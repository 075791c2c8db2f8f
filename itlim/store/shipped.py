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
_SMALLEST = 19
"""Level of zstd for files that ship."""


def load_shipped_runs(store: Store, folders: Sequence[Path], *, reload: bool = False) -> int:
    """Load the runs that `ship_runs` wrote, once: runs that the user deleted stay deleted.

    Shipped runs that none of the folders contains any more are deleted.

    Args:
        store: the open database.
        folders: folders of the two files, one per family; those without the files are skipped.
        reload: whether to load runs that were loaded before.

    Returns:
        The number of new runs.
    """
    sets = {_digest(folder): folder for folder in folders if has_runs(folder)}
    with store.reading() as cursor:
        known = {
            row[0] for row in cursor.execute("SELECT content_sha256 FROM shipped_loads").fetchall()
        }
    new = [folder for digest, folder in sets.items() if reload or digest not in known]
    if not new:
        return 0
    shipped = [
        run_id
        for folder in sets.values()
        for run_id in pq.read_table(folder / RUNS_FILE, columns=["run_id"])["run_id"].to_pylist()
    ]
    with store.writing() as cursor:
        for table in ("token_shifts", "run_tags", "run_phrases", "runs"):
            cursor.execute(
                f"DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM runs WHERE origin = ? "
                "AND run_id NOT IN (SELECT unnest(?)))",
                [ORIGIN, shipped],
            )
    added = 0
    for folder in new:
        runs, tokens = (pq.read_table(folder / name) for name in (RUNS_FILE, TOKENS_FILE))
        added += save_runs(store, runs, tokens)
    with store.writing() as cursor:
        cursor.executemany(
            "INSERT OR IGNORE INTO shipped_loads (content_sha256) VALUES (?)",
            [[digest] for digest in sets],
        )
    return added


def has_runs(folder: Path) -> bool:
    """Whether a folder has both files of runs in the store's schemas."""
    return all((folder / name).exists() for name in (RUNS_FILE, TOKENS_FILE))


def _digest(folder: Path) -> str:
    contents = b"".join((folder / name).read_bytes() for name in (RUNS_FILE, TOKENS_FILE))
    return hashlib.sha256(contents).hexdigest()


def ship_runs(runs: Sequence[Run], folder: Path, *, compression: int = _SMALLEST) -> None:
    """Write runs as Parquet in the store's schemas; equal runs give equal bytes.

    Args:
        runs: at least one run.
        folder: created if it does not exist.
        compression: level of zstd, 1 to 22.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(runs, key=lambda run: run.run_id)
    table = pa.Table.from_pylist([run.row() for run in ordered], schema=RUNS)
    _write(table, pa.concat_tables([run.tokens for run in ordered]), folder, compression)


def merge_shipped(folders: Sequence[Path], out: Path) -> None:
    """Write the runs that `ship_runs` wrote to several folders as one set."""
    out.mkdir(parents=True, exist_ok=True)
    runs = pa.concat_tables([pq.read_table(folder / RUNS_FILE) for folder in folders])
    tokens = pa.concat_tables([pq.read_table(folder / TOKENS_FILE) for folder in folders])
    _write(runs, tokens, out, _SMALLEST)


def _write(runs: pa.Table, tokens: pa.Table, folder: Path, compression: int) -> None:
    for table, name in ((runs, RUNS_FILE), (tokens, TOKENS_FILE)):
        pq.write_table(
            table.combine_chunks(), folder / name, compression="zstd", compression_level=compression
        )
