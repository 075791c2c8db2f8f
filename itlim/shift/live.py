"""Greedy answers of the tuned model, measured while they are generated.

The base model uses its own key-value cache and is at most four tokens behind: a pass over four
tokens costs little more than a pass over one, since both read all weights. The group sizes
(1, 2, 4, 4, ...) depend only on the answer's length, so the same answer has the same numbers.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from itlim.errors import InputError
from itlim.models.protocol import Cursor
from itlim.progress import Cancelled
from itlim.records import Generation, Prompt, TokenShifts
from itlim.schema import FinishReason
from itlim.shift.greedy import AllowedIds, response_limit
from itlim.shift.measure import measure_logits

if TYPE_CHECKING:
    import torch

    from itlim.models.pair import LoadedPair

# Maximum number of tokens that wait for the base model.
_MAX_GROUP = 4


class LiveScoring:
    """Generates and measures one answer; nothing runs before `steps()` is iterated.

    >>> # live = LiveScoring(pair, prompt, 64)
    >>> # for shifts in live.steps(): show(shifts)   # one token each
    >>> # live.generation.finish_reason, live.shifts  # so far, also after a break

    Args:
        pair: both models in memory (`pair.supports_live`).
        prompt: from `pair.render`.
        max_new_tokens: maximum number of tokens to generate.
        top_k: number of most probable tokens to keep per model.
        cancelled: called before every token; returns True to stop.

    Raises:
        ContextLengthError: the prompt leaves no room for a response.
        VocabularyError: the prompt contains an id that one of the models does not have.
        InputError: the prompt is empty, or `max_new_tokens` is below 1.
    """

    def __init__(
        self,
        pair: "LoadedPair",
        prompt: Prompt,
        max_new_tokens: int,
        top_k: int = 10,
        cancelled: Cancelled | None = None,
    ) -> None:
        self.parts: list[TokenShifts] = []
        """One entry per token measured so far. Other threads may read the list while it grows."""
        self._pair = pair
        self._prompt = prompt
        self._limit, self._limit_reason = response_limit(pair, prompt, max_new_tokens)
        self._top_k = top_k
        self._cancelled = cancelled
        self._finish_reason = FinishReason.CANCELLED

    def steps(self) -> Iterator[TokenShifts]:
        """Generate the answer; yield one `TokenShifts` of length 1 per token, also the end token.

        If it is canceled, tokens that the base model has not read yet are omitted.

        Raises:
            NonFiniteError: the logits contain NaN.
            OutOfMemoryError: memory ran out.
        """
        tuned_cursor, base_cursor = self._pair.cursors()
        follower = _BaseFollower(self._pair, base_cursor, self._prompt, self._top_k)
        fed: Sequence[int] = self._prompt.token_ids
        group = 1
        while not (self._cancelled is not None and self._cancelled()):
            logits = tuned_cursor.feed(fed)
            fed = follower.emit(logits)
            ending = self._ending(fed[0], len(self.parts) + follower.waiting)
            if ending is None and follower.waiting < group:
                continue
            group = min(2 * group, _MAX_GROUP)
            yield from self._kept(follower.catch_up(), ending)
            if ending is not None:
                return

    def _kept(
        self, parts: Sequence[TokenShifts], ending: FinishReason | None
    ) -> Iterator[TokenShifts]:
        for number, part in enumerate(parts, start=1):
            self.parts.append(part)
            if ending is not None and number == len(parts):
                self._finish_reason = ending
            yield part

    def _ending(self, emitted: int, count: int) -> FinishReason | None:
        if emitted in self._pair.eos_ids:
            return FinishReason.END_OF_SEQUENCE
        return self._limit_reason if count == self._limit else None

    @property
    def generation(self) -> Generation:
        """The answer so far; its finish reason is `CANCELLED` until the answer is complete."""
        return Generation(
            prompt=self._prompt,
            token_ids=tuple(int(part.token_id[0]) for part in self.parts),
            finish_reason=self._finish_reason,
        )

    @property
    def shifts(self) -> TokenShifts:
        """The measures so far, joined.

        Raises:
            InputError: no token was generated.
        """
        if not self.parts:
            raise InputError("No token was generated before the answer was stopped.")
        return TokenShifts.concatenate(self.parts)


class _BaseFollower:
    """Runs the base model at most `_MAX_GROUP` tokens behind the tuned model."""

    def __init__(
        self, pair: "LoadedPair", cursor: Cursor | None, prompt: Prompt, top_k: int
    ) -> None:
        self._pair = pair
        self._cursor = cursor
        self._top_k = top_k
        self._ids = AllowedIds(pair)
        self._unread: list[int] = list(prompt.token_ids)
        self._emitted: list[int] = []
        self._logits: list[torch.Tensor] = []

    @property
    def waiting(self) -> int:
        """Number of tokens emitted but not yet measured."""
        return len(self._emitted)

    def emit(self, logits: "torch.Tensor") -> list[int]:
        """Add the tuned model's next logits, (1, V); return the id that it emits."""
        emitted = self._ids.largest(logits)
        self._logits.append(self._ids.shared(logits))
        self._emitted.extend(emitted)
        return emitted

    def catch_up(self) -> list[TokenShifts]:
        """Measure all waiting tokens with one pass of the base model."""
        import torch

        tuned = torch.cat(self._logits) if len(self._logits) > 1 else self._logits[0]
        base = tuned
        if self._cursor is not None:
            unread = [*self._unread, *self._emitted[:-1]]
            base = self._ids.shared(self._cursor.feed(unread, keep=len(self._emitted)))
        emitted = np.array(self._emitted, dtype=np.int64)
        shifts = measure_logits(base, tuned, emitted, self._top_k, self._pair.shared)
        self._unread = self._emitted[-1:]
        self._emitted, self._logits = [], []
        return shifts.split(np.arange(1, len(shifts)))
