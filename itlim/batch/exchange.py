"""Move the output of a batch into the database, and runs of the database into such a folder."""

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim import __version__
from itlim.batch.manifest import MANIFEST_FILE, files_of, write_manifest
from itlim.batch.output import FILES, RATINGS_FILE
from itlim.batch.output_checks import check_output, read_table, token_batches
from itlim.batch.parts import PHRASES_FILE
from itlim.disk import full_error, is_full
from itlim.errors import InputError, NotFoundError
from itlim.schema import TOKEN_SHIFTS
from itlim.store.batches import reading_rows, runs_of_pairs, save_batch
from itlim.store.connection import Store
from itlim.store.ratings import save_ratings
from itlim.store.shipped import RUNS_FILE, TAGS_FILE, TOKENS_FILE

MAX_UNPACKED = 2 * 1024**3
"""Bytes that an archive may unpack to."""
_BLOCK_BYTES = 1 << 20
_TABLES = {
    RUNS_FILE: "runs",
    TOKENS_FILE: "token_shifts",
    TAGS_FILE: "run_tags",
    PHRASES_FILE: "run_phrases",
    RATINGS_FILE: "judge_ratings",
}


def import_output(store: Store, folder: Path) -> int:
    """Store the runs of a batch with what belongs to them; returns the number of new runs.

    Raises:
        InputError: the folder has no complete output, a file differs from its manifest, or a table
            contains what itlim does not write. Nothing is stored then.
    """
    check_output(folder)
    new = save_batch(
        store,
        read_table(folder, RUNS_FILE),
        pa.RecordBatchReader.from_batches(TOKEN_SHIFTS, token_batches(folder)),
        read_table(folder, TAGS_FILE),
        read_table(folder, PHRASES_FILE),
    )
    save_ratings(store, read_table(folder, RATINGS_FILE))
    return new


def export_runs(store: Store, out: Path, pairs: Sequence[str] = ()) -> int:
    """Write runs of the database as the output of a batch; returns their number.

    Args:
        store: the open database.
        out: a new or empty folder.
        pairs: only the runs of these pairs; all if empty.

    Raises:
        DiskFullError: the disk is full; nothing of the export is kept.
        InputError: the folder is not empty, or cannot be written.
        NotFoundError: there is no such run.
    """
    chosen = runs_of_pairs(store, pairs)
    if not chosen:
        raise NotFoundError(f"The database has no run of {', '.join(pairs) or 'any pair'}.")
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty: choose a new folder.")
    existed = out.exists()
    try:
        _write_rows(store, out, chosen, FILES)
        if not pq.ParquetFile(out / RATINGS_FILE).metadata.num_rows:
            # Earlier versions of itlim refuse a folder with a file that they do not know.
            (out / RATINGS_FILE).unlink()
        write_manifest(out, _manifest(out))
    except OSError as error:
        # The folder was empty, so all of it is of this export.
        for name in (*FILES, MANIFEST_FILE):
            (out / name).unlink(missing_ok=True)
        if not existed:
            shutil.rmtree(out, ignore_errors=True)
        if is_full(error):
            raise full_error(out, "the export", "None of it is kept.") from error
        raise InputError(f"{out} cannot be written: {error}. Choose another folder.") from error
    return len(chosen)


def export_answers(store: Store, out: Path, run_ids: Sequence[str]) -> None:
    """Write stored runs and their tokens, so that a batch need not answer them again."""
    _write_rows(store, out, run_ids, (RUNS_FILE, TOKENS_FILE))


def _write_rows(store: Store, out: Path, run_ids: Sequence[str], names: Iterable[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        with ExitStack() as stack:
            batches = stack.enter_context(reading_rows(store, _TABLES[name], run_ids))
            file = pq.ParquetWriter(out / name, FILES[name], compression="zstd")
            writer = stack.enter_context(file)
            for batch in batches:
                writer.write_batch(batch)


def pack(folder: Path, archive: Path) -> None:
    """Write the files of an output into a ZIP archive."""
    with zipfile.ZipFile(archive, "w") as packed:
        for name in (*FILES, MANIFEST_FILE):
            if (folder / name).exists():
                packed.write(folder / name, name)


def unpack(archive: Path, folder: Path, *, max_bytes: int = MAX_UNPACKED) -> None:
    """Read the files of an output from a ZIP archive, at any depth; other files are not read.

    Raises:
        InputError: the file is not a ZIP archive, or its content is larger than `max_bytes`.
    """
    wanted = {*FILES, MANIFEST_FILE}
    left = max_bytes
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in packed.infolist():
                # The name alone, so that nothing is written outside the folder.
                name = PurePosixPath(member.filename).name
                if name in wanted:
                    # The size that the archive states may be wrong, so what comes out is counted.
                    with packed.open(member) as source, (folder / name).open("wb") as target:
                        while block := source.read(_BLOCK_BYTES):
                            left -= len(block)
                            if left < 0:
                                raise InputError(
                                    f"{archive.name} unpacks to more than {max_bytes:,} bytes: "
                                    "import its folder with `itlim runs import`."
                                )
                            target.write(block)
    # Encrypted, or packed with a method that this Python does not have, or damaged.
    except (
        zipfile.BadZipFile,
        RuntimeError,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise InputError(
            f"{archive.name} is not a ZIP archive that can be read ({error}): pack the folder that "
            "itlim batch wrote."
        ) from error


def _manifest(out: Path) -> dict[str, Any]:
    columns = ["pair", "base_hash", "tuned_hash", "tuning", "template"]
    rows = pq.read_table(out / RUNS_FILE, columns=columns).group_by(columns).aggregate([])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "itlim_version": __version__,
        "created_at": now,
        "updated_at": now,
        "pairs": [{"name": row.pop("pair"), **row} for row in rows.to_pylist()],
        "instructions": [],
        "settings": {},
        "traced": {},
        "failed": [],
        "files": files_of(out),
        "complete": True,
    }
