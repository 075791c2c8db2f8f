"""Influence on a stored answer's span, computed on a thread and kept for the visitor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import streamlit as st

from itlim.causality.influence.span_influence import (
    InstanceInfluence,
    SpanInfluence,
    expected_seconds,
    span_influence,
)
from itlim.errors import BusyError, InputError
from itlim.models.fingerprint import fingerprint
from itlim.models.pair_cache import PairCache
from itlim.records import Pair, Run
from itlim.ui.shared import services
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.public import begin
from itlim.ui.shared.tracing.subject import Subject

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

MEMORY = 32
"""Number of spans whose influence is kept per visitor."""
_BYTES_PER_WEIGHT = 2.0
"""In a checkpoint's files; most are stored in 16 bits."""
PARAMETERS = {
    "all": "all weights",
    "last-layer": "the last layer's weights",
    "adapter": "the adapter's weights",
    "projection": "a random projection of all weights",
}


class InfluenceWork(BackgroundWork):
    """Computes the gradients of a span and of instances on a background thread.

    Args:
        pair: the pair whose tuned model gave the answer.
        run: the answer with its exact ids.
        span: code points of the response.
        read: returns the instances with the columns that `span_influence` needs.
        cache: the models in memory.
        pace: seconds per gradient by pair; updated for the next estimate.
    """

    def __init__(
        self,
        pair: Pair,
        run: Run,
        span: tuple[int, int],
        read: Callable[[], pa.Table],
        cache: PairCache,
        pace: dict[str, float],
    ) -> None:
        super().__init__("itlim-influence")
        self.result: SpanInfluence | None = None
        self._pair, self._run, self._span = pair, run, span
        self._read, self._cache, self._pace = read, cache, pace

    def _work(self) -> None:
        # Imported late: torch loads only if influence is computed.
        from itlim.causality.influence.gradients import span_target

        if fingerprint(self._pair.tuned_source) != self._run.tuned_hash:
            raise InputError(
                f"The weights of the pair {self._pair.name} have changed since this answer. "
                "Ask the question again on Ask, then trace the new answer."
            )
        loaded = self._cache.get(self._pair, self._progress, self._cancel.is_set)
        ids = self._run.tokens["token_id"].to_pylist()
        target = span_target(loaded, self._run.prompt_token_ids, ids, *self._span)
        result = span_influence(
            loaded,
            target,
            self._read(),
            progress=lambda done, total, left: self._progress(
                done / total, f"Gradient {done:,} of {total:,}, {left}"
            ),
            cancelled=self._cancel.is_set,
        )
        self._pace[self._pair.name] = result.seconds / (1 + len(result.by_instance))
        self.result = result


@dataclass(slots=True)
class SpanGradients:
    """The influence computed so far on one span of one answer."""

    work: InfluenceWork | None = None
    refusal: str = ""
    """Why the last request was not begun."""
    known: dict[str, InstanceInfluence] = field(default_factory=dict)
    too_long: set[str] = field(default_factory=set)
    parameters: str = ""
    """Description of the weights over which it was measured."""

    def collect(self) -> None:
        """Take over the result of finished work; an error stays with the work, to be shown."""
        if self.work is not None and self.work.done and self.work.result is not None:
            result, self.work = self.work.result, None
            self.known |= result.by_instance
            self.too_long |= set(result.left_out)
            self.parameters = PARAMETERS[result.parameters]

    def of_datasets(self, names: set[str]) -> dict[str, InstanceInfluence]:
        """The influence of these datasets' instances."""
        return {name: one for name, one in self.known.items() if name.rpartition("-")[0] in names}

    def has_all(self, indexes: "Sequence[TraceIndex]") -> bool:
        """Whether every instance of these indexes has been processed."""
        names = {index.dataset for index in indexes}
        too_long = sum(name.rpartition("-")[0] in names for name in self.too_long)
        count = sum(len(index.instances) for index in indexes)
        return len(self.of_datasets(names)) + too_long >= count

    def lacks(self, instance_id: str) -> bool:
        return instance_id not in self.known and instance_id not in self.too_long


def gradients_of(subject: Subject, span: tuple[int, int]) -> SpanGradients:
    """What this visitor has computed for a span; empty at first."""
    memory: dict[Any, SpanGradients] = st.session_state.setdefault("trace_influence", {})
    key = (subject.doc, span)
    if key not in memory:
        while len(memory) >= MEMORY:
            memory.pop(next(iter(memory)))
        memory[key] = SpanGradients()
    memory[key].collect()
    return memory[key]


def start(
    gradients: SpanGradients,
    pair: Pair,
    run: Run,
    span: tuple[int, int],
    read: Callable[[], pa.Table],
) -> None:
    """Start the computation; returns immediately."""
    work = InfluenceWork(pair, run, span, read, services.pair_cache(), _pace())
    gradients.refusal = ""
    try:
        gradients.work = begin(work)
    except BusyError as error:
        gradients.refusal = str(error)


@st.cache_resource(show_spinner=False)
def _pace() -> dict[str, float]:
    """Seconds per gradient in the last computation, by pair."""
    return {}


def time_in_words(pair: Pair, n_instances: int, n_characters: float) -> str:
    """Estimate the duration from the last computation, or else from the sizes.

    Args:
        pair: the pair whose model computes the gradients.
        n_instances: number of instances.
        n_characters: total number of characters of their texts.
    """
    if pair.name in _pace():
        seconds = _pace()[pair.name] * (n_instances + 1)
    else:
        folder = Path((pair.tuned or pair.base).path)
        # A hub id has no files here, so its size is unknown and counts as 0.
        size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        seconds = expected_seconds(size / _BYTES_PER_WEIGHT, n_characters, n_instances + 1)
    return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {max(1.0, seconds):.0f} s"


def all_instances(indexes: "Sequence[TraceIndex]") -> pa.Table:
    """All instances of the indexes, with the columns that `span_influence` needs."""
    names = ("instance_id", "instruction", "input", "response")
    batches = [batch for index in indexes for batch in index.instances.batches()]
    return pa.Table.from_batches(batches).select(names)
