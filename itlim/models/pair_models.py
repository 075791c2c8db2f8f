"""How the two models of a pair are held: both in memory, or one after the other."""

import gc
import tempfile
from collections.abc import Callable, Iterator, Sequence
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
    """The same object as `base` where a model is compared with itself."""


class PairModels(Protocol):
    """The two models, however they are held."""

    together: bool

    def hold(self, role: Role) -> AbstractContextManager[CausalModel]:
        """One model, in memory for the length of a `with` block."""
        ...

    def streams(
        self, sequences: Sequence[ScoredSequence], logit_count: int
    ) -> AbstractContextManager[PairStreams]:
        """Both models' logits, for the length of a `with` block."""
        ...

    def close(self) -> None:
        """Free the memory."""
        ...


class TogetherModels:
    """Both models in memory; one object twice where a model is compared with itself."""

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

    def close(self) -> None:
        self._models.clear()
        _free_memory()


class SequentialModels:
    """One model in memory at a time.

    The first model's logits go to a temporary file, the only thing of it that
    the measures need; then it makes room for the second. Nothing is rounded on
    the way, so the numbers are those of both models together.
    """

    together = False

    def __init__(self, load: Callable[[Role], CausalModel]) -> None:
        self._load = load
        self._turn = RLock()
        self._held: tuple[Role, CausalModel] | None = None

    @contextmanager
    def hold(self, role: Role) -> Iterator[CausalModel]:
        with self._turn:
            yield self._swap_in(role)

    @contextmanager
    def streams(
        self, sequences: Sequence[ScoredSequence], logit_count: int
    ) -> Iterator[PairStreams]:
        with self._turn, tempfile.TemporaryDirectory(prefix="itlim-logits-") as folder:
            # Whichever is in memory goes first: one load less.
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

    def close(self) -> None:
        with self._turn:
            self._held = None
            _free_memory()

    def _swap_in(self, role: Role) -> CausalModel:
        if self._held is None or self._held[0] != role:
            self._held = None
            _free_memory()
            self._held = (role, self._load(role))
        return self._held[1]


def _free_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
