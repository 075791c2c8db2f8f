"""A cache of loaded pairs, keyed by content and shared by all visitors of the app."""

import gc
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from itlim.errors import CancelledError
from itlim.models.fingerprint import pair_hashes
from itlim.progress import Cancelled, Progress
from itlim.records import ModelSource, Pair, PairHashes

if TYPE_CHECKING:
    from itlim.models.huggingface import LoadedPair

# float16 files take twice their size as float32 on a CPU, and scoring needs some more.
_ROOM_FACTOR = 2.5
# GGUF weights of 4 bits become float32.
_GGUF_FACTOR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedWeights:
    """A pair in memory."""

    pair: Pair
    size: int
    """Bytes of its weights; weights that both models share count once."""


class PairCache:
    """Keeps pairs in memory and evicts the least recently used when memory runs short.

    Args:
        capacity: maximum number of loaded pairs.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pairs: OrderedDict[tuple[Pair, PairHashes], LoadedPair] = OrderedDict()
        # One load at a time: two would double the peak memory, and most callers want the same pair.
        self._lock = threading.Lock()

    def get(
        self,
        pair: Pair,
        progress: Progress,
        cancelled: Cancelled = lambda: False,
        hashes: PairHashes | None = None,
    ) -> "LoadedPair":
        """The loaded pair; it is loaded on first use and again if its files changed on disk.

        Args:
            pair: which models.
            progress: called with a fraction in [0, 1] and what is being done.
            cancelled: called while waiting for another load; returns True to stop.
            hashes: of the files of the pair, if they were just computed.

        Raises:
            CancelledError: `cancelled` returned True while waiting for another load.
        """
        while not self._lock.acquire(timeout=0.2):
            progress(0.0, "Waiting for another model to load")
            if cancelled():
                raise CancelledError("Stopped before the model was loaded.")
        try:
            key = (replace(pair, name="", note="", dataset=None), hashes or pair_hashes(pair))
            if key not in self._pairs:
                self._make_room(pair)
                progress(0.0, "Loading PyTorch and Transformers (once, about 10 seconds)")
                from itlim.models.huggingface import load_pair

                self._pairs[key] = load_pair(pair, progress=progress)
            self._pairs.move_to_end(key)
            return self._pairs[key]
        finally:
            self._lock.release()

    @property
    def loaded(self) -> int:
        """Number of pairs in memory."""
        return len(self._pairs)

    def contents(self) -> list[LoadedWeights]:
        """The pairs in memory, least recently used first."""
        return [
            LoadedWeights(pair=pair.pair, size=pair.memory_bytes)
            for pair in list(self._pairs.values())
        ]

    def unload(self, pair: Pair) -> None:
        """Remove a pair from memory; a run in progress keeps its models until it ends.

        Args:
            pair: as in `contents`.
        """
        with self._lock:
            for key in [key for key, loaded in self._pairs.items() if loaded.pair == pair]:
                del self._pairs[key]
        gc.collect()

    def _make_room(self, pair: Pair) -> None:
        needed = sum(_bytes_on_disk(source) for source in {pair.base, pair.tuned_source})
        while self._pairs and (
            len(self._pairs) >= self._capacity
            or psutil.virtual_memory().available < _ROOM_FACTOR * needed
        ):
            self._pairs.popitem(last=False)


def _bytes_on_disk(source: ModelSource) -> int:
    """Bytes of the weights as safetensors would have; 0 for a hub id."""
    path = Path(source.path).expanduser()
    files = [path] if path.is_file() else [*path.glob("*.safetensors"), *path.glob("*.gguf")]
    return sum(
        file.stat().st_size * (_GGUF_FACTOR if file.suffix == ".gguf" else 1) for file in files
    )
