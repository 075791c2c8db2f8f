"""Greedy answers of the tuned model without measures, one at a time or in batches."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from itlim.errors import InputError
from itlim.progress import Cancelled, Progress
from itlim.records import Generation, Prompt
from itlim.schema import FinishReason

if TYPE_CHECKING:
    import torch

    from itlim.models.pair import LoadedPair

BATCH_SIZE = 16


def generate(
    pair: "LoadedPair", prompt: Prompt, max_new_tokens: int, cancelled: Cancelled | None = None
) -> Generation:
    """The tuned model's greedy answer, without measures; `LiveScoring` adds them."""
    limit, reason = response_limit(pair, prompt, max_new_tokens)
    emitted: list[int] = []
    with pair.tuned_model() as model:
        cursor = model.cursor()
        ids = AllowedIds(pair)
        fed: Sequence[int] = prompt.token_ids
        while not (cancelled is not None and cancelled()):
            fed = ids.largest(cursor.feed(fed))
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
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> list[Generation]:
    """Greedy answers to many prompts, `batch_size` at a time, in the order given.

    In float32 the ids are the same as one by one; half precision may round to another token.
    """
    report = progress or (lambda _fraction, _what: None)
    # Prompts of similar length share a batch, to reduce padding.
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index].token_ids))
    answers: dict[int, Generation] = {}
    with pair.tuned_model() as model:
        for start in range(0, len(order), batch_size):
            indices = order[start : start + batch_size]
            batch = [prompts[index] for index in indices]
            done = _answer_batch(pair, model, batch, max_new_tokens, cancelled)
            answers.update(zip(indices, done, strict=True))
            report(len(answers) / len(prompts), f"Answered {len(answers)} of {len(prompts)}")
    return [answers[index] for index in range(len(prompts))]


def _answer_batch(
    pair: "LoadedPair",
    model: Any,
    prompts: Sequence[Prompt],
    max_new_tokens: int,
    cancelled: Cancelled | None,
) -> list[Generation]:
    limits = [response_limit(pair, prompt, max_new_tokens) for prompt in prompts]
    answers: list[list[int]] = [[] for _ in prompts]
    reasons: list[FinishReason | None] = [None] * len(prompts)
    ids = AllowedIds(pair)
    cursor = model.batch_cursor([prompt.token_ids for prompt in prompts])
    logits = cursor.first()
    while None in reasons and not (cancelled is not None and cancelled()):
        emitted = ids.largest(logits)
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


class AllowedIds:
    """Selects the ids that may be emitted and the ids that are compared."""

    def __init__(self, pair: "LoadedPair") -> None:
        self._stop = pair.shared.stop
        self._holes = list(pair.shared.holes)
        tokens = pair.facts.token_ids
        self._emit_stop = max(tokens) + 1
        # Padded rows and gaps have no token, so no text could be shown for them.
        self._without_token = [token for token in range(self._emit_stop) if token not in tokens]

    def largest(self, logits: "torch.Tensor") -> list[int]:
        """The most probable id that has a token, for each row of (n, V) logits."""
        allowed = logits[:, : self._emit_stop]
        if self._without_token:
            allowed = allowed.clone()
            allowed[:, self._without_token] = -float("inf")
        return [int(token) for token in allowed.argmax(1).tolist()]

    def shared(self, logits: "torch.Tensor") -> "torch.Tensor":
        """(n, V) logits cut to (n, shared.stop), as `measure_logits` expects them."""
        from itlim.models.pair import UNSHARED_LOGIT

        rows = logits[:, : self._stop]
        if self._holes:
            rows = rows.clone()
            rows[:, self._holes] = UNSHARED_LOGIT
        return rows.contiguous()


def response_limit(
    pair: "LoadedPair", prompt: Prompt, max_new_tokens: int
) -> tuple[int, FinishReason]:
    """The maximum number of tokens, and the finish reason if it is reached.

    Raises:
        InputError: `max_new_tokens` is below 1.
        ContextLengthError: the prompt leaves no room for a response.
    """
    if max_new_tokens < 1:
        raise InputError(f"max_new_tokens is {max_new_tokens}: expected at least 1.")
    room = pair.room(prompt)
    if room < max_new_tokens:
        return room, FinishReason.CONTEXT_LIMIT
    return max_new_tokens, FinishReason.LENGTH


def _generation(prompt: Prompt, ids: Sequence[int], reason: FinishReason) -> Generation:
    return Generation(prompt=prompt, token_ids=tuple(ids), finish_reason=reason)
