"""Runs that ship with the app, as Parquet files in the store's schemas."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.errors import StoreError
from itlim.records import Run
from itlim.schema import RUN_TAGS, RUNS
from itlim.store.connection import Store
from itlim.store.runs import save_runs

RUNS_FILE = "runs.parquet"
TOKENS_FILE = "token_shifts.parquet"
TAGS_FILE = "tags.parquet"
"""Task and topic of each run; optional."""
ORIGIN = "demo"
Tag = tuple[str, str | None, str | None]
"""Item, task and topic."""
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
    known = set() if reload else _loaded(store)
    new = [folder for digest, folder in sets.items() if digest not in known]
    if not new:
        return 0
    shipped = [
        run_id
        for folder in sets.values()
        for run_id in pq.read_table(folder / RUNS_FILE, columns=["run_id"])["run_id"].to_pylist()
    ]
    with store.writing() as cursor:
        for table in ("token_shifts", "run_tags", "run_phrases", "run_batches", "runs"):
            cursor.execute(
                f"DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM runs WHERE origin = ? "
                "AND run_id NOT IN (SELECT unnest(?)))",
                [ORIGIN, shipped],
            )
    added = 0
    for folder in new:
        runs, tokens = (pq.read_table(folder / name) for name in (RUNS_FILE, TOKENS_FILE))
        added += save_runs(store, runs, tokens)
        _save_tags(store, folder)
    with store.writing() as cursor:
        cursor.executemany(
            "INSERT OR IGNORE INTO shipped_loads (content_sha256) VALUES (?)",
            [[digest] for digest in sets],
        )
    return added


def open_read_only(path: Path, folders: Sequence[Path]) -> Store:
    """Open a database for reading only, with the shipped runs.

    A database that is missing, of an earlier schema or without these runs is first opened for
    writing, once.

    Args:
        path: the DuckDB file.
        folders: as in `load_shipped_runs`.
    """
    try:
        store = Store(path, read_only=True)
    except StoreError:
        pass  # Opening it for writing makes or updates it, or says what is wrong.
    else:
        if _loaded(store) >= {_digest(folder) for folder in folders if has_runs(folder)}:
            return store
        store.close()
    with Store(path) as prepared:
        load_shipped_runs(prepared, folders)
    return Store(path, read_only=True)


def _loaded(store: Store) -> set[str]:
    """Digests of the sets of runs that were loaded."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT content_sha256 FROM shipped_loads").fetchall()
    return {row[0] for row in rows}


def has_runs(folder: Path) -> bool:
    """Whether a folder has both files of runs in the store's schemas."""
    return all((folder / name).exists() for name in (RUNS_FILE, TOKENS_FILE))


def _save_tags(store: Store, folder: Path) -> None:
    if (folder / TAGS_FILE).exists():
        with store.writing() as cursor:
            cursor.register("new_tags", pq.read_table(folder / TAGS_FILE, schema=RUN_TAGS))
            # Runs that the user deleted stay deleted, and so do their tags.
            cursor.execute(
                "INSERT OR REPLACE INTO run_tags BY NAME SELECT * FROM new_tags "
                "SEMI JOIN runs USING (run_id)"
            )


def _digest(folder: Path) -> str:
    names = [name for name in (RUNS_FILE, TOKENS_FILE, TAGS_FILE) if (folder / name).exists()]
    contents = b"".join((folder / name).read_bytes() for name in names)
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


def ship_tags(folder: Path, tags: Mapping[str, Tag]) -> int:
    """Write the tags of a folder's runs beside them; returns the number of tagged runs.

    Args:
        folder: contains the runs.
        tags: item, task and topic by instruction.
    """
    runs = pq.read_table(folder / RUNS_FILE, columns=["run_id", "instruction"]).to_pylist()
    rows = [
        {"run_id": run["run_id"], "item": item, "task": task, "topic": topic}
        for run in runs
        if run["instruction"] in tags
        for item, task, topic in (tags[run["instruction"]],)
    ]
    table = pa.Table.from_pylist(rows, schema=RUN_TAGS)
    pq.write_table(table, folder / TAGS_FILE, compression="zstd", compression_level=_SMALLEST)
    return len(rows)


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
