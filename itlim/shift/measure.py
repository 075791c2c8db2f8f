"""Score responses: compute `TokenShifts` from both models' logits, in chunks of positions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from itlim.errors import CancelledError, InputError
from itlim.measures import IntArray, TokenShifts
from itlim.models.protocol import LogitStream, ScoredSequence
from itlim.progress import Cancelled, Progress

if TYPE_CHECKING:
    import torch

    from itlim.models.pair import LoadedPair
    from itlim.models.vocabulary import SharedIds

# Maximum size, in bytes, of both models' float32 logits of one chunk.
CHUNK_BYTES = 57 * 2**20
_FLOAT_BYTES = 4


def score(
    pair: "LoadedPair",
    prompt_ids: Sequence[int],
    response_ids: Sequence[int],
    *,
    top_k: int = 10,
    chunk: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> TokenShifts:
    """Measure every token of one response (teacher forcing).

    Args:
        pair: both models.
        prompt_ids: ids of the prompt.
        response_ids: T ids, including an emitted end-of-sequence id.
        top_k: number of most probable tokens to keep per model.
        chunk: positions per chunk; None chooses by memory. The results do not depend on it.
        progress: called with a fraction in [0, 1] and the current step.
        cancelled: called between chunks; returns True to stop.

    Raises:
        InputError: no prompt or no response.
        ContextLengthError: prompt and response do not fit the context.
        VocabularyError: one of the models does not have an id.
        NonFiniteError: the logits contain NaN.
        CancelledError: `cancelled` returned True.
    """
    return score_batch(
        pair,
        [(prompt_ids, response_ids)],
        top_k=top_k,
        chunk=chunk,
        progress=progress,
        cancelled=cancelled,
    )[0]


def score_batch(
    pair: "LoadedPair",
    items: Sequence[tuple[Sequence[int], Sequence[int]]],
    *,
    top_k: int = 10,
    chunk: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[TokenShifts]:
    """Measure many responses, given as (prompt ids, response ids); see `score`.

    Returns:
        One `TokenShifts` per item, in order.
    """
    if not items:
        return []
    sequences = [
        ScoredSequence(prompt_ids=tuple(prompt), response_ids=tuple(response))
        for prompt, response in items
    ]
    if top_k < 1:
        raise InputError(f"top_k is {top_k}: expected at least 1.")
    report = progress or (lambda _fraction, _what: None)
    report(0.0, "Running both models over the response")
    emitted = np.array([token for one in sequences for token in one.response_ids], dtype=np.int64)
    rows = chunk or chunk_rows(pair.shared.stop)
    parts = []
    with pair.streams(sequences) as streams:
        for start in range(0, len(emitted), rows):
            if cancelled is not None and cancelled():
                raise CancelledError("Scoring was canceled.")
            stop = min(len(emitted), start + rows)
            base, tuned = _read(streams.base, streams.tuned, start, stop)
            parts.append(measure_logits(base, tuned, emitted[start:stop], top_k, pair.shared))
            report(stop / len(emitted), f"Measured {stop} of {len(emitted)} tokens")
    bounds = np.cumsum([len(one.response_ids) for one in sequences])[:-1]
    return TokenShifts.concatenate(parts).split(bounds)


def chunk_rows(logit_count: int) -> int:
    """Number of positions per chunk for which both models' logits fit into CHUNK_BYTES.

    >>> chunk_rows(128_000)
    58
    """
    return max(1, CHUNK_BYTES // (2 * _FLOAT_BYTES * logit_count))


def measure_logits(
    base: "torch.Tensor",
    tuned: "torch.Tensor",
    emitted_ids: IntArray,
    top_k: int,
    shared: "SharedIds",
) -> TokenShifts:
    """Measure positions from their logits.

    The models are compared over their shared ids. An emitted id that the base model does not have
    (a special token that tuning added) gets probability 0 under both models and the rank after
    all shared ids.

    Args:
        base: (n, shared.stop) float32 logits; unshared ids have `UNSHARED_LOGIT`.
        tuned: (n, shared.stop) float32 logits, in the same form.
        emitted_ids: (n,) int64, the ids of the response.
        top_k: number of top tokens to keep; limited to the number of shared ids.
        shared: the ids that both models have.
    """
    known = np.array([token in shared for token in emitted_ids.tolist()])
    measured = _measure(base, tuned, np.where(known, emitted_ids, 0), min(top_k, shared.count))
    if known.all():
        return measured
    return replace(
        measured,
        token_id=emitted_ids,
        emitted_rank=np.where(known, measured.emitted_rank, shared.count + 1),
        emitted_prob=np.where(known, measured.emitted_prob, 0.0),
        emitted_tuned_prob=np.where(known, measured.emitted_tuned_prob, 0.0),
    )


def _measure(
    base: "torch.Tensor", tuned: "torch.Tensor", emitted: IntArray, top_k: int
) -> TokenShifts:
    import torch

    from itlim.shift import divergence, fused

    if base.device.type == "mps":  # MPS does not support float64.
        base, tuned = base.cpu(), tuned.cpu()
    if base.device.type == "cpu":
        return fused.measure(
            base.numpy(), tuned.numpy(), emitted, top_k, threads=torch.get_num_threads()
        )
    ids = torch.from_numpy(emitted).to(base.device)
    return divergence.measure(base, tuned.to(base.device), ids, top_k)


def _read(
    base: LogitStream, tuned: LogitStream, start: int, stop: int
) -> "tuple[torch.Tensor, torch.Tensor]":
    logits = base.read(start, stop)
    return logits, logits if tuned is base else tuned.read(start, stop)
