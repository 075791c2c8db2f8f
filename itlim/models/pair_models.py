"""The two models of a pair: both in memory, or one after the other."""

import gc
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Literal, Protocol

import torch

from itlim.models.disk_stream import DiskStream
from itlim.models.language_model import CausalModel
from itlim.models.protocol import LogitStream, ScoredSequence

Role = Literal["base", "tuned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStreams:
    """Both models' logits of the same positions."""

    base: LogitStream
    tuned: LogitStream
    """The same object as `base` if a model is compared with itself."""


class PairModels(Protocol):
    """Access to the two models, wherever they are kept."""

    together: bool

    def hold(self, role: Role) -> AbstractContextManager[CausalModel]:
        """One model, in memory for the duration of a `with` block."""
        ...

    def streams(
        self, sequences: Sequence[ScoredSequence], logit_count: int
    ) -> AbstractContextManager[PairStreams]:
        """Both models' logits, for the duration of a `with` block."""
        ...

    def weight_bytes(self) -> int:
        """Bytes of the weights in memory; weights that both models share count once."""
        ...

    def close(self) -> None:
        """Free the models' memory."""
        ...


class TogetherModels:
    """Both models in memory; the same object twice if a model is compared with itself."""

    together = True

    def __init__(self, base: CausalModel, tuned: CausalModel) -> None:
        self._models: dict[str, CausalModel] = {"base": base, "tuned": tuned}

    @contextmanager
    def hold(self, role: Role) -> Iterator[CausalModel]:
        yield self._models[role]

    @contextmanager
    def streams(
        self, sequences: Sequence[ScoredSequence], logit_count: int
    ) -> Iterator[PairStreams]:
        base, tuned = self._models["base"], self._models["tuned"]
        base_stream = base.stream(sequences, logit_count)
        tuned_stream = base_stream if tuned is base else tuned.stream(sequences, logit_count)
        yield PairStreams(base=base_stream, tuned=tuned_stream)

    def weight_bytes(self) -> int:
        return _weight_bytes(self._models.values())

    def close(self) -> None:
        self._models.clear()
        _free_memory()


class SequentialModels:
    """One model in memory at a time.

    The first model's logits, which are all that the measures need of it, are written to a
    temporary file; then the second model replaces it in memory. Nothing is rounded, so the
    numbers equal those of both models in memory.
    """

    together = False

    def __init__(self, load: Callable[[Role], CausalModel]) -> None:
        self._load = load
        self._lock = RLock()
        self._held: tuple[Role, CausalModel] | None = None

    @contextmanager
    def hold(self, role: Role) -> Iterator[CausalModel]:
        with self._lock:
            yield self._swap_in(role)

    @contextmanager
    def streams(
        self, sequences: Sequence[ScoredSequence], logit_count: int
    ) -> Iterator[PairStreams]:
        with self._lock, tempfile.TemporaryDirectory(prefix="itlim-logits-") as folder:
            # The model already in memory runs first, which saves one load.
            first: Role = self._held[0] if self._held else "tuned"
            second: Role = "base" if first == "tuned" else "tuned"
            kept = DiskStream.write(
                Path(folder) / first,
                self._swap_in(first).stream(sequences, logit_count),
                logit_count,
            )
            streams: dict[str, LogitStream] = {
                first: kept,
                second: self._swap_in(second).stream(sequences, logit_count),
            }
            yield PairStreams(base=streams["base"], tuned=streams["tuned"])

    def weight_bytes(self) -> int:
        # Without the lock, which a run may hold for minutes.
        held = self._held
        return _weight_bytes([held[1]] if held else [])

    def close(self) -> None:
        with self._lock:
            self._held = None
            _free_memory()

    def _swap_in(self, role: Role) -> CausalModel:
        if self._held is None or self._held[0] != role:
            self._held = None
            _free_memory()
            self._held = (role, self._load(role))
        return self._held[1]


def _weight_bytes(models: Iterable[CausalModel]) -> int:
    storages = (
        tensor.untyped_storage()
        for model in models
        for tensor in (*model.model.parameters(), *model.model.buffers())
    )
    return sum({one.data_ptr(): one.nbytes() for one in storages}.values())


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
