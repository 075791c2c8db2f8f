"""The tables that a batch writes: Parquet files in the store's schemas."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.batch.parts import PHRASES_FILE
from itlim.records.ratings import JUDGE_RATINGS
from itlim.schema import RUN_PHRASES, RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.shipped import RUNS_FILE, TAGS_FILE, TOKENS_FILE, has_runs

RATINGS_FILE = "judge_ratings.parquet"
FILES = {
    RUNS_FILE: RUNS,
    TOKENS_FILE: TOKEN_SHIFTS,
    TAGS_FILE: RUN_TAGS,
    PHRASES_FILE: RUN_PHRASES,
    RATINGS_FILE: JUDGE_RATINGS,
}
"""The tables of an output; those of traced phrases and of a judge's ratings are optional."""
_ROWS_PER_GROUP = 1 << 16
DRAFT = ".draft"


def finished_run_ids(out: Path) -> set[str]:
    """The runs of an output whose tokens are there as well."""
    if not has_runs(out):
        return set()
    # Tokens are replaced first, so every run of the other file has its tokens.
    return set(pq.read_table(out / RUNS_FILE, columns=["run_id"])["run_id"].to_pylist())


def join_parts(out: Path, parts: Sequence[Path]) -> None:
    """Add the runs of finished parts to those of the output; each run is written once.

    One row group is in memory at a time. If the process is killed, the output is unchanged, or it
    lacks runs of parts that still exist.
    """
    drafts = {name: out / (name + DRAFT) for name in (TOKENS_FILE, RUNS_FILE)}
    try:
        _write_joined(out, parts, drafts)
        for name, draft in drafts.items():
            os.replace(draft, out / name)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _write_joined(out: Path, parts: Sequence[Path], drafts: Mapping[str, Path]) -> None:
    written: set[str] = set()
    with (
        _Writer(drafts[RUNS_FILE], RUNS) as runs,
        _Writer(drafts[TOKENS_FILE], TOKEN_SHIFTS) as tokens,
    ):
        for source in (out, *parts):
            if not has_runs(source):
                continue
            table = pq.read_table(source / RUNS_FILE)
            new = [one for one in table["run_id"].to_pylist() if one not in written]
            wanted = pa.array(new, pa.string())
            runs.write(table.filter(pc.is_in(table["run_id"], wanted)))
            for batch in pq.ParquetFile(source / TOKENS_FILE).iter_batches(_ROWS_PER_GROUP):
                rows = pa.Table.from_batches([batch])
                tokens.write(rows.filter(pc.is_in(rows["run_id"], wanted)))
            written.update(new)


def tokens_by_run(out: Path, columns: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """The token rows of each run, in the order of the file; `columns` includes run_id."""
    current = ""
    rows: list[pa.RecordBatch] = []
    for batch in pq.ParquetFile(out / TOKENS_FILE).iter_batches(columns=list(columns)):
        encoded = pc.run_end_encode(batch["run_id"])
        start = 0
        for run_id, end in zip(
            encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True
        ):
            if rows and run_id != current:
                yield current, pa.Table.from_batches(rows)
                rows = []
            current = run_id
            rows.append(batch.slice(start, end - start))
            start = end
    if rows:
        yield current, pa.Table.from_batches(rows)


def write_table(out: Path, name: str, table: pa.Table) -> None:
    """Replace a table of the output."""
    draft = out / (name + DRAFT)
    try:
        pq.write_table(table.combine_chunks(), draft, compression="zstd")
        os.replace(draft, out / name)
    finally:
        draft.unlink(missing_ok=True)


def read_optional(out: Path, name: str) -> pa.Table:
    """A table of the output; without rows if the file does not exist."""
    path = out / name
    return pq.read_table(path) if path.exists() else FILES[name].empty_table()


def without_repeats(rows: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    """The first row for each combination of the keys."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), dict(row))
    return list(found.values())


class _Writer:
    """Writes tables to a Parquet file in row groups of similar size."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._n_waiting = 0

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_error: object) -> None:
        self._flush()
        self._writer.close()

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._n_waiting += table.num_rows
        if self._n_waiting >= _ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._n_waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).cast(self._schema))
        self._waiting, self._n_waiting = [], 0
