"""Teacher-forced logits, computed for a block of positions at a time.

The backbone runs once and its hidden states (rows, H) are kept; the (rows, V) logits,
hundreds of times larger, are never in memory all at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from itlim.models.forward import Forward
from itlim.models.heads import Head
from itlim.models.protocol import ScoredSequence, check_rows

# Maximum number of tokens per backbone call; limits the memory of its activations.
_BATCH_TOKENS = 4096

Guard = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """A run over the beginning of a sequence, and the rows to take from it."""

    input_ids: tuple[int, ...]
    first: int
    stop: int
    """Rows [first, stop) of the sequence; row t is at position t + prompt length - 1."""
    start: int
    """Position of the first row."""


def _passes(sequences: Sequence[ScoredSequence], switches: Sequence[int]) -> Iterator[_Pass]:
    """The runs that give all rows of some sequences.

    Usually one per sequence. If the rotary factors switch at some lengths, each row comes from a
    run over as many tokens as have the row's own factors, as when the model generates.
    """
    for sequence in sequences:
        ids, before = sequence.input_ids, len(sequence.prompt_ids) - 1
        ends = [*(at for at in sorted(switches) if before < at < len(ids)), len(ids)]
        start = before
        for end in ends:
            yield _Pass(
                input_ids=ids[:end],
                first=start - before,
                stop=end - before,
                start=start,
            )
            start = end


class _RowBuffer:
    """An (n, V) float32 tensor, reused by every read."""

    def __init__(self, logit_count: int, device: torch.device) -> None:
        self._logit_count = logit_count
        self._device = device
        self._rows = torch.empty((0, logit_count), device=device)

    def take(self, rows: int) -> torch.Tensor:
        if self._rows.shape[0] < rows:
            self._rows = torch.empty((0, self._logit_count), device=self._device)
            self._rows = torch.empty((rows, self._logit_count), device=self._device)
        return self._rows[:rows]


class HiddenStateStream:
    """Logits from stored hidden states."""

    def __init__(self, hidden: torch.Tensor, head: Head, logit_count: int, guard: Guard) -> None:
        self.row_count = int(hidden.shape[0])
        self._hidden = hidden
        self._head = head
        self._guard = guard
        self._buffer = _RowBuffer(logit_count, hidden.device)

    @torch.inference_mode()
    def read(self, start: int, stop: int) -> torch.Tensor:
        check_rows(start, stop, self.row_count)
        out = self._buffer.take(stop - start)
        with self._guard():
            self._head.logits(self._hidden[start:stop], out)
        return out


class RerunStream:
    """Logits from the model's own full forward pass, once per block: slow but always exact."""

    def __init__(
        self,
        forward: Forward,
        sequences: Sequence[ScoredSequence],
        logit_count: int,
        guard: Guard,
        switches: Sequence[int] = (),
    ) -> None:
        self._forward = forward
        self._passes = list(_passes(sequences, switches))
        self._ends = np.cumsum([one.stop - one.first for one in self._passes])
        self.row_count = int(self._ends[-1])
        self._guard = guard
        self._device = forward.model.get_input_embeddings().weight.device
        self._buffer = _RowBuffer(logit_count, self._device)
        self._logit_count = logit_count

    @torch.inference_mode()
    def read(self, start: int, stop: int) -> torch.Tensor:
        check_rows(start, stop, self.row_count)
        out = self._buffer.take(stop - start)
        bounds = [0, *self._ends.tolist()]
        for one, (first, last) in zip(self._passes, pairwise(bounds), strict=True):
            low, high = max(start, first), min(stop, last)
            if low >= high:
                continue
            keep = torch.arange(low - first, high - first, device=self._device)
            ids = torch.tensor([one.input_ids], device=self._device)
            with self._guard():
                logits = self._forward.logits(ids, keep + one.start)
            out[low - start : high - start] = logits[0, :, : self._logit_count]
        return out


@torch.inference_mode()
def response_states(
    model: Any,
    sequences: Sequence[ScoredSequence],
    guard: Guard,
    switches: Sequence[int] = (),
) -> torch.Tensor:
    """Final hidden states of all response positions.

    Sequences of similar length run together, padded on the right: in a causal model, later
    positions do not affect earlier ones, so padding does not change the states.

    Args:
        model: a transformers causal language model.
        sequences: prompts and responses.
        guard: held while the model runs.
        switches: lengths above which the rotary factors differ. Sequences then run alone,
            because the factors of a batch follow its longest sequence.

    Returns:
        (rows, H) in the model's dtype, in the order of `sequences`.
    """
    device = model.get_input_embeddings().weight.device
    passes = list(_passes(sequences, switches))
    states: list[torch.Tensor | None] = [None] * len(passes)
    for batch in _batches(passes, most=1 if switches else len(passes)):
        width = max(len(passes[place].input_ids) for place in batch)
        ids = torch.zeros((len(batch), width), dtype=torch.long)
        for row, place in enumerate(batch):
            ids[row, : len(passes[place].input_ids)] = torch.tensor(passes[place].input_ids)
        with guard():
            hidden = model.base_model(input_ids=ids.to(device), use_cache=False).last_hidden_state
        for row, place in enumerate(batch):
            kept = hidden[row, passes[place].start : len(passes[place].input_ids)]
            # A view would keep the whole padded batch in memory.
            states[place] = kept if len(passes) == 1 else kept.clone()
    found = [state for state in states if state is not None]
    return found[0] if len(found) == 1 else torch.cat(found)


def _batches(passes: Sequence[_Pass], most: int) -> Iterator[list[int]]:
    """Indices of runs to do together, longest first, which minimizes padding."""
    order = sorted(range(len(passes)), key=lambda place: -len(passes[place].input_ids))
    batch: list[int] = []
    for place in order:
        widest = len(passes[batch[0]].input_ids) if batch else 0
        if batch and (widest * (len(batch) + 1) > _BATCH_TOKENS or len(batch) == most):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
