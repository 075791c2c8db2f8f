"""An open tracing index: one memory-mapped folder per dataset, safe to read from any thread.

    meta.json           its sources, how it was made, and a checksum of every file (manifest)
    instances.arrow     the instances (words/instances_file), with rows.i32
    *.i32 *.i64 *.u64   words and their suffix array (words/lexical)
    instructions.faiss  vectors of the instructions (meaning); not in a lexical-only index
    pairs.faiss         vectors of instruction, input and response together
    null.parquet        the chance baseline (evidence/null); missing for very small datasets
    null-of-controls.parquet  the same, fitted to the user's own control answers, if any
    bad_rows.json       rows of the dataset that could not be used
    report.json         what became of the dataset's rows and columns
    lineage.json        what the dataset was made from, if itlim made it from another one

Opening checks the folder in milliseconds; FAISS and the encoder are loaded on first use.
"""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from itlim.datasets import report_of
from itlim.datasets.lineage import Lineage, lineage_of
from itlim.errors import IndexDamagedError, IndexVersionError, InputError
from itlim.records import BadRow, ReadingReport
from itlim.text.messages import plural
from itlim.trace.index.manifest import (
    BAD_ROWS_FILE,
    CONTROLS_NULL_FILE,
    INSTRUCTION_VECTORS,
    LINEAGE_FILE,
    NULL_FILE,
    PAIR_VECTORS,
    REPORT_FILE,
    check_ends,
    check_whole,
    read_meta,
)
from itlim.trace.meaning.encoder import get_encoder
from itlim.trace.meaning.vectors import VectorIndex
from itlim.trace.words.instances_file import InstancesFile
from itlim.trace.words.lexical_index import LexicalIndex

if TYPE_CHECKING:
    from itlim.trace.evidence.null import Null


_Content = TypeVar("_Content")


def open_index(folder: str | Path) -> "TraceIndex":
    """Open an index.

    Raises:
        IndexMissingError: the folder contains no index.
        IndexDamagedError: a file is missing or damaged.
        IndexVersionError: an incompatible version of itlim wrote it.
    """
    return TraceIndex(folder)


def opened(indexes: "Sequence[TraceIndex | str | Path]") -> "list[TraceIndex]":
    """Open those indexes that are given as folders.

    Raises:
        InputError: the list is empty, or a single folder was given instead of a list.
        IndexFolderError: as `open_index`.
    """
    if isinstance(indexes, str | Path):
        raise InputError(f"Indexes: got {str(indexes)!r:.80}, expected a list. Put it in [].")
    if not indexes:
        raise InputError("No index to search. Build one from the dataset the model was tuned on.")
    return [one if isinstance(one, TraceIndex) else open_index(one) for one in indexes]


class TraceIndex:
    """The index of one dataset.

    Args:
        folder: the folder of the index.
        nulls: null distributions by kind; by default those in the folder.

    Raises:
        IndexFolderError: as `open_index`.
    """

    def __init__(self, folder: str | Path, *, nulls: "dict[str, Null] | None" = None) -> None:
        self.folder = folder = Path(folder)
        self.meta = read_meta(folder)
        check_ends(folder, self.meta)
        self.instances = InstancesFile(folder)
        self.lexical = LexicalIndex.open(folder)
        counts = (len(self.instances), len(self.lexical.groups))
        if counts != (self.meta.n_instances,) * 2:
            raise IndexDamagedError(
                f"{folder} contains {plural(counts[0], 'instance')} and the words of "
                f"{counts[1]:,}, expected {self.meta.n_instances:,} of both. Rebuild the index."
            )
        self._vectors: dict[str, VectorIndex] = {}
        self._nulls = nulls
        self._lock = threading.Lock()

    @property
    def dataset(self) -> str:
        """Name of the dataset, as in the instance ids."""
        return self.meta.dataset

    @property
    def has_meaning(self) -> bool:
        """Whether it contains embeddings; a lexical-only index does not."""
        return self.meta.encoder is not None

    @property
    def encoder(self) -> str | None:
        """Name of the encoder that made the vectors; None in a lexical-only index."""
        return self.meta.encoder.name if self.meta.encoder else None

    @property
    def nulls(self) -> "dict[str, Null]":
        """Null distributions by kind; empty if the dataset is too small for them."""
        # Imported late: it loads numba, which listing an index does not need.
        from itlim.trace.evidence.null import read_nulls

        with self._lock:
            if self._nulls is None:
                names = [
                    name for name in (CONTROLS_NULL_FILE, NULL_FILE) if name in self.meta.files
                ]
                self._nulls = read_nulls(self.folder / names[0]) if names else {}
            return self._nulls

    def instance_at(self, position: int) -> dict[str, Any]:
        """The row of `schema.INSTANCES` at a 0-based position; all parts of the index use these.

        Raises:
            NotFoundError: the position is out of range.
        """
        return self.instances[position]

    def bad_rows(self) -> list[BadRow]:
        """Rows of the dataset that could not be used; `meta.n_bad_rows` counts all of them.

        Raises:
            IndexDamagedError: the file was removed, or is not what was written.
        """
        path = self.folder / BAD_ROWS_FILE
        try:
            return [BadRow(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, TypeError, ValueError) as error:
            raise _unreadable(path, error) from error

    @property
    def report(self) -> ReadingReport | None:
        """What became of the dataset's rows and columns.

        None if the index was built by a version of itlim that did not count them.

        Raises:
            IndexDamagedError: the file is not what was written.
        """
        return self._read(REPORT_FILE, report_of)

    @property
    def lineage(self) -> Lineage | None:
        """What the dataset was made from; None if itlim did not make it from another one.

        Raises:
            IndexDamagedError: the file is not what was written.
        """
        return self._read(LINEAGE_FILE, lineage_of)

    def _read(self, name: str, parse: Callable[[Any], _Content]) -> _Content | None:
        """A JSON file of the index; None if it has no such file."""
        if name not in self.meta.files:
            return None
        path = self.folder / name
        try:
            return parse(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise _unreadable(path, error) from error

    def is_stale(self) -> bool:
        """Whether the dataset has changed since; False also if it no longer exists."""
        return any(file.has_changed() for file in self.meta.source_files)

    def verify(self) -> None:
        """Read all files and compare them with their checksums.

        Raises:
            IndexDamagedError: a file differs; the message names it.
        """
        check_whole(self.folder, self.meta)

    @property
    def instruction_vectors(self) -> VectorIndex | None:
        """Vectors of the instructions; None in a lexical-only index.

        Raises:
            IndexFolderError: the file is damaged, or the encoder's files have changed.
            EncoderError: the encoder is missing.
        """
        return self._vector_index(INSTRUCTION_VECTORS)

    @property
    def pair_vectors(self) -> VectorIndex | None:
        """Vectors of instruction, input and response together; errors as `instruction_vectors`."""
        return self._vector_index(PAIR_VECTORS)

    def _vector_index(self, name: str) -> VectorIndex | None:
        facts = self.meta.encoder
        if facts is None:
            return None
        with self._lock:
            if name not in self._vectors:
                if get_encoder(facts.name).fingerprint != facts.fingerprint:
                    raise IndexVersionError(
                        f"The files of the encoder {facts.name} have changed since it encoded "
                        f"{self.folder}. Rebuild the index."
                    )
                self._vectors[name] = VectorIndex.open(self.folder / name, self.meta.n_instances)
            return self._vectors[name]


def _unreadable(path: Path, error: Exception) -> IndexDamagedError:
    return IndexDamagedError(f"{path} cannot be read ({error}). Rebuild the index.")
