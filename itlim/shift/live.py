"""Greedy answers of the tuned model, coloured while they appear.

The base model follows token by token with its own key-value cache, so each
token is measured the moment it is emitted.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from itlim.errors import InputError
from itlim.records import Generation, Prompt, TokenShifts
from itlim.schema import FinishReason
from itlim.shift.measure import measure_logits

if TYPE_CHECKING:
    import torch

    from itlim.models.pair import LoadedPair

Cancelled = Callable[[], bool]
_BATCH_SIZE = 16


class LiveScoring:
    """One answer being generated and measured.

    >>> # live = generate_scored(pair, prompt, 64)
    >>> # for shifts in live.steps(): show(shifts)   # one token each
    >>> # live.generation.finish_reason, live.shifts  # so far, also after a break
    """

    def __init__(
        self,
        pair: "LoadedPair",
        prompt: Prompt,
        max_new_tokens: int,
        top_k: int,
        cancelled: Cancelled | None,
    ) -> None:
        self._pair = pair
        self._prompt = prompt
        self._limit, self._limit_reason = _limit(pair, prompt, max_new_tokens)
        self._top_k = top_k
        self._cancelled = cancelled
        self._parts: list[TokenShifts] = []
        self._finish_reason = FinishReason.CANCELLED

    def steps(self) -> Iterator[TokenShifts]:
        """Generate: one `TokenShifts` of length 1 for each token, end of sequence included.

        Raises:
            NonFiniteError: the logits hold NaN.
            OutOfMemoryError: memory ran out.
        """
        tuned_cursor, base_cursor = self._pair.cursors()
        fed: Sequence[int] = self._prompt.token_ids
        ids = _AllowedIds(self._pair)
        while not (self._cancelled is not None and self._cancelled()):
            tuned = tuned_cursor.feed(fed)
            base = tuned if base_cursor is None else base_cursor.feed(fed)
            emitted = ids.largest(tuned)
            self._parts.append(
                measure_logits(
                    ids.shared(base),
                    ids.shared(tuned),
                    np.array([emitted], dtype=np.int64),
                    self._top_k,
                    self._pair.shared,
                )
            )
            fed = [emitted]
            if emitted in self._pair.eos_ids:
                self._finish_reason = FinishReason.END_OF_SEQUENCE
            elif len(self._parts) == self._limit:
                self._finish_reason = self._limit_reason
            yield self._parts[-1]
            if self._finish_reason is not FinishReason.CANCELLED:
                return

    @property
    def generation(self) -> Generation:
        """The answer so far; `CANCELLED` until it has ended by itself."""
        return Generation(
            prompt=self._prompt,
            token_ids=tuple(int(part.token_ids[0]) for part in self._parts),
            finish_reason=self._finish_reason,
        )

    @property
    def shifts(self) -> TokenShifts:
        """The measures so far, joined.

        Raises:
            InputError: no token was generated.
        """
        if not self._parts:
            raise InputError("No token was generated before the answer was stopped.")
        return TokenShifts.concatenate(self._parts)


def generate_scored(
    pair: "LoadedPair",
    prompt: Prompt,
    max_new_tokens: int,
    top_k: int = 10,
    cancelled: Cancelled | None = None,
) -> LiveScoring:
    """Prepare a coloured answer; nothing runs before `steps()` is iterated.

    Args:
        pair: both models in memory (`pair.live_possible`).
        prompt: from `pair.render`.
        max_new_tokens: most tokens to generate.
        top_k: how many of both models' most probable tokens to keep.
        cancelled: asked before every token whether to stop.

    Raises:
        ContextLengthError: the prompt leaves no room for a response.
        VocabularyError: the prompt holds an id that one of the models does not know.
        InputError: no prompt, or no token asked for.
    """
    return LiveScoring(pair, prompt, max_new_tokens, top_k, cancelled)


def generate(
    pair: "LoadedPair", prompt: Prompt, max_new_tokens: int, cancelled: Cancelled | None = None
) -> Generation:
    """The tuned model's greedy answer, without measuring it; see `generate_scored`."""
    limit, reason = _limit(pair, prompt, max_new_tokens)
    emitted: list[int] = []
    with pair.tuned_model() as model:
        cursor = model.cursor()
        ids = _AllowedIds(pair)
        fed: Sequence[int] = prompt.token_ids
        while not (cancelled is not None and cancelled()):
            fed = [ids.largest(cursor.feed(fed))]
            emitted.extend(fed)
            if fed[0] in pair.eos_ids:
                return _generation(prompt, emitted, FinishReason.END_OF_SEQUENCE)
            if len(emitted) == limit:
                return _generation(prompt, emitted, reason)
    return _generation(prompt, emitted, FinishReason.CANCELLED)


