"""Encode texts as vectors, with one Sentence-Transformers model per name and process.

A model is loaded on first use, since importing the library alone takes seconds. It computes in
float32 on every device, so that an index built on one machine matches queries on another.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.errors import CancelledError
from itlim.progress import Cancelled
from itlim.trace.meaning.encoder_source import chosen_encoder, encoder_fingerprint, load_model

BATCH_TOKENS = 2048
"""Padded tokens per batch: about one second between two polls of `cancelled`."""
_BATCH_TEXTS = 64
_VECTORS_KEPT = 1024
"""Cached vectors of queries, which repeat: every span of a run has the same instruction."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """The result of encoding texts."""

    vectors: npt.NDArray[np.float32]
    """(n, d), rows of length 1."""
    n_cut: int
    """Number of texts that exceed the encoder's window and were truncated."""


def get_encoder(name: str | None = None) -> "SentenceEncoder":
    """The encoder with this name, loaded on first use; `chosen_encoder()` if no name is given."""
    wanted = name or chosen_encoder()
    with _known_lock:
        if wanted not in _known:
            _known[wanted] = SentenceEncoder(wanted)
        return _known[wanted]


class SentenceEncoder:
    """One Sentence-Transformers model. Any number of threads may encode concurrently.

    Args:
        name: DEFAULT_ENCODER, a folder, or a hub id.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._model: Any = None
        self._loaded_from = ""
        """Fingerprint of the files from which the model in memory was loaded."""
        self._load_lock = threading.Lock()
        # Fast tokenizers reject concurrent use; the network accepts it.
        self._tokenizer_lock = threading.Lock()
        self._cached_vector = lru_cache(maxsize=_VECTORS_KEPT)(self._vector)

    @property
    def fingerprint(self) -> str:
        """Identifies the encoder's files; if they have changed, the model is loaded again.

        Raises:
            EncoderError: the files cannot be read.
        """
        found = encoder_fingerprint(self.name)
        with self._load_lock:
            if self._model is not None and found != self._loaded_from:
                self._model = None
                self._cached_vector.cache_clear()
        return found

    def encode(
        self,
        texts: Sequence[str],
        *,
        progress: Progress | None = None,
        cancelled: Cancelled | None = None,
        batch_tokens: int = BATCH_TOKENS,
    ) -> Embeddings:
        """Encode texts, the longest first, so that batches need little padding.

        Args:
            texts: any number; equal texts are encoded once.
            progress: called with the number of encoded tokens and of all tokens.
            cancelled: polled before every batch; True stops the encoding.
            batch_tokens: maximum number of tokens per batch, padding included.

        Raises:
            EncoderError: the model cannot be loaded.
            CancelledError: `cancelled` returned True.
        """
        model = self._loaded()
        # Pasted text may contain a lone surrogate, which tokenizers reject.
        encodable = [text.encode(errors="replace").decode() for text in texts]
        distinct = list(dict.fromkeys(encodable))
        lengths = self._token_counts(model, distinct)
        window = model.max_seq_length or np.iinfo(np.int64).max
        used = np.minimum(lengths, window)
        vectors: npt.NDArray[np.float32] = np.zeros((len(distinct), 0), dtype=np.float32)
        done = 0
        for batch in _batches(used, batch_tokens):
            if cancelled is not None and cancelled():
                raise CancelledError("Encoding was canceled.")
            found = self._forward(model, [distinct[row] for row in batch])
            if not vectors.size:
                vectors = np.empty((len(distinct), found.shape[1]), dtype=np.float32)
            vectors[batch] = found
            done += int(used[batch].sum())
            if progress is not None:
                progress(done, int(used.sum()))
        row_of = {text: row for row, text in enumerate(distinct)}
        rows = np.array([row_of[text] for text in encodable], dtype=np.int64)
        return Embeddings(vectors=vectors[rows], n_cut=int((lengths > window)[rows].sum()))

    def vector(self, text: str) -> npt.NDArray[np.float32]:
        """(d,) vector of one text, of length 1; read-only and cached."""
        return self._cached_vector(text)

    def warm(self, texts: Iterable[str]) -> None:
        """Load the model and cache the vectors of texts for later calls of `vector`.

        Raises:
            EncoderError: the model cannot be loaded.
        """
        for text in texts:
            self.vector(text)

    def _vector(self, text: str) -> npt.NDArray[np.float32]:
        row: npt.NDArray[np.float32] = self.encode([text]).vectors[0]
        row.setflags(write=False)
        return row

    def _forward(self, model: Any, texts: list[str]) -> npt.NDArray[np.float32]:
        """(n, d) vectors of one batch."""
        import torch

        with self._tokenizer_lock:
            features = model.preprocess(texts, prompt=model.prompts.get(model.default_prompt_name))
        with torch.inference_mode():
            moved = {
                key: value.to(model.device) if torch.is_tensor(value) else value
                for key, value in features.items()
            }
            found = model(moved)["sentence_embedding"]
            vectors: npt.NDArray[np.float32] = (
                torch.nn.functional.normalize(found, dim=1).cpu().numpy()
            )
        return vectors

    def _token_counts(self, model: Any, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        counts: list[int] = []
        for start in range(0, len(texts), _BATCH_TEXTS):
            with self._tokenizer_lock:
                ids = model.tokenizer(
                    list(texts[start : start + _BATCH_TEXTS]), truncation=False, verbose=False
                )["input_ids"]
            counts.extend(map(len, ids))
        return np.array(counts, dtype=np.int64)

    def _loaded(self) -> Any:
        with self._load_lock:
            if self._model is None:
                # First: files that change meanwhile then count as changed.
                self._loaded_from = encoder_fingerprint(self.name)
                self._model = load_model(self.name)
            return self._model


_known: dict[str, SentenceEncoder] = {}
_known_lock = threading.Lock()


def _batches(lengths: npt.NDArray[np.int64], batch_tokens: int) -> Iterator[npt.NDArray[np.int64]]:
    """Positions in batches of similar lengths, the longest first."""
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        size = min(_BATCH_TEXTS, max(1, batch_tokens // longest))
        yield order[start : start + size]
        start += size
