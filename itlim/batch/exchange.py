"""Move the output of a batch into the database, and runs of the database into such a folder."""

import shutil
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itlim import __version__
from itlim.batch.manifest import MANIFEST_FILE, digest_of, files_of, read_manifest, write_manifest
from itlim.batch.output import FILES, TAGS_FILE, read_optional
from itlim.batch.parts import PHRASES_FILE
from itlim.errors import InputError, NotFoundError
from itlim.schema import TOKEN_SHIFTS
from itlim.store.batches import reading_rows, runs_of_pairs, save_batch
from itlim.store.connection import Store
from itlim.store.shipped import RUNS_FILE, TOKENS_FILE

_TABLES = {
    RUNS_FILE: "runs",
    TOKENS_FILE: "token_shifts",
    TAGS_FILE: "run_tags",
    PHRASES_FILE: "run_phrases",
}


def import_output(store: Store, folder: Path) -> int:
    """Store the runs of a batch with their tags and phrases; returns the number of new runs.

    Raises:
        InputError: the folder has no complete output, or a file differs from its manifest.
    """
    _check(folder)
    tokens = pq.ParquetFile(folder / TOKENS_FILE)
    return save_batch(
        store,
        pq.read_table(folder / RUNS_FILE),
        pa.RecordBatchReader.from_batches(TOKEN_SHIFTS, tokens.iter_batches()),
        read_optional(folder, TAGS_FILE),
        read_optional(folder, PHRASES_FILE),
    )


def export_runs(store: Store, out: Path, pairs: Sequence[str] = ()) -> int:
    """Write runs of the database as the output of a batch; returns their number.

    Args:
        store: the open database.
        out: a new or empty folder.
        pairs: only the runs of these pairs; all if empty.

    Raises:
        InputError: the folder is not empty.
        NotFoundError: there is no such run.
    """
    chosen = runs_of_pairs(store, pairs)
    if not chosen:
        raise NotFoundError(f"The database has no run of {', '.join(pairs) or 'any pair'}.")
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty: choose a new folder.")
    out.mkdir(parents=True, exist_ok=True)
    for name, schema in FILES.items():
        with ExitStack() as stack:
            batches = stack.enter_context(reading_rows(store, _TABLES[name], chosen))
            writer = stack.enter_context(pq.ParquetWriter(out / name, schema, compression="zstd"))
            for batch in batches:
                writer.write_batch(batch)
    write_manifest(out, _manifest(out))
    return len(chosen)


def pack(folder: Path, archive: Path) -> None:
    """Write the files of an output into a ZIP archive."""
    with zipfile.ZipFile(archive, "w") as packed:
        for name in (*FILES, MANIFEST_FILE):
            if (folder / name).exists():
                packed.write(folder / name, name)


def unpack(archive: Path, folder: Path) -> None:
    """Read the files of an output from a ZIP archive, at any depth; other files are not read.

    Raises:
        InputError: the file is not a ZIP archive.
    """
    wanted = {*FILES, MANIFEST_FILE}
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in packed.infolist():
                # The name alone, so that nothing is written outside the folder.
                name = PurePosixPath(member.filename).name
                if name in wanted:
                    with packed.open(member) as source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{archive.name} is not a ZIP archive: pack the folder that itlim batch wrote."
        ) from error


def _check(folder: Path) -> None:
    manifest = read_manifest(folder)
    if manifest is None:
        raise InputError(f"{folder} has no {MANIFEST_FILE}: give the folder of an itlim batch.")
    if not manifest.get("complete"):
        raise InputError(f"The batch in {folder} is not complete: run its command again first.")
    for name, stated in manifest["files"].items():
        if name not in FILES:
            raise InputError(f"{folder}: the manifest names {name}, which is not of a batch.")
        if not (folder / name).is_file() or digest_of(folder / name) != stated["sha256"]:
            raise InputError(
                f"{folder / name} is not the file that the manifest describes: copy the folder "
                "again."
            )
    if missing := {RUNS_FILE, TOKENS_FILE} - manifest["files"].keys():
        raise InputError(f"{folder} lacks {sorted(missing)[0]}: copy the folder again.")


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
