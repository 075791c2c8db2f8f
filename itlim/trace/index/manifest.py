"""What an index says of itself: meta.json, its files' sums, and the dataset it was made from."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from itlim.errors import IndexDamagedError, IndexMissingError, IndexVersionError
from itlim.text.words import VERSION as NORMALISER_VERSION
from itlim.trace.words.instances_file import INSTANCES_FILE, ROWS_FILE
from itlim.trace.words.lexical import FILES as LEXICAL_FILES

KIND = "itlim-index"
FORMAT_VERSION = 1
"""Raise when files of an index mean something else than before."""
META_FILE = "meta.json"
BAD_ROWS_FILE = "bad_rows.json"
NULL_FILE = "null.parquet"
INSTRUCTION_VECTORS = "instructions.faiss"
PAIR_VECTORS = "pairs.faiss"
VECTOR_FILES = (INSTRUCTION_VECTORS, PAIR_VECTORS)
KNOWN_FILES = frozenset(
    {
        META_FILE,
        BAD_ROWS_FILE,
        NULL_FILE,
        INSTANCES_FILE,
        ROWS_FILE,
        *VECTOR_FILES,
        *LEXICAL_FILES.values(),
    }
)
END_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file of a dataset as it was when it was read."""

    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "SourceFile":
        """The file as it is now.

        Raises:
            OSError: it cannot be read.
        """
        stat = path.stat()
        digest = _sha256(str(path), stat.st_size, stat.st_mtime_ns)
        return cls(path=str(path), size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=digest)

    def has_changed(self) -> bool:
        """Whether other content stands there now; False if nothing can be read there.

        Size and time are asked first: content is read only where they differ.
        """
        path = Path(self.path)
        try:
            stat = path.stat()
            if (stat.st_size, stat.st_mtime_ns) == (self.size, self.mtime_ns):
                return False
            return SourceFile.of(path).sha256 != self.sha256
        except OSError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSum:
    """What a file of an index must be."""

    size: int
    """Bytes."""
    ends_sha256: str
    """Of its first and last 4 KiB: read at every opening."""
    sha256: str
    """Of all of it: read by `verify` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderFacts:
    """By whom and how the texts were encoded."""

    name: str
    fingerprint: str
    dimension: int
    n_instructions_cut: int
    """Different instructions longer than the encoder's window; their ends count for nothing."""
    n_pairs_cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMeta:
    """Everything in meta.json."""

    dataset: str
    """Name, as in the instance ids."""
    source: str
    """Path or hub id as given."""
    recipe: str
    """Hash of name, format and mapping as given: with the content, what decides the index."""
    source_files: tuple[SourceFile, ...]
    dataset_sha256: str
    format: str
    mapping: Mapping[str, str]
    licence: str
    n_instances: int
    n_contents: int
    """Instances of different content."""
    n_words: int
    n_bad_rows: int
    encoder: EncoderFacts | None
    """None in a lexical-only index."""
    normaliser: int
    created_at: str
    """ISO 8601, UTC."""
    itlim_version: str
    files: Mapping[str, FileSum]


def source_files(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """The files of a dataset as they are now.

    Raises:
        OSError: one cannot be read.
    """
    return tuple(SourceFile.of(path.resolve()) for path in paths)


def content_digest(files: Sequence[SourceFile]) -> str:
    """SHA-256 of a dataset: of its one file, or of the files' hashes in order."""
    if len(files) == 1:
        return files[0].sha256
    return hashlib.sha256("\n".join(file.sha256 for file in files).encode()).hexdigest()


def write_meta(folder: Path, meta: IndexMeta) -> None:
    """Put meta.json in place, whole or not at all."""
    document = {"kind": KIND, "format_version": FORMAT_VERSION} | asdict(meta)
    draft = folder / f"{META_FILE}.{os.getpid()}"
    draft.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(draft, folder / META_FILE)


def read_meta(folder: Path) -> IndexMeta:
    """What an index says of itself.

    Raises:
        IndexMissingError: no index is there.
        IndexVersionError: another version wrote it, or normalised its words.
        IndexDamagedError: meta.json is not what was written.
    """
    path = folder / META_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IndexMissingError(
            f"{folder} holds no index. Build one with: python -m itlim index DATASET --out {folder}"
        ) from error
    except (OSError, ValueError) as error:
        raise IndexDamagedError(f"{path} cannot be read ({error}). Rebuild the index.") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise IndexDamagedError(f"{path} does not describe an itlim index. Rebuild the index.")
    if document.get("format_version") != FORMAT_VERSION:
        raise IndexVersionError(
            f"{folder} was written in index format {document.get('format_version')}; this itlim "
            f"reads format {FORMAT_VERSION}. Rebuild the index."
        )
    try:
        meta = _parsed(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IndexDamagedError(
            f"{path} is incomplete ({type(error).__name__}: {error}). Rebuild the index."
        ) from error
    if meta.normaliser != NORMALISER_VERSION:
        raise IndexVersionError(
            f"The words of {folder} were normalised by version {meta.normaliser}, those of a "
            f"query are by version {NORMALISER_VERSION}. Rebuild the index."
        )
    return meta


def sum_files(folder: Path, names: Iterable[str]) -> dict[str, FileSum]:
    """What the files are now.

    Raises:
        OSError: one cannot be read.
    """
    sums = {}
    for name in sorted(names):
        size, ends = _size_and_ends(folder / name)
        with (folder / name).open("rb") as stream:
            whole = hashlib.file_digest(stream, "sha256").hexdigest()
        sums[name] = FileSum(size=size, ends_sha256=ends, sha256=whole)
    return sums


def check_ends(folder: Path, meta: IndexMeta) -> None:
    """Compare size, beginning and end of each file with what was written: a millisecond.

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
                f"{folder / name} has {size:,} bytes, expected {expected.size:,}. "
                "Rebuild the index."
            )
        if ends != expected.ends_sha256:
            raise IndexDamagedError(
                f"{folder / name} was changed after it was written. Rebuild the index."
            )


def check_whole(folder: Path, meta: IndexMeta) -> None:
    """Compare every byte with what was written.

    Raises:
        IndexDamagedError: a file is missing or differs.
    """
    check_ends(folder, meta)
    for name, found in sum_files(folder, meta.files).items():
        if found.sha256 != meta.files[name].sha256:
            raise IndexDamagedError(
                f"{folder / name} was changed after it was written. Rebuild the index."
            )


@lru_cache(maxsize=64)
def _sha256(path: str, _size: int, _mtime_ns: int) -> str:
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _size_and_ends(path: Path) -> tuple[int, str]:
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest = hashlib.sha256(stream.read(END_BYTES))
        stream.seek(max(0, size - END_BYTES))
        digest.update(stream.read(END_BYTES))
    return size, digest.hexdigest()


def _parsed(document: dict[str, Any]) -> IndexMeta:
    values = {
        key: value for key, value in document.items() if key not in ("kind", "format_version")
    }
    strange = set(values["files"]) - KNOWN_FILES
    if strange:
        raise ValueError(f"the unknown file {sorted(strange)[0]!r}")
    values["source_files"] = tuple(SourceFile(**file) for file in values["source_files"])
    values["files"] = {name: FileSum(**file) for name, file in values["files"].items()}
    values["encoder"] = EncoderFacts(**values["encoder"]) if values["encoder"] else None
    return IndexMeta(**values)
