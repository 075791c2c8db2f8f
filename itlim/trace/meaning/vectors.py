"""Vectors of instances on disk, for comparing meanings regardless of wording.

Each file is a memory-mapped FAISS index of unit vectors in float16, one per instance in the
dataset's order. They are compared by inner product, which equals the cosine. Up to EXACT_UP_TO
instances the search is exact; beyond that, `nearest` searches the nearest cells of an inverted
file only, while `cosines` stays exact.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.errors import IndexDamagedError, ShapeError
from itlim.progress import Cancelled
from itlim.trace.meaning.encoding import Encodes, Progress, encode_texts

EXACT_UP_TO = 300_000
"""Number of instances; scanning this many takes about 30 ms."""
_CELLS_PER_ROOT = 4
"""FAISS recommends 4 to 16 cells per square root of the number of vectors."""
_SHARE_PROBED = 1 / 8
"""Share of the cells searched: on Dolly's instructions this finds 94% of the true 50 nearest."""
_TRAINED_ON = 40
"""Training vectors per cell; FAISS warns below 39."""
_ADDED_AT_ONCE = 1 << 15


def pair_text(instruction: str, input: str, response: str) -> str:
    """The text that D.1 of the paper compares: instruction, input and response, joined.

    >>> pair_text("Translate.", "", "Guten Tag.")
    'Translate.\\nGuten Tag.'
    """
    return "\n".join(part for part in (instruction, input, response) if part)


def write_vectors(
    path: Path,
    texts: Iterable[Sequence[str]],
    n_texts: int,
    encoder: Encodes,
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    exact_up_to: int = EXACT_UP_TO,
) -> dict[str, int]:
    """Encode texts in batches, equal texts once, and write their index.

    Args:
        path: the file to write; a draft is kept beside it in the meantime.
        texts: batches, which the encoder sorts by length; some thousands per batch are fastest.
        n_texts: total number of texts.
        encoder: the encoder.
        progress: called with a fraction in [0, 1].
        cancelled: polled about once per second; True stops the encoding.
        exact_up_to: number of texts up to which the search is exhaustive.

    Returns:
        Facts for the index's meta file: dimension, and n_cut, the number of distinct texts that
        were truncated.

    Raises:
        EncoderError: the encoder cannot be loaded.
        CancelledError: `cancelled` returned True.
        OSError: the file cannot be written.
    """
    draft_path = path.with_suffix(".draft")
    try:
        facts = encode_texts(draft_path, texts, n_texts, encoder, progress, cancelled)
        shape = (n_texts, facts["dimension"])
        _write_index(
            np.memmap(draft_path, dtype=np.float16, mode="r", shape=shape), path, exact_up_to
        )
    finally:
        draft_path.unlink(missing_ok=True)
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorIndex:
    """One open file of vectors."""

    path: Path
    faiss_index: Any

    @classmethod
    def open(cls, path: Path, n_vectors: int, *, exact_up_to: int = EXACT_UP_TO) -> "VectorIndex":
        """Map the file.

        Raises:
            IndexDamagedError: it is missing, not a FAISS index, or has another number of vectors.
        """
        import faiss

        is_exact = n_vectors <= exact_up_to
        try:
            # The newer mapping opens flat indexes at once, the older one inverted files.
            found: Any = faiss.read_index(
                str(path), faiss.IO_FLAG_MMAP_IFC if is_exact else faiss.IO_FLAG_MMAP
            )
        except RuntimeError as error:
            raise IndexDamagedError(
                f"{path} cannot be read as a FAISS index. Rebuild the index."
            ) from error
        if found.ntotal != n_vectors:
            raise IndexDamagedError(
                f"{path} has {found.ntotal:,} vectors, expected {n_vectors:,}. Rebuild the index."
            )
        if not is_exact:
            found.make_direct_map()
        return cls(path=path, faiss_index=found)

    def cosines(
        self, positions: Sequence[int] | npt.NDArray[np.integer], query: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Cosines between a query and the vectors of instances, (k,).

        Args:
            positions: (k,) 0-based positions of instances.
            query: (d,) of length 1.
        """
        wanted = np.asarray(positions, dtype=np.int64)
        if not len(wanted):
            return np.zeros(0, dtype=np.float32)
        vectors: npt.NDArray[np.float32] = self.faiss_index.reconstruct_batch(wanted)
        return vectors @ self._checked(query)

    def nearest(
        self, query: npt.NDArray[np.float32], k: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The instances with the highest cosines, best first.

        Returns:
            Their 0-based positions and cosines, both of length k or less.
        """
        wanted = min(k, self.faiss_index.ntotal)
        cosines, positions = self.faiss_index.search(self._checked(query)[None], wanted)
        # The cells may contain fewer vectors than requested; FAISS then pads with -1.
        found = positions[0] >= 0
        return positions[0][found], cosines[0][found]

    def _checked(self, query: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if query.shape != (self.faiss_index.d,):
            raise ShapeError(
                f"The query has shape {query.shape}, expected ({self.faiss_index.d},): the index "
                "was made by another encoder. Encode the query with the encoder of the index."
            )
        return np.ascontiguousarray(query, dtype=np.float32)


def _write_index(vectors: npt.NDArray[np.float16], path: Path, exact_up_to: int) -> None:
    import faiss

    n, dimension = vectors.shape
    index = _flat(faiss, dimension) if n <= exact_up_to else _inverted_file(faiss, vectors)
    for start in range(0, n, _ADDED_AT_ONCE):
        index.add(np.asarray(vectors[start : start + _ADDED_AT_ONCE], dtype=np.float32))
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        # FAISS gives the words of the system only.
        raise OSError(f"{path.name} cannot be written: {error}") from error


def _flat(faiss: Any, dimension: int) -> Any:
    return faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def _inverted_file(faiss: Any, vectors: npt.NDArray[np.float16]) -> Any:
    n, dimension = vectors.shape
    n_cells = round(_CELLS_PER_ROOT * math.sqrt(n))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        n_cells,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        # Store the vectors, not their residuals from the cell's center: `cosines` stays exact.
        False,
    )
    index.cp.spherical = True
    index.nprobe = max(1, round(n_cells * _SHARE_PROBED))
    sample = np.random.default_rng(0).choice(n, min(n, n_cells * _TRAINED_ON), replace=False)
    index.train(np.asarray(vectors[np.sort(sample)], dtype=np.float32))
    return index
