"""Score responses: both models' logits in, `TokenShifts` out, a chunk of positions at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from itlim.errors import CancelledError, InputError, NonFiniteError
from itlim.measures import IntArray, TokenShifts
from itlim.models.protocol import LogitStream, ScoredSequence
from itlim.progress import Cancelled, Progress

if TYPE_CHECKING:
    import torch

    from itlim.models.pair import LoadedPair
    from itlim.models.vocabulary import SharedIds

# Both models' float32 logits of one chunk take at most this many bytes together.
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
    """Measure every token of one response, teacher-forced.

    Args:
        pair: both models.
        prompt_ids: what comes before the response.
        response_ids: T ids, an emitted end-of-sequence id included.
        top_k: how many of both models' most probable tokens to keep.
        chunk: positions measured at a time; None chooses by memory. Changes no number.
        progress: called with a fraction in [0, 1] and what is being done.
        cancelled: asked between chunks whether to stop.

    Raises:
        InputError: no prompt or no response.
        ContextLengthError: prompt and response do not fit the context.
        VocabularyError: an id that one of the models does not know.
        NonFiniteError: the logits hold NaN.
        CancelledError: `cancelled` said so.
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
        One `TokenShifts` an item, in order.
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
                raise CancelledError("Scoring was stopped.")
            stop = min(len(emitted), start + rows)
            base, tuned = _read(streams.base, streams.tuned, start, stop)
            parts.append(measure_pair(pair, base, tuned, emitted[start:stop], top_k))
            report(stop / len(emitted), f"Measured {stop} of {len(emitted)} tokens")
    bounds = np.cumsum([len(one.response_ids) for one in sequences])[:-1]
    return TokenShifts.concatenate(parts).split(bounds)


def chunk_rows(logit_count: int) -> int:
    """Positions to measure at a time so that both models' logits stay within CHUNK_BYTES.

    >>> chunk_rows(128_000)
    58
    """
    return max(1, CHUNK_BYTES // (2 * _FLOAT_BYTES * logit_count))


def measure_pair(
    pair: "LoadedPair",
    base: "torch.Tensor",
    tuned: "torch.Tensor",
    emitted_ids: IntArray,
    top_k: int,
) -> TokenShifts:
    """Measure positions of a loaded pair; see `measure_logits`.

    Raises:
        NonFiniteError: the logits contain NaN or infinity; the message says which model's and why.
    """
    try:
        return measure_logits(base, tuned, emitted_ids, top_k, pair.shared)
    except NonFiniteError as error:
        raise NonFiniteError(
            pair.why_not_finite("base" if bool(tuned.isfinite().all()) else "tuned")
        ) from error


def measure_logits(
    base: "torch.Tensor",
    tuned: "torch.Tensor",
    emitted_ids: IntArray,
    top_k: int,
    shared: "SharedIds",
) -> TokenShifts:
    """Measure positions whose logits are at hand.

    An emitted id that the base model does not have (a special token that tuning
    added) gets probability 0 under both models and a rank behind all shared ids:
    the models are compared over what they share.

    Args:
        base: (n, shared.stop) float32 logits, unshared ids at `UNSHARED_LOGIT`.
        tuned: (n, shared.stop) float32, likewise.
        emitted_ids: (n,) the response's ids.
        top_k: how many top tokens to keep; no more than there are shared ids.
        shared: which ids both models have.
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

    if base.device.type == "mps":  # It has no float64.
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
