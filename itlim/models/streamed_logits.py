"""Teacher-forced logits, computed for a block of positions at a time.

The backbone runs once and its hidden states (rows, H) are kept; the (rows, V) logits,
hundreds of times larger, are never in memory all at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from itlim.models.heads import Head
from itlim.models.protocol import ScoredSequence, check_rows

# Maximum number of tokens per backbone call; limits the memory of its activations.
_BATCH_TOKENS = 4096

Guard = Callable[[], AbstractContextManager[Any]]


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
        self, model: Any, sequences: Sequence[ScoredSequence], logit_count: int, guard: Guard
    ) -> None:
        self._model = model
        self._sequences = sequences
        self._ends = np.cumsum([len(sequence.response_ids) for sequence in sequences])
        self.row_count = int(self._ends[-1])
        self._guard = guard
        self._device = model.get_input_embeddings().weight.device
        self._buffer = _RowBuffer(logit_count, self._device)
        self._logit_count = logit_count

    @torch.inference_mode()
    def read(self, start: int, stop: int) -> torch.Tensor:
        check_rows(start, stop, self.row_count)
        out = self._buffer.take(stop - start)
        bounds = [0, *self._ends.tolist()]
        for sequence, (first, last) in zip(self._sequences, pairwise(bounds), strict=True):
            low, high = max(start, first), min(stop, last)
            if low >= high:
                continue
            keep = torch.arange(low - first, high - first, device=self._device)
            ids = torch.tensor([sequence.input_ids], device=self._device)
            with self._guard():
                logits = self._model(
                    input_ids=ids,
                    use_cache=False,
                    logits_to_keep=keep + len(sequence.prompt_ids) - 1,
                ).logits
            out[low - start : high - start] = logits[0, :, : self._logit_count]
        return out


@torch.inference_mode()
def response_states(model: Any, sequences: Sequence[ScoredSequence], guard: Guard) -> torch.Tensor:
    """Final hidden states of all response positions.

    Sequences of similar length run together, padded on the right: in a causal model, later
    positions do not affect earlier ones, so padding does not change the states.

    Returns:
        (rows, H) in the model's dtype, in the order of `sequences`.
    """
    device = model.get_input_embeddings().weight.device
    states: list[torch.Tensor | None] = [None] * len(sequences)
    for batch in _batches(sequences):
        width = max(len(sequences[place].input_ids) for place in batch)
        ids = torch.zeros((len(batch), width), dtype=torch.long)
        for row, place in enumerate(batch):
            ids[row, : len(sequences[place].input_ids)] = torch.tensor(sequences[place].input_ids)
        with guard():
            hidden = model.base_model(input_ids=ids.to(device), use_cache=False).last_hidden_state
        for row, place in enumerate(batch):
            first = len(sequences[place].prompt_ids) - 1
            stop = len(sequences[place].input_ids)
            kept = hidden[row, first:stop]
            # A view would keep the whole padded batch in memory.
            states[place] = kept if len(sequences) == 1 else kept.clone()
    return states[0] if len(states) == 1 else torch.cat(states)  # type: ignore[return-value, arg-type]


def _batches(sequences: Sequence[ScoredSequence]) -> Iterator[list[int]]:
    """Indices of sequences to run together, longest first, which minimizes padding."""
    order = sorted(range(len(sequences)), key=lambda place: -len(sequences[place].input_ids))
    batch: list[int] = []
    for place in order:
        widest = len(sequences[batch[0]].input_ids) if batch else 0
        if batch and widest * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
