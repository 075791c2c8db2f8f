"""What one pass over a response gives: numbers and texts, one row a token."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from itlim.errors import NonFiniteError, ShapeError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShifts:
    """Shift measures of T response positions (DESIGN section 5). Row t scores token t.

    Ranks are 1-based, ties share the better rank. Probabilities are in [0, 1],
    divergences and entropies in nats, all over the whole shared vocabulary.
    """

    token_ids: IntArray
    """(T,) emitted ids r_t."""
    tuned_argmax_ids: IntArray
    """(T,) y_t = argmax P_tuned."""
    base_ranks: IntArray
    """(T,) rank of y_t under P_base."""
    base_probs: FloatArray
    """(T,) P_base(y_t)."""
    tuned_probs: FloatArray
    """(T,) P_tuned(y_t)."""
    emitted_ranks: IntArray
    """(T,) rank of r_t under P_base."""
    emitted_probs: FloatArray
    """(T,) P_base(r_t)."""
    emitted_tuned_probs: FloatArray
    """(T,) P_tuned(r_t)."""
    kl_tuned_base: FloatArray
    kl_base_tuned: FloatArray
    js: FloatArray
    base_entropies: FloatArray
    tuned_entropies: FloatArray
    top_base_ids: IntArray
    """(T, k) ids by falling P_base."""
    top_base_probs: FloatArray
    """(T, k)"""
    top_tuned_ids: IntArray
    """(T, k) ids by falling P_tuned."""
    top_tuned_probs: FloatArray
    """(T, k)"""

    def __post_init__(self) -> None:
        positions = self.token_ids.shape[0]
        for item in fields(self):
            array = getattr(self, item.name)
            if array.shape[0] != positions:
                raise ShapeError(
                    f"{item.name} has {array.shape[0]} rows, token_ids has {positions}."
                )
            if not np.isfinite(array).all():
                raise NonFiniteError(f"{item.name} holds NaN or infinity: the logits overflowed.")

    def __len__(self) -> int:
        return int(self.token_ids.shape[0])

    @classmethod
    def concatenate(cls, parts: "list[TokenShifts]") -> "TokenShifts":
        """Join consecutive stretches of one response; chunked equals whole."""
        return cls(
            **{
                item.name: np.concatenate([getattr(part, item.name) for part in parts])
                for item in fields(cls)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTexts:
    """Text and place of each token; the texts concatenate to the response exactly."""

    texts: tuple[str, ...]
    char_starts: tuple[int, ...]
    char_stops: tuple[int, ...]
    response: str
