"""The formulas of token distribution shift, in float64 over the whole vocabulary.

This module defines them. On the CPU, fused.py computes the same numbers faster and is tested
against this module; accelerators use this module.
"""

import math

import numpy as np
import torch

from itlim.errors import NonFiniteError, ShapeError, VocabularyError
from itlim.measures import TokenShifts

# Upper limit, in bytes, of all float64 working copies of the logits.
_WORK_BYTES = 16 * 2**20
_COPIES = 6


def ranks(logits: torch.Tensor, token_ids: torch.Tensor) -> torch.Tensor:
    """Rank each row's token by its logit.

    Args:
        logits: (T, V) float, unnormalized.
        token_ids: (T,) int64.

    Returns:
        (T,) int64, 1-based; 1 is the argmax. Ties share the better rank.

    Raises:
        ShapeError: the first axes differ.
        VocabularyError: an id is outside [0, V).
        NonFiniteError: NaN or infinite logits, which would otherwise all rank 1.

    Source: Lin et al. 2023 (arXiv:2312.01552), used in section 3 of the paper.

    >>> ranks(torch.tensor([[2.0, 5.0, 1.0], [0.0, 3.0, 3.0]]), torch.tensor([0, 2]))
    tensor([2, 1])
    """
    _check(logits, token_ids)
    own = logits.gather(1, token_ids.unsqueeze(1))
    return (logits > own).sum(1) + 1


def kl(p_logits: torch.Tensor, q_logits: torch.Tensor) -> torch.Tensor:
    """KL(P || Q) = sum over v of P(v) (ln P(v) - ln Q(v)), for each row.

    Args:
        p_logits: (T, V) float, unnormalized.
        q_logits: (T, V) float, unnormalized.

    Returns:
        (T,) float64 in nats.

    >>> kl(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 1.0986123]])).round(decimals=4)
    tensor([0.1438], dtype=torch.float64)
    """
    log_p, log_q = _log_probs(p_logits), _log_probs(q_logits)
    return _at_least_zero((log_p.exp() * (log_p - log_q)).sum(1))


def js(p_logits: torch.Tensor, q_logits: torch.Tensor) -> torch.Tensor:
    """Jensen-Shannon divergence: mean of KL(P || M) and KL(Q || M), M = (P + Q) / 2; at most ln 2.

    Returns:
        (T,) float64 in nats.

    >>> js(torch.tensor([[0.0, -40.0]]), torch.tensor([[-40.0, 0.0]])).round(decimals=4)
    tensor([0.6931], dtype=torch.float64)
    """
    log_p, log_q = _log_probs(p_logits), _log_probs(q_logits)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    half = log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)
    return _at_least_zero(half.sum(1) / 2)


def entropy(logits: torch.Tensor) -> torch.Tensor:
    """Entropy of each row's distribution: (T,) float64 in nats.

    >>> entropy(torch.zeros(1, 4)).round(decimals=4)
    tensor([1.3863], dtype=torch.float64)
    """
    log_p = _log_probs(logits)
    return _at_least_zero(-(log_p.exp() * log_p).sum(1))


def top(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The most probable ids and their probabilities, both (T, count); ties by ascending id.

    >>> top(torch.tensor([[0.0, 3.0, 3.0, 1.0]]), 2)[0]
    tensor([[1, 2]])
    """
    threshold = logits.topk(count, dim=1).values[:, -1:]
    order = []
    for row, enough in zip(logits, logits >= threshold, strict=True):
        # topk breaks ties arbitrarily; a stable sort takes the lowest ids.
        ids = enough.nonzero().squeeze(1)
        order.append(ids[row[ids].sort(descending=True, stable=True).indices[:count]])
    ids = torch.stack(order)
    return ids, _log_probs(logits).gather(1, ids).exp()


def measure(
    base: torch.Tensor, tuned: torch.Tensor, emitted_ids: torch.Tensor, top_k: int
) -> TokenShifts:
    """All measures of n positions.

    Args:
        base: (n, V) float, unnormalized logits of the base model.
        tuned: (n, V) float, those of the tuned model.
        emitted_ids: (n,) int64, the ids of the response.
        top_k: number of most probable tokens to keep per model, at most V.

    Raises:
        ShapeError: the shapes differ.
        VocabularyError: an id is outside [0, V).
        NonFiniteError: NaN or infinite logits.
    """
    if base.shape != tuned.shape:
        raise ShapeError(
            f"Base logits have shape {tuple(base.shape)}, tuned logits {tuple(tuned.shape)}: "
            "expected the same shape."
        )
    _check(base, emitted_ids)
    _check(tuned, emitted_ids)
    rows = max(1, _WORK_BYTES // (8 * _COPIES * base.shape[1]))
    parts = [
        _measure(
            base[start : start + rows].double(),
            tuned[start : start + rows].double(),
            emitted_ids[start : start + rows],
            top_k,
        )
        for start in range(0, base.shape[0], rows)
    ]
    return TokenShifts(
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    )


def _measure(
    base: torch.Tensor, tuned: torch.Tensor, emitted: torch.Tensor, top_k: int
) -> dict[str, np.ndarray]:
    argmax = tuned.argmax(1)  # the first one of a tie
    top_base, top_base_probs = top(base, top_k)
    top_tuned, top_tuned_probs = top(tuned, top_k)
    measures = {
        "token_id": emitted,
        "tuned_argmax_id": argmax,
        "base_rank": ranks(base, argmax),
        "emitted_rank": ranks(base, emitted),
        "base_prob": _probs_of(base, argmax),
        "tuned_prob": _probs_of(tuned, argmax),
        "emitted_prob": _probs_of(base, emitted),
        "emitted_tuned_prob": _probs_of(tuned, emitted),
        "kl_tuned_base": kl(tuned, base),
        "kl_base_tuned": kl(base, tuned),
        "js": js(tuned, base),
        "base_entropy": entropy(base),
        "tuned_entropy": entropy(tuned),
        "top_base_ids": top_base,
        "top_base_probs": top_base_probs,
        "top_tuned_ids": top_tuned,
        "top_tuned_probs": top_tuned_probs,
    }
    return {name: values.cpu().numpy() for name, values in measures.items()}


def _check(logits: torch.Tensor, token_ids: torch.Tensor) -> None:
    if logits.shape[0] != token_ids.shape[0]:
        raise ShapeError(f"{logits.shape[0]} rows of logits for {token_ids.shape[0]} token ids.")
    outside = (token_ids < 0) | (token_ids >= logits.shape[1])
    if bool(outside.any()):
        raise VocabularyError(
            f"Token id {int(token_ids[outside][0])} is outside [0, {logits.shape[1]})."
        )
    if not bool(torch.isfinite(logits).all()):
        raise NonFiniteError(
            "The logits contain NaN or infinity: choose dtype float32 or bfloat16."
        )


def _log_probs(logits: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(logits.double(), dim=1)


def _probs_of(logits: torch.Tensor, token_ids: torch.Tensor) -> torch.Tensor:
    return _log_probs(logits).gather(1, token_ids.unsqueeze(1)).squeeze(1).exp()


def _at_least_zero(values: torch.Tensor) -> torch.Tensor:
    # Rounding can leave -1e-17 where two distributions are equal.
    return values.clamp(min=0.0)