def generate_batch(
    pair: "LoadedPair",
    prompts: Sequence[Prompt],
    max_new_tokens: int,
    *,
    batch_size: int = _BATCH_SIZE,
    progress: Callable[[float, str], None] | None = None,
    cancelled: Cancelled | None = None,
) -> list[Generation]:
    """Greedy answers to many prompts, `batch_size` at a time, in the order given.

    In float32 the same ids as one by one; half precision may round to another token.
    """
    report = progress or (lambda _fraction, _what: None)
    # Prompts of like length run together, so that little is padded.
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place].token_ids))
    answers: dict[int, Generation] = {}
    with pair.tuned_model() as model:
        for start in range(0, len(order), batch_size):
            places = order[start : start + batch_size]
            batch = [prompts[place] for place in places]
            done = _answer_batch(pair, model, batch, max_new_tokens, cancelled)
            answers.update(zip(places, done, strict=True))
            report(len(answers) / len(prompts), f"Answered {len(answers)} of {len(prompts)}")
    return [answers[place] for place in range(len(prompts))]


def _answer_batch(
    pair: "LoadedPair",
    model: Any,
    prompts: Sequence[Prompt],
    max_new_tokens: int,
    cancelled: Cancelled | None,
) -> list[Generation]:
    limits = [_limit(pair, prompt, max_new_tokens) for prompt in prompts]
    answers: list[list[int]] = [[] for _ in prompts]
    reasons: list[FinishReason | None] = [None] * len(prompts)
    ids = _AllowedIds(pair)
    cursor = model.batch_cursor([prompt.token_ids for prompt in prompts])
    logits = cursor.first()
    while None in reasons and not (cancelled is not None and cancelled()):
        emitted = ids.largest_rows(logits)
        for row, token in enumerate(emitted):
            if reasons[row] is not None:
                continue
            answers[row].append(token)
            if token in pair.eos_ids:
                reasons[row] = FinishReason.END_OF_SEQUENCE
            elif len(answers[row]) == limits[row][0]:
                reasons[row] = limits[row][1]
        if None in reasons:
            logits = cursor.feed(emitted)
    return [
        _generation(prompt, answer, reason or FinishReason.CANCELLED)
        for prompt, answer, reason in zip(prompts, answers, reasons, strict=True)
    ]


class _AllowedIds:
    """Which logits may be emitted and which are compared."""

    def __init__(self, pair: "LoadedPair") -> None:
        self._stop = pair.shared.stop
        self._holes = list(pair.shared.holes)
        named = pair.facts.token_ids
        self._emit_stop = max(named) + 1
        # Padded rows and gaps name no token: no text could be shown for them.
        self._unnamed = [token for token in range(self._emit_stop) if token not in named]

    def largest(self, logits: "torch.Tensor") -> int:
        return self.largest_rows(logits.unsqueeze(0))[0]

    def largest_rows(self, logits: "torch.Tensor") -> list[int]:
        allowed = logits[:, : self._emit_stop]
        if self._unnamed:
            allowed = allowed.clone()
            allowed[:, self._unnamed] = -float("inf")
        return [int(token) for token in allowed.argmax(1).tolist()]

    def shared(self, logits: "torch.Tensor") -> "torch.Tensor":
        """(1, shared.stop) float32, as `measure_logits` wants it."""
        from itlim.models.pair import UNSHARED_LOGIT

        row = logits[: self._stop].unsqueeze(0)
        if self._holes:
            row = row.clone()
            row[:, self._holes] = UNSHARED_LOGIT
        return row.contiguous()


def _limit(pair: "LoadedPair", prompt: Prompt, max_new_tokens: int) -> tuple[int, FinishReason]:
    """How many tokens may come, and what to call it when they have."""
    if max_new_tokens < 1:
        raise InputError(f"max_new_tokens is {max_new_tokens}: expected at least 1.")
    room = pair.room(prompt)
    if room < max_new_tokens:
        return room, FinishReason.CONTEXT_LIMIT
    return max_new_tokens, FinishReason.LENGTH


def _generation(prompt: Prompt, ids: Sequence[int], reason: FinishReason) -> Generation:
    return Generation(prompt=prompt, token_ids=tuple(ids), finish_reason=reason)
