"""Describe an index in its meta.json: sources, settings, and checksums of all files."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from itlim.errors import IndexDamagedError, IndexMissingError, IndexVersionError
from itlim.text.messages import plural
from itlim.text.words import VERSION as NORMALIZER_VERSION
from itlim.trace.index.source_files import SourceFile
from itlim.trace.words.instances_file import INSTANCES_FILE, ROWS_FILE
from itlim.trace.words.lexical import FILES as LEXICAL_FILES

KIND = "itlim-index"
FORMAT_VERSION = 2
"""Increment it when the meaning of a file changes."""
META_FILE = "meta.json"
BAD_ROWS_FILE = "bad_rows.json"
REPORT_FILE = "report.json"
LINEAGE_FILE = "lineage.json"
NULL_FILE = "null.parquet"
CONTROLS_NULL_FILE = "null-of-controls.parquet"
"""The baseline fitted to the user's own control answers; used instead of the other."""
INSTRUCTION_VECTORS = "instructions.faiss"
PAIR_VECTORS = "pairs.faiss"
VECTOR_FILES = (INSTRUCTION_VECTORS, PAIR_VECTORS)
KNOWN_FILES = frozenset(
    {
        META_FILE,
        BAD_ROWS_FILE,
        REPORT_FILE,
        LINEAGE_FILE,
        NULL_FILE,
        CONTROLS_NULL_FILE,
        INSTANCES_FILE,
        ROWS_FILE,
        *VECTOR_FILES,
        *LEXICAL_FILES.values(),
    }
)
_END_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChecksum:
    """Size and hashes of a file of an index."""

    size: int
    """Bytes."""
    ends_sha256: str
    """Hash of its first and last 4 KiB, compared at every opening."""
    sha256: str
    """Hash of the whole file, compared by `verify` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFacts:
    """The encoder of the vectors, and how many texts it truncated."""

    name: str
    fingerprint: str
    dimension: int
    n_instructions_cut: int
    """Distinct instructions that exceed the encoder's window and were truncated."""
    n_pairs_cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMeta:
    """Everything in meta.json."""

    dataset: str
    """Name, as in the instance ids."""
    source: str
    """Path or hub id as given."""
    recipe: str
    """Hash of name, format and mapping as given; it and the content determine the index."""
    source_files: tuple[SourceFile, ...]
    dataset_sha256: str
    format: str
    mapping: Mapping[str, str]
    licence: str
    n_instances: int
    n_contents: int
    """Number of distinct contents."""
    n_words: int
    n_bad_rows: int
    encoder: EncoderFacts | None
    """None in a lexical-only index."""
    normaliser: int
    created_at: str
    """ISO 8601, UTC."""
    itlim_version: str
    files: Mapping[str, FileChecksum]


def write_meta(folder: Path, meta: IndexMeta) -> None:
    """Write meta.json atomically."""
    document = {"kind": KIND, "format_version": FORMAT_VERSION} | asdict(meta)
    draft = folder / f"{META_FILE}.{os.getpid()}"
    try:
        draft.write_text(
            json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        os.replace(draft, folder / META_FILE)
    finally:
        draft.unlink(missing_ok=True)


def read_meta(folder: Path) -> IndexMeta:
    """Read the description of an index.

    Raises:
        IndexMissingError: the folder contains no index.
        IndexVersionError: its format or its normalization of words is that of another version.
        IndexDamagedError: meta.json is damaged.
    """
    path = folder / META_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"{folder} does not contain an index. Build one with: python -m itlim index DATASET "
            f"--out {folder}"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise IndexDamagedError(f"{path} cannot be read ({error}). Rebuild the index.") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise IndexDamagedError(f"{path} does not describe an itlim index. Rebuild the index.")
    if document.get("format_version") != FORMAT_VERSION:
        raise IndexVersionError(
            f"{folder} has index format {document.get('format_version')}; this version of itlim "
            f"reads format {FORMAT_VERSION}. Rebuild the index."
        )
    try:
        meta = _parsed(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IndexDamagedError(
            f"{path} is incomplete ({type(error).__name__}: {error}). Rebuild the index."
        ) from error
    if meta.normaliser != NORMALIZER_VERSION:
        raise IndexVersionError(
            f"The words of {folder} were normalized by version {meta.normaliser}; this version of "
            f"itlim uses version {NORMALIZER_VERSION}. Rebuild the index."
        )
    return meta


def checksum_files(folder: Path, names: Iterable[str]) -> dict[str, FileChecksum]:
    """Compute the current checksums of files.

    Raises:
        OSError: a file cannot be read.
    """
    checksums = {}
    for name in sorted(names):
        size, ends = _size_and_ends(folder / name)
        with (folder / name).open("rb") as stream:
            whole = hashlib.file_digest(stream, "sha256").hexdigest()
        checksums[name] = FileChecksum(size=size, ends_sha256=ends, sha256=whole)
    return checksums


def check_ends(folder: Path, meta: IndexMeta) -> None:
    """Compare the size, start and end of each file with its checksum; takes a millisecond.

    Raises:
        IndexDamagedError: a file is missing or differs.
    """
    for name, expected in meta.files.items():
        try:
            size, ends = _size_and_ends(folder / name)
        except OSError as error:
            raise IndexDamagedError(
                f"{folder / name} cannot be read ({error.strerror}). Rebuild the index."
            ) from error
        if size != expected.size:
            raise IndexDamagedError(
                f"{folder / name} has {plural(size, 'byte')}, expected {expected.size:,}. "
                "Rebuild the index."
            )
        if ends != expected.ends_sha256:
            raise IndexDamagedError(
                f"{folder / name} has changed since it was written. Rebuild the index."
            )


def check_whole(folder: Path, meta: IndexMeta) -> None:
    """Compare the whole of each file with its checksum.

    Raises:
        IndexDamagedError: a file is missing or differs.
    """
    check_ends(folder, meta)
    for name, found in checksum_files(folder, meta.files).items():
        if found.sha256 != meta.files[name].sha256:
            raise IndexDamagedError(
                f"{folder / name} has changed since it was written. Rebuild the index."
            )


def _size_and_ends(path: Path) -> tuple[int, str]:
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest = hashlib.sha256(stream.read(_END_BYTES))
        stream.seek(max(0, size - _END_BYTES))
        digest.update(stream.read(_END_BYTES))
    return size, digest.hexdigest()


def _parsed(document: dict[str, Any]) -> IndexMeta:
    values = {
        key: value for key, value in document.items() if key not in ("kind", "format_version")
    }
    unknown = set(values["files"]) - KNOWN_FILES
    if unknown:
        raise ValueError(f"unknown file {sorted(unknown)[0]!r}")
    values["source_files"] = tuple(SourceFile(**file) for file in values["source_files"])
    values["files"] = {name: FileChecksum(**file) for name, file in values["files"].items()}
    values["encoder"] = EncoderFacts(**values["encoder"]) if values["encoder"] else None
    return IndexMeta(**values)
