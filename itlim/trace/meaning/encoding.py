"""Encode the texts of a dataset, batch by batch, into one file of vectors."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from itlim.disk import reserve
from itlim.errors import ShapeError
from itlim.progress import Cancelled
from itlim.text.messages import plural
from itlim.trace.meaning.encoder import Embeddings

Progress = Callable[[float], None]


class Encodes(Protocol):
    """Encodes texts as vectors, as `encoder.SentenceEncoder` does."""

    def encode(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Cancelled | None = None,
    ) -> Embeddings:
        """One vector of length 1 per text."""


def encode_texts(
    path: Path,
    texts: Iterable[Sequence[str]],
    n_texts: int,
    encoder: Encodes,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> dict[str, int]:
    """Encode texts into a file of (n_texts, d) float16 vectors; equal texts are encoded once.

    Args:
        path: the file to write.
        texts: batches of texts.
        n_texts: total number of texts.
        encoder: the encoder.
        progress: called with a fraction in [0, 1].
        cancelled: polled about once per second; True stops the encoding.

    Returns:
        dimension, and n_cut, the number of distinct texts that were truncated.

    Raises:
        EncoderError: the encoder cannot be loaded.
        CancelledError: `cancelled` returned True.
        ShapeError: the batches do not contain `n_texts` texts.
        OSError: the disk has no space for the file.
    """
    draft: npt.NDArray[np.float16] | None = None
    first: dict[bytes, int] = {}
    done = n_cut = 0
    for batch in texts:
        sources = [_first_row(first, text, done + row) for row, text in enumerate(batch)]
        new = [row for row, source in enumerate(sources) if source == done + row]
        found = encoder.encode(
            [batch[row] for row in new],
            progress=_scaled(progress, done / n_texts, len(batch) / n_texts),
            cancelled=cancelled,
        )
        if draft is None:
            # The first batch has at least one new text, so the dimension is known here.
            shape = (n_texts, found.vectors.shape[1])
            reserve(path, 2 * shape[0] * shape[1])
            draft = np.memmap(path, dtype=np.float16, mode="r+", shape=shape)
        if new:
            draft[[done + row for row in new]] = found.vectors
        draft[done : done + len(batch)] = draft[sources]
        n_cut += found.n_cut
        done += len(batch)
    if draft is None or done != n_texts:
        raise ShapeError(f"{plural(done, 'text')} to encode, expected {n_texts:,}.")
    return {"dimension": draft.shape[1], "n_cut": n_cut}


def _first_row(first: dict[bytes, int], text: str, row: int) -> int:
    """The row of the first occurrence of this text, which may be this row."""
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
    return first.setdefault(digest, row)


def _scaled(
    progress: Progress | None, start: float, share: float
) -> Callable[[int, int], None] | None:
    if progress is None:
        return None
    report = progress

    def step(done: int, total: int) -> None:
        report(start + share * done / total)

    return step
