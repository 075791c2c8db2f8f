"""What a local model gives of a response: the other half of a pair with one remote model."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from itlim.errors import NonFiniteError
from itlim.models.protocol import ScoredSequence
from itlim.remote.readout import Position

if TYPE_CHECKING:
    import torch

    from itlim.models.pair import LoadedPair

_ROWS = 32
"""Positions whose log-probabilities are in memory together."""


def local_positions(
    loaded: "LoadedPair",
    sequence: ScoredSequence,
    wanted: Sequence[Mapping[int, float]],
    top_k: int,
) -> list[Position]:
    """Log-probabilities and exact ranks of a response under one local model.

    Args:
        loaded: a model that is compared with itself.
        sequence: prompt and response.
        wanted: ids per position of which they are wanted besides r_t and the most probable K: those
            that the other model lists, and its first choice. Ids without a logit are left out.
        top_k: K.

    Raises:
        ContextLengthError: prompt and response exceed the model's context.
        NonFiniteError: the logits contain NaN or infinity.
    """
    found: list[Position] = []
    with loaded.streams([sequence]) as streams:
        for start in range(0, len(sequence.response_ids), _ROWS):
            stop = min(len(sequence.response_ids), start + _ROWS)
            logits = streams.base.read(start, stop)
            if not bool(logits.isfinite().all()):
                raise NonFiniteError(loaded.why_not_finite("base"))
            found += [
                _position(logits[place - start], sequence.response_ids[place], wanted[place], top_k)
                for place in range(start, stop)
            ]
    return found


def _position(
    logits: "torch.Tensor", token: int, wanted: Mapping[int, float], top_k: int
) -> Position:
    """One position from its (V,) float32 logits."""
    from itlim.shift import divergence

    row = logits.unsqueeze(0).double()
    top, _ = divergence.top(row, min(max(top_k, 1), row.shape[1]))
    ids = {one for one in wanted if one < row.shape[1]} | {token, *top[0].tolist()}
    log_probs = row.log_softmax(1)[0]
    return Position(
        token_id=token,
        listed={one: float(log_probs[one]) for one in sorted(ids)},
        top_k=top_k,
        server_rank=_rank(row, token),
        known_ranks={one: _rank(row, one) for one in sorted(ids)},
        known_first=int(row[0].argmax()),
    )


def _rank(row: "torch.Tensor", token: int) -> int:
    return int((row[0] > row[0, token]).sum()) + 1
