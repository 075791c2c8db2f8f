"""The protocols of a language model that the measures use.

Higher layers depend on these protocols, never on transformers.
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
                "The prompt has no tokens, so the first response token cannot be scored: type "
                "an instruction."
            )
        if not self.response_ids:
            raise InputError(
                "The response has no tokens: paste some text, or let the model answer."
            )

    @property
    def input_ids(self) -> tuple[int, ...]:
        """The ids that a model reads; the last response token is only predicted."""
        return self.prompt_ids + self.response_ids[:-1]


class LogitStream(Protocol):
    """Logits of many positions, read a block of rows at a time, never all at once."""

    row_count: int
    """Total number of rows; row t predicts the t-th response token of the sequences in order."""

    def read(self, start: int, stop: int) -> "torch.Tensor":
        """Logits of rows [start, stop), exactly as the model computes them.

        Returns:
            (stop - start, V) float32, a buffer that the next read overwrites.
        """
        ...


class Cursor(Protocol):
    """A sequence that is extended token by token, with its key-value cache."""

    def feed(self, token_ids: Sequence[int], keep: int = 1) -> "torch.Tensor":
        """Append ids; returns the logits after each of the last `keep` ids: (keep, V) float32."""
        ...


class LanguageModel(Protocol):
    """A causal language model that computes next-token logits."""

    context_length: int
    """Maximum number of tokens of prompt and response together."""
    logit_count: int
    """V, the number of logits per position, including padding."""

    def stream(
        self, sequences: Sequence[ScoredSequence], logit_count: int | None = None
    ) -> LogitStream:
        """Teacher-forced logits of all response positions, streamed.

        Args:
            sequences: prompts and responses to score.
            logit_count: return the logits of only this many ids, from id 0; None returns all.
        """
        ...

    def cursor(self) -> Cursor:
        """A new, empty sequence to extend token by token."""
        ...


def check_rows(start: int, stop: int, row_count: int) -> None:
    """Check that a range of rows is within the stream.

    Raises:
        ShapeError: [start, stop) is empty or not within [0, row_count).
    """
    if not 0 <= start < stop <= row_count:
        raise ShapeError(
            f"Rows [{start}, {stop}) were requested, but the stream has {row_count} rows: request "
            f"a non-empty range within [0, {row_count})."
        )
