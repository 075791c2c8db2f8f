"""Loaded pairs by content: loaded once, shared by all visitors, given up when others need room."""

import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from itlim.errors import CancelledError
from itlim.models.fingerprint import pair_hashes
from itlim.progress import Cancelled, Progress
from itlim.records import ModelSource, Pair, PairHashes

if TYPE_CHECKING:
    from itlim.models.huggingface import LoadedPair

# fp16 files widened to float32 for a CPU take twice their size, and scoring takes a little more.
_ROOM_FACTOR = 2.5


class PairCache:
    """Keeps pairs in memory for as long as there is room.

    Args:
        capacity: how many pairs stay loaded at most.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pairs: OrderedDict[tuple[Pair, PairHashes], LoadedPair] = OrderedDict()
        # One load at a time: two would double the peak memory, and most wait for the same pair.
        self._lock = threading.Lock()

    def get(
        self,
        pair: Pair,
        progress: Progress,
        cancelled: Cancelled = lambda: False,
        hashes: PairHashes | None = None,
    ) -> "LoadedPair":
        """The pair, loaded now if need be; files that changed on disk are loaded again.

        Args:
            pair: which models.
            progress: called with a fraction in [0, 1] and what is being done.
            cancelled: asked while another load is under way.
            hashes: of the pair's files, where they were just computed.

        Raises:
            CancelledError: `cancelled` turned true while another load was under way.
        """
        while not self._lock.acquire(timeout=0.2):
            progress(0.0, "Waiting for another model to load")
            if cancelled():
                raise CancelledError("Stopped before the model was loaded.")
        try:
            key = (replace(pair, name="", note="", dataset=None), hashes or pair_hashes(pair))
            if key not in self._pairs:
                self._make_room(pair)
                progress(0.0, "Loading PyTorch and Transformers (about ten seconds, once)")
                from itlim.models.huggingface import load_pair

                self._pairs[key] = load_pair(pair, progress=progress)
            self._pairs.move_to_end(key)
            return self._pairs[key]
        finally:
            self._lock.release()

    @property
    def loaded(self) -> int:
        """How many pairs are in memory."""
        return len(self._pairs)

    def _make_room(self, pair: Pair) -> None:
        wanted = sum(_bytes_on_disk(source) for source in {pair.base, pair.tuned_source})
        while self._pairs and (
            len(self._pairs) >= self._capacity
            or psutil.virtual_memory().available < _ROOM_FACTOR * wanted
        ):
            self._pairs.popitem(last=False)


def _bytes_on_disk(source: ModelSource) -> int:
    folder = Path(source.path)
    if not folder.is_dir():
        # A hub id: its size is known only once it is here.
        return 0
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
