"""Check the output of a batch that comes from a file, before anything of it is stored."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.batch.manifest import MANIFEST_FILE, read_manifest
from itlim.batch.output import FILES, RATINGS_FILE, tokens_by_run
from itlim.batch.parts import PHRASES_FILE
from itlim.errors import InputError
from itlim.ids import file_sha256
from itlim.records.ratings import Aspect, ParseStatus
from itlim.schema import TOKEN_SHIFTS
from itlim.store.run_checks import (
    Between,
    Expected,
    check_complete,
    check_response,
    check_runs,
    check_times,
    check_tokens,
    check_values,
    require_single,
)
from itlim.store.shipped import RUNS_FILE, TAGS_FILE, TOKENS_FILE

_KEYS = {TAGS_FILE: ("run_id", "item"), PHRASES_FILE: ("run_id", "dataset"), RATINGS_FILE: ()}
"""Columns that name a row of each table that belongs to runs; repeated ratings are allowed."""
_COUNT = Between(least=1)
_VALUES: dict[str, dict[str, Expected]] = {
    TAGS_FILE: {},
    PHRASES_FILE: {
        "null_p": Between(least=0, most=1),
        "n_choices": _COUNT,
        "nats": Between(least=-1e9, most=1e9),
    },
    RATINGS_FILE: {
        "status": ParseStatus,
        "n_asked": _COUNT,
        **{str(aspect): Between(least=1, most=5) for aspect in Aspect},
    },
}
_TOKEN_PLACES = ("run_id", "position", "text", "char_start", "char_stop")


def check_output(folder: Path) -> None:
    """Check that a folder has the complete output of a batch, and each value of its tables.

    Raises:
        InputError: it has not, a file differs from the manifest, or a value is none that itlim
            writes.
    """
    _check_files(folder)
    with _reading(folder / RUNS_FILE):
        runs = read_table(folder, RUNS_FILE)
        check_runs(runs)
        require_single(runs["run_id"].to_pylist(), "Run")
    with _reading(folder / TOKENS_FILE):
        for batch in token_batches(folder):
            check_tokens(pa.Table.from_batches([batch]))
        _check_responses(folder, runs)
    responses = _by_run(runs, "response")
    for name in _KEYS:
        if (folder / name).exists():
            with _reading(folder / name):
                _check_rows(name, read_table(folder, name), responses)


def read_table(folder: Path, name: str) -> pa.Table:
    """A table of an output in its schema; without rows if the file does not exist.

    Raises:
        InputError: the file is another table, or cannot be read.
    """
    if not (folder / name).exists():
        return FILES[name].empty_table()
    with _reading(folder / name):
        table = pq.read_table(folder / name)
        _check_names(table.schema, FILES[name])
        return table.cast(FILES[name])


def token_batches(folder: Path) -> Iterator[pa.RecordBatch]:
    """The token rows of an output in their schema; one batch is in memory.

    Raises:
        InputError: the file is another table, or cannot be read.
    """
    with _reading(folder / TOKENS_FILE), pq.ParquetFile(folder / TOKENS_FILE) as file:
        _check_names(file.schema_arrow, TOKEN_SHIFTS)
        for batch in file.iter_batches():
            yield batch.cast(TOKEN_SHIFTS)


def _check_files(folder: Path) -> None:
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputError(f"{folder} has no {MANIFEST_FILE}: give the folder of an itlim batch.")
    if not manifest.get("complete"):
        raise InputError(f"The batch in {folder} is not complete: run its command again first.")
    files = manifest.get("files", {})
    for name, stated in files.items():
        if name not in FILES:
            raise InputError(f"{folder}: the manifest names {name}, which is not of a batch.")
        if not (folder / name).is_file() or file_sha256(folder / name) != stated["sha256"]:
            raise InputError(
                f"{folder / name} is not the file that the manifest describes: copy the folder "
                "again."
            )
    if missing := {RUNS_FILE, TOKENS_FILE} - files.keys():
        raise InputError(f"{folder} lacks {sorted(missing)[0]}: copy the folder again.")
    if more := {name for name in FILES if (folder / name).exists()} - files.keys():
        raise InputError(
            f"{folder / sorted(more)[0]} is not in the manifest: copy the folder again."
        )


def _check_responses(folder: Path, runs: pa.Table) -> None:
    has_models = pc.is_valid(runs["base_hash"])
    measured = _by_run(runs.filter(has_models), "response")
    others = _by_run(runs.filter(pc.invert(has_models)), "response")
    found = []
    for run_id, tokens in tokens_by_run(folder, _TOKEN_PLACES):
        if run_id in others:
            raise InputError(f"Run {run_id} has tokens, expected none: it has no models.")
        # Rows of runs that are not in the output are not stored.
        if run_id in measured:
            check_response(measured[run_id], tokens)
            found.append(run_id)
    require_single(found, "The list of tokens of run")
    for run_id in measured.keys() - found:
        check_response(measured[run_id], TOKEN_SHIFTS.empty_table())


def _check_rows(name: str, rows: pa.Table, responses: Mapping[str, str]) -> None:
    check_complete(rows, optional={field.name for field in FILES[name] if field.nullable})
    check_values(rows, _VALUES[name])
    for run_id in rows["run_id"].to_pylist():
        if run_id not in responses:
            raise InputError(f"A row is of run {run_id!r}, expected one of {RUNS_FILE}.")
    if keys := _KEYS[name]:
        require_single(zip(*(rows[key].to_pylist() for key in keys), strict=True), "The row of")
    if name == PHRASES_FILE:
        _check_spans(rows, responses)
    if name == RATINGS_FILE:
        check_times(rows, "rated_at")
        _check_failures(rows)


def _check_spans(phrases: pa.Table, responses: Mapping[str, str]) -> None:
    for row in phrases.select(["run_id", "span_start", "span_stop"]).to_pylist():
        run_id, *span = row.values()
        start, stop = (-1 if place is None else place for place in span)
        if span != [None, None] and not 0 <= start <= stop <= len(responses[run_id]):
            raise InputError(
                f"A phrase of run {run_id} is at {span}, expected places in its response."
            )


def _check_failures(ratings: pa.Table) -> None:
    failed = ratings.filter(pc.equal(ratings["status"], ParseStatus.FAILED))
    if any(failed[str(aspect)].null_count < len(failed) for aspect in Aspect):
        raise InputError("A rating has scores, but its status is failed, which has none.")


def _by_run(runs: pa.Table, name: str) -> dict[str, Any]:
    return dict(zip(runs["run_id"].to_pylist(), runs[name].to_pylist(), strict=True))


def _check_names(found: pa.Schema, expected: pa.Schema) -> None:
    if found.names != expected.names:
        received = _short(set(found.names) - set(expected.names)) or "others"
        raise InputError(
            f"The columns are not those of a batch: received {received}, expected "
            f"{', '.join(expected.names)}."
        )


def _short(names: Collection[str]) -> str:
    return ", ".join(sorted(map(repr, names))[:3])[:120]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Name the file in every error about it."""
    try:
        yield
    except InputError as error:
        already_named = str(error).startswith(str(path))
        raise error if already_named else InputError(f"{path}: {error}") from error
    except (TypeError, ValueError, KeyError, OverflowError, OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path} cannot be read as {path.name} of a batch ({error}): copy the folder again."
        ) from error
