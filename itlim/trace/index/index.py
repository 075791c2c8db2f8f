"""A tracing index, open: one folder a dataset, memory-mapped, read by any number of threads.

    meta.json           what it was made from, by what, and a sum of every file (index_meta)
    instances.arrow     the instances (instances_file), with rows.i32
    *.i32 *.i64 *.u64   words and their suffix array (lexical)
    instructions.faiss  what the instructions mean (semantic); not in a lexical-only index
    pairs.faiss         what instruction, input and response together mean
    null.parquet        how well chance matches (null), once somebody fitted it
    bad_rows.json       rows of the dataset that could not be used

Opening checks the folder in milliseconds; FAISS and the encoder load when they are asked for.
"""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itlim.errors import IndexDamagedError, IndexVersionError, InputError
from itlim.records import BadRow
from itlim.trace.index.manifest import (
    BAD_ROWS_FILE,
    INSTRUCTION_VECTORS,
    NULL_FILE,
    PAIR_VECTORS,
    check_ends,
    check_whole,
    read_meta,
)
from itlim.trace.meaning.encoder_source import encoder_fingerprint
from itlim.trace.meaning.vectors import VectorIndex
from itlim.trace.words.instances_file import InstancesFile
from itlim.trace.words.lexical import LexicalIndex

if TYPE_CHECKING:
    from itlim.trace.evidence.null import Null


def open_index(folder: str | Path) -> "TraceIndex":
    """Open an index.

    Raises:
        IndexMissingError: no index is there.
        IndexDamagedError: a file is missing or not what was written.
        IndexVersionError: another version of itlim wrote it.
    """
    return TraceIndex(folder)


def opened(indexes: "Sequence[TraceIndex | str | Path]") -> "list[TraceIndex]":
    """Indexes, of which some may be named by their folders.

    Raises:
        InputError: there is none, or one folder where a list was expected.
        IndexFolderError: as `open_index`.
    """
    if isinstance(indexes, str | Path):
        raise InputError(f"The indexes are {str(indexes)!r:.80}: expected a list, so put it in [].")
    if not indexes:
        raise InputError("No index to search: build one from the dataset the model was tuned on.")
    return [one if isinstance(one, TraceIndex) else open_index(one) for one in indexes]


class TraceIndex:
    """The index of one dataset.

    Args:
        folder: where it lies.
        nulls: chance, by kind; what the folder contains if not given.

    Raises:
        IndexFolderError: as `open_index`.
    """

    def __init__(self, folder: str | Path, *, nulls: "dict[str, Null] | None" = None) -> None:
        self.folder = folder = Path(folder)
        self.meta = read_meta(folder)
        check_ends(folder, self.meta)
        self.instances = InstancesFile(folder)
        self.lexical = LexicalIndex.open(folder)
        held = (len(self.instances), len(self.lexical.groups))
        if held != (self.meta.n_instances,) * 2:
            raise IndexDamagedError(
                f"{folder} holds {held[0]:,} instances and the words of {held[1]:,}, expected "
                f"{self.meta.n_instances:,}. Rebuild the index."
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
        """Whether it holds embeddings; a lexical-only index does not."""
        return self.meta.encoder is not None

    @property
    def encoder(self) -> str | None:
        """Name of the encoder that made the vectors; None in a lexical-only index."""
        return self.meta.encoder.name if self.meta.encoder else None

    @property
    def nulls(self) -> "dict[str, Null]":
        """Chance, by kind; empty if nobody fitted it."""
        # Late: it comes with numba, which an index that is only listed does not need.
        from itlim.trace.evidence.null import read_nulls

        with self._lock:
            if self._nulls is None:
                has_null = NULL_FILE in self.meta.files
                self._nulls = read_nulls(self.folder / NULL_FILE) if has_null else {}
            return self._nulls

    def instance_at(self, position: int) -> dict[str, Any]:
        """The row of `schema.INSTANCES` at a 0-based position, as all parts of the index count.

        Raises:
            NotFoundError: there is none.
        """
        return self.instances[position]

    def bad_rows(self) -> list[BadRow]:
        """Rows of the dataset that could not be used; `meta.n_bad_rows` counts all of them."""
        content = json.loads((self.folder / BAD_ROWS_FILE).read_text(encoding="utf-8"))
        return [BadRow(**row) for row in content]

    def is_stale(self) -> bool:
        """Whether the dataset changed since; False also if it is no longer there."""
        return any(file.has_changed() for file in self.meta.source_files)

    def verify(self) -> None:
        """Read every byte and compare it with what was written.

        Raises:
            IndexDamagedError: names the file that differs.
        """
        check_whole(self.folder, self.meta)

    @property
    def instruction_vectors(self) -> VectorIndex | None:
        """What the instructions mean; None in a lexical-only index.

        Raises:
            IndexFolderError: the file is damaged, or the encoder's files changed since.
            EncoderError: the encoder is gone.
        """
        return self._vector_index(INSTRUCTION_VECTORS)

    @property
    def pair_vectors(self) -> VectorIndex | None:
        """What instruction, input and response together mean; as `instruction_vectors`."""
        return self._vector_index(PAIR_VECTORS)

    def _vector_index(self, name: str) -> VectorIndex | None:
        facts = self.meta.encoder
        if facts is None:
            return None
        with self._lock:
            if name not in self._vectors:
                if encoder_fingerprint(facts.name) != facts.fingerprint:
                    raise IndexVersionError(
                        f"The encoder {facts.name} is not the one that made {self.folder}: its "
                        "files changed. Rebuild the index."
                    )
                self._vectors[name] = VectorIndex.open(self.folder / name, self.meta.n_instances)
            return self._vectors[name]
