"""What the measurements ask of a language model.

Everything above this file works on these protocols, never on transformers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from itlim.errors import InputError, ShapeError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSequence:
    """A prompt and its response: the response's tokens get one logit row each."""

    prompt_ids: tuple[int, ...]
    response_ids: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.prompt_ids:
            raise InputError(
                "The prompt has no tokens: the first response token would have nothing to follow."
            )
        if not self.response_ids:
            raise InputError(
                "The response has no tokens: paste some text, or let the model answer."
            )

    @property
    def input_ids(self) -> tuple[int, ...]:
        """What a model is fed: the last response token is only predicted."""
        return self.prompt_ids + self.response_ids[:-1]


class LogitStream(Protocol):
    """Logits of many positions, read stretch by stretch, never held as a whole."""

    row_count: int
    """Rows in all; row t predicts the t-th response token of the sequences in their order."""

    def read(self, start: int, stop: int) -> "torch.Tensor":
        """Logits of rows [start, stop): (stop - start, V) float32, exactly what the model gives.

        The tensor is a buffer that the next read overwrites.
        """
        ...


class Cursor(Protocol):
    """One sequence under way, with its key-value cache."""

    def feed(self, token_ids: Sequence[int], keep: int = 1) -> "torch.Tensor":
        """Append ids; the logits after each of the last `keep` of them: (keep, V) float32."""
        ...


class LanguageModel(Protocol):
    """A causal language model that gives next-token logits."""

    context_length: int
    """Most tokens that prompt and response may have together."""
    logit_count: int
    """V, how many logits a position has (padded rows included)."""

    def stream(
        self, sequences: Sequence[ScoredSequence], logit_count: int | None = None
    ) -> LogitStream:
        """Teacher-forced logits of all response positions, streamed.

        Args:
            sequences: what to score.
            logit_count: give only the first so many ids' logits; None gives all.
        """
        ...

    def cursor(self) -> Cursor:
        """A fresh sequence to extend token by token."""
        ...


def check_rows(start: int, stop: int, row_count: int) -> None:
    """Refuse a stretch outside the stream.

    Raises:
        ShapeError: [start, stop) is empty or leaves [0, row_count).
    """
    if not 0 <= start < stop <= row_count:
        raise ShapeError(f"Rows [{start}, {stop}) asked for, the stream has {row_count}.")
