"""Requests to a pair, and prompts and responses as token ids."""

from dataclasses import dataclass

from itlim.errors import InputError
from itlim.records.pairs import Pair, PairHashes
from itlim.schema import DecodingMode, FinishReason, ShiftCategory

DEFAULT_MAX_NEW_TOKENS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Base ranks that separate the shift categories.

    The defaults are those of the paper (section 3, after Lin et al. 2023): rank 1 is unshifted,
    rank 2 or 3 is marginal, and any higher rank is shifted.
    """

    marginal_above: int = 1
    shifted_above: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.marginal_above <= self.shifted_above:
            raise InputError(
                f"Thresholds {self.marginal_above} and {self.shifted_above} do not work: "
                "expected 1 <= marginal_above <= shifted_above."
            )

    def category(self, base_rank: int) -> ShiftCategory:
        """The category of a 1-based base rank.

        >>> [str(Thresholds().category(rank)) for rank in (1, 3, 4)]
        ['unshifted', 'marginal', 'shifted']
        """
        if base_rank <= self.marginal_above:
            return ShiftCategory.UNSHIFTED
        return ShiftCategory.MARGINAL if base_rank <= self.shifted_above else ShiftCategory.SHIFTED


def check_texts(instruction: str, response: str | None, max_new_tokens: int) -> None:
    """Check what a user typed for a request.

    Raises:
        InputError: a text is empty, or the limit of new tokens is below 1.
    """
    if not instruction.strip():
        raise InputError("The instruction is empty: type what the model should do.")
    if response is not None and not response.strip():
        raise InputError(
            "The response to score is empty: paste some text, or let the model answer."
        )
    if max_new_tokens < 1:
        raise InputError(f"max_new_tokens is {max_new_tokens}: expected at least 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to one pair: everything that determines the numbers of a run."""

    pair: Pair
    instruction: str
    input: str = ""
    response: str | None = None
    """Text to score teacher-forced; None lets the tuned model answer greedily."""
    max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS
    top_k: int = 10

    def __post_init__(self) -> None:
        check_texts(self.instruction, self.response, self.max_new_tokens)
        if not 1 <= self.top_k <= 100:
            raise InputError(f"top_k is {self.top_k}: expected 1 to 100.")

    @property
    def decoding(self) -> DecodingMode:
        return DecodingMode.GREEDY if self.response is None else DecodingMode.PASTED


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifiedRequest:
    """A request with what its run is found by, computed once (`pipeline.identify`)."""

    request: Request
    hashes: PairHashes
    id: str
    """Of the run that answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A rendered prompt and the ids that both models receive."""

    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A response as token ids. Ids never round-trip through text."""

    prompt: Prompt
    token_ids: tuple[int, ...]
    """Response ids in order; an emitted end-of-sequence id is the last one."""
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTexts:
    """Text and place of each token; the texts concatenate to the response exactly."""

    texts: tuple[str, ...]
    char_starts: tuple[int, ...]
    char_stops: tuple[int, ...]
    response: str
