"""Vectors of instances on disk: what means the same, whatever the words.

Each file is a FAISS index of normalised vectors as 16-bit floats, one an instance in the
dataset's order, compared by inner product, which is then the cosine. It is exact up to
EXACT_UP_TO instances; beyond, `nearest` looks into the nearest of many cells only, while
`cosines` stays exact. Files are memory-mapped.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from itlim.errors import IndexDamagedError, ShapeError
from itlim.progress import Cancelled
from itlim.trace.meaning.encoder import Embeddings

EXACT_UP_TO = 300_000
"""Instances: a scan of as many takes some 30 ms."""
_CELLS_PER_ROOT = 4
"""FAISS's advice: 4 to 16 times the root of the number of vectors."""
_SHARE_PROBED = 1 / 8
"""Of the cells: on Dolly's instructions this finds 94% of the true 50 nearest."""
_TRAINED_ON = 40
"""Vectors a cell from which the cells are learnt; FAISS warns below 39."""
_ADDED_AT_ONCE = 1 << 15

Progress = Callable[[float], None]


class Encodes(Protocol):
    """What turns texts to vectors; see `encoder.SentenceEncoder`."""

    def encode(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Cancelled | None = None,
    ) -> Embeddings:
        """One vector of length 1 a text."""


def pair_text(instruction: str, input: str, response: str) -> str:
    """What D.1 of the paper compares: instruction and response in one, with the input between.

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
    """Encode texts in batches, exact repetitions once, and write their index.

    Args:
        path: the file to make; a draft lies beside it meanwhile.
        texts: batches, each sorted by length on its own, so some thousands at a time do best.
        n_texts: how many texts there are in all.
        encoder: what encodes.
        progress: called with a fraction in [0, 1].
        cancelled: asked every second or so whether to stop.
        exact_up_to: number of texts beyond which the index has cells.

    Returns:
        Facts for the index's meta file: dimension, and n_cut, the different texts longer than
        the encoder's window.

    Raises:
        EncoderError: the encoder cannot be loaded.
        CancelledError: `cancelled` said so.
    """
    draft_path = path.with_suffix(".draft")
    try:
        facts = _encode(draft_path, texts, n_texts, encoder, progress, cancelled)
        shape = (n_texts, facts["dimension"])
        _write_index(
            np.memmap(draft_path, dtype=np.float16, mode="r", shape=shape), path, exact_up_to
        )
    finally:
        draft_path.unlink(missing_ok=True)
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorIndex:
    """One file of vectors, open."""

    path: Path
    faiss_index: Any

    @classmethod
    def open(cls, path: Path, n_vectors: int, *, exact_up_to: int = EXACT_UP_TO) -> "VectorIndex":
        """Map the file.

        Args:
            path: what `write_vectors` wrote.
            n_vectors: how many it must hold.
            exact_up_to: as when it was written.

        Raises:
            IndexDamagedError: it is missing, no FAISS index, or holds another number of vectors.
        """
        import faiss

        is_exact = n_vectors <= exact_up_to
        try:
            # The newer kind of mapping takes no time for a flat index, the older none for cells.
            found: Any = faiss.read_index(
                str(path), faiss.IO_FLAG_MMAP_IFC if is_exact else faiss.IO_FLAG_MMAP
            )
        except RuntimeError as error:
            raise IndexDamagedError(
                f"{path} cannot be read as a FAISS index. Rebuild the index."
            ) from error
        if found.ntotal != n_vectors:
            raise IndexDamagedError(
                f"{path} holds {found.ntotal:,} vectors, expected {n_vectors:,}. Rebuild the index."
            )
        if not is_exact:
            found.make_direct_map()
        return cls(path=path, faiss_index=found)

    def cosines(
        self, positions: Sequence[int] | npt.NDArray[np.integer], query: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Cosine of a query and some vectors.

        Args:
            positions: (k,) 0-based positions of instances.
            query: (d,) of length 1.
        """
        wanted = np.asarray(positions, dtype=np.int64)
        if not len(wanted):
            return np.zeros(0, dtype=np.float32)
        vectors: npt.NDArray[np.float32] = self.faiss_index.reconstruct_batch(wanted)
        return vectors @ self._fitting(query)

    def nearest(
        self, query: npt.NDArray[np.float32], k: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The instances of highest cosine, best first.

        Returns:
            Their 0-based positions and cosines, both at most (k,).
        """
        wanted = min(k, self.faiss_index.ntotal)
        cosines, positions = self.faiss_index.search(self._fitting(query)[None], wanted)
        # Cells may hold fewer than were asked for; FAISS then fills up with -1.
        found = positions[0] >= 0
        return positions[0][found], cosines[0][found]

    def _fitting(self, query: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if query.shape != (self.faiss_index.d,):
            raise ShapeError(
                f"The query has the shape {query.shape}, but the index holds vectors of "
                f"{self.faiss_index.d} numbers: it was made by another encoder."
            )
        return np.ascontiguousarray(query, dtype=np.float32)


def _encode(
    path: Path,
    texts: Iterable[Sequence[str]],
    n_texts: int,
    encoder: Encodes,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> dict[str, int]:
    """Write all vectors, (n_texts, d) float16, row by row; one text is encoded once."""
    draft: npt.NDArray[np.float16] | None = None
    first: dict[bytes, int] = {}
    done = n_cut = 0
    for batch in texts:
        places = [_first_place(first, text, done + row) for row, text in enumerate(batch)]
        new = [row for row, place in enumerate(places) if place == done + row]
        found = encoder.encode(
            [batch[row] for row in new],
            progress=_scaled(progress, done / n_texts, len(batch) / n_texts),
            cancelled=cancelled,
        )
        if draft is None:
            # The first batch has at least one new text, so the dimension is known here.
            shape = (n_texts, found.vectors.shape[1])
            draft = np.memmap(path, dtype=np.float16, mode="w+", shape=shape)
        if new:
            draft[[done + row for row in new]] = found.vectors
        draft[done : done + len(batch)] = draft[places]
        n_cut += found.n_cut
        done += len(batch)
    if draft is None or done != n_texts:
        raise ShapeError(f"{done} texts came to be encoded, expected {n_texts}.")
    return {"dimension": draft.shape[1], "n_cut": n_cut}


def _write_index(vectors: npt.NDArray[np.float16], path: Path, exact_up_to: int) -> None:
    import faiss

    n, dimension = vectors.shape
    index = _exact(faiss, dimension) if n <= exact_up_to else _in_cells(faiss, vectors)
    for start in range(0, n, _ADDED_AT_ONCE):
        index.add(np.asarray(vectors[start : start + _ADDED_AT_ONCE], dtype=np.float32))
    faiss.write_index(index, str(path))


def _exact(faiss: Any, dimension: int) -> Any:
    return faiss.IndexScalarQuantizer(
        dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def _in_cells(faiss: Any, vectors: npt.NDArray[np.float16]) -> Any:
    n, dimension = vectors.shape
    n_cells = round(_CELLS_PER_ROOT * math.sqrt(n))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        n_cells,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        # Vectors as they are, not less their cell's centre: `cosines` then stays exact.
        False,
    )
    index.cp.spherical = True
    index.nprobe = max(1, round(n_cells * _SHARE_PROBED))
    sample = np.random.default_rng(0).choice(n, min(n, n_cells * _TRAINED_ON), replace=False)
    index.train(np.asarray(vectors[np.sort(sample)], dtype=np.float32))
    return index


def _first_place(first: dict[bytes, int], text: str, place: int) -> int:
    """Where this text stood first, this place included."""
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
    return first.setdefault(digest, place)


def _scaled(
    progress: Progress | None, start: float, share: float
) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    report = progress

    def step(done: int, total: int) -> None:
        report(start + share * done / total)

    return step
