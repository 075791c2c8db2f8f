"""Extend sequences token by token, with whatever the model keeps between calls.

How a model continues differs: most take several tokens at a time, recurrent ones only one after
the first call, and some cannot continue at all. Nothing is assumed: a probe chooses the fastest
way that gives the logits of one whole pass.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch

from itlim.models.forward import Forward, probe_ids

Guard = Callable[[], AbstractContextManager[Any]]

# Largest accepted difference of a call's median row from the whole pass, relative to the largest
# logit. A state that is lost changes logits by far more than rounding.
_TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4}
_TOLERANCE_HALF = 5e-2
# Tokens of the probe's calls: a prompt, one token, several tokens, one token.
_PROBE_CALLS = (5, 1, 4, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuing:
    """How a model continues a sequence."""

    cached: bool
    """False: every call runs the whole sequence."""
    chunks: bool
    """Whether several tokens may follow the first call at once."""
    switches: tuple[int, ...] = ()
    """Lengths above which the rotary factors differ: the cache is then built again."""


class Owner(Protocol):
    """What a cursor needs of its model."""

    forward: Forward
    context_length: int
    device: torch.device

    def guard(self) -> AbstractContextManager[None]: ...


class SequenceCursor:
    """One sequence; its logits are those of one whole pass over the tokens so far."""

    def __init__(self, owner: Owner, continuing: Continuing) -> None:
        self._owner = owner
        self._continuing = continuing
        self._cache: Any = None
        self._ids: list[int] = []

    @property
    def length(self) -> int:
        """Number of tokens so far."""
        return len(self._ids)

    @torch.inference_mode()
    def feed(self, token_ids: Sequence[int], keep: int = 1) -> torch.Tensor:
        """Append ids; returns the logits after each of the last `keep`: (keep, V) float32."""
        first_kept = len(self._ids) + len(token_ids) - keep
        rows = []
        for part in self._parts(token_ids, first_kept):
            start = len(self._ids)
            self._ids.extend(part)
            kept = min(len(part), len(self._ids) - first_kept)
            logits = self._run(start, max(1, kept))
            if kept > 0:
                rows.append(logits)
        return rows[0] if len(rows) == 1 else torch.cat(rows)

    def _parts(self, token_ids: Sequence[int], first_kept: int) -> Iterator[Sequence[int]]:
        """The ids of each call: no call returns rows from both sides of a switch."""
        start, end = 0, len(token_ids)
        while start < end:
            length = len(self._ids)
            inside = [at for at in self._continuing.switches if at > max(length, first_kept)]
            stop = min([end, *(start + at - length for at in inside)])
            if length and not self._continuing.chunks:
                stop = start + 1
            yield token_ids[start:stop]
            start = stop

    def _run(self, start: int, keep: int) -> torch.Tensor:
        owner, length = self._owner, len(self._ids)
        crossed = any(start <= at < length for at in self._continuing.switches)
        if crossed or not self._continuing.cached:
            self._cache, start = None, 0
        ids = torch.tensor([self._ids[start:]], device=owner.device)
        forward = owner.forward
        options: dict[str, Any] = {"use_cache": self._continuing.cached}
        if self._cache is not None and forward.cache_name is not None:
            options[forward.cache_name] = self._cache
        with owner.guard():
            output = forward.run(ids, keep, **options)
        if self._continuing.cached and forward.cache_name is not None:
            self._cache = getattr(output, forward.cache_name)
        return output.logits[0, -keep:].float()  # type: ignore[no-any-return]


class PaddedCursor:
    """Several sequences side by side, padded on the left."""

    def __init__(self, owner: Owner, prompts: Sequence[Sequence[int]]) -> None:
        width = max(len(prompt) for prompt in prompts)
        self._owner = owner
        self._cache: Any = None
        self._ids = torch.zeros((len(prompts), width), dtype=torch.long)
        self._mask = torch.zeros((len(prompts), width), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            self._ids[row, width - len(prompt) :] = torch.tensor(list(prompt))
            self._mask[row, width - len(prompt) :] = 1

    def first(self) -> torch.Tensor:
        """Logits after each prompt: (B, V) float32."""
        # Not every model derives positions from the mask (GPT-2, Phi).
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
        return self._forward(self._ids, positions)

    def feed(self, token_ids: Sequence[int]) -> torch.Tensor:
        """Append one id to every sequence: (B, V) float32."""
        ids = torch.tensor(list(token_ids)).unsqueeze(-1)
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=-1)
        # A sequence that has ended is carried along; it must not run out of positions.
        positions = (self._mask.sum(-1, keepdim=True) - 1).clamp(max=self._owner.context_length - 1)
        return self._forward(ids, positions)

    @torch.inference_mode()
    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        owner = self._owner
        options: dict[str, Any] = {}
        if self._cache is not None and owner.forward.cache_name is not None:
            options[owner.forward.cache_name] = self._cache
        with owner.guard():
            output = owner.forward.run(
                ids.to(owner.device),
                1,
                attention_mask=self._mask.to(owner.device),
                position_ids=positions.to(owner.device),
                use_cache=True,
                **options,
            )
        if owner.forward.cache_name is not None:
            self._cache = getattr(output, owner.forward.cache_name)
        return output.logits[:, -1].float()  # type: ignore[no-any-return]


class SeparateCursors:
    """Several sequences, one after the other, for models that padding changes."""

    def __init__(
        self, owner: Owner, prompts: Sequence[Sequence[int]], continuing: Continuing
    ) -> None:
        self._owner = owner
        self._prompts = prompts
        self._cursors = [SequenceCursor(owner, continuing) for _ in prompts]
        self._rows: list[torch.Tensor] = []

    def first(self) -> torch.Tensor:
        """Logits after each prompt: (B, V) float32."""
        pairs = zip(self._cursors, self._prompts, strict=True)
        self._rows = [cursor.feed(prompt) for cursor, prompt in pairs]
        return torch.cat(self._rows)

    def feed(self, token_ids: Sequence[int]) -> torch.Tensor:
        """Append one id to every sequence: (B, V) float32."""
        for row, (cursor, token_id) in enumerate(zip(self._cursors, token_ids, strict=True)):
            # A sequence that has ended is carried along; it must not run out of positions.
            if cursor.length < self._owner.context_length:
                self._rows[row] = cursor.feed([token_id])
        return torch.cat(self._rows)


BatchCursor = PaddedCursor | SeparateCursors


def choose_continuing(owner: Owner, switches: tuple[int, ...]) -> Continuing:
    """Find the fastest way to continue that reproduces whole passes on a probe."""
    whole = Continuing(cached=False, chunks=True, switches=switches)
    if owner.forward.cache_name is None:
        return whole
    ids = probe_ids(owner.forward.model, sum(_PROBE_CALLS))[0].tolist()
    expected = SequenceCursor(owner, whole).feed(ids, keep=len(ids))
    # Recurrent models keep only part of their state between calls of several tokens. What is lost
    # can be too small to see on a probe.
    recurrent = bool(getattr(owner.forward.model, "_is_stateful", False))
    for chunks in (False,) if recurrent else (True, False):
        continuing = Continuing(cached=True, chunks=chunks, switches=switches)
        if _reproduces(owner, partial(_fed, owner, continuing, ids), expected, _PROBE_CALLS):
            return continuing
    return whole


def padding_is_harmless(owner: Owner) -> bool:
    """Whether sequences of different length give the same logits side by side as alone."""
    ids = probe_ids(owner.forward.model, sum(_PROBE_CALLS))[0].tolist()
    prompts, added = (ids[:3], ids[3:10]), (ids[10], ids[2])
    whole = Continuing(cached=False, chunks=True)

    def side_by_side() -> torch.Tensor:
        cursor = PaddedCursor(owner, prompts)
        return torch.cat([cursor.first(), cursor.feed(added)])

    alone = [SequenceCursor(owner, whole).feed(prompt) for prompt in prompts]
    alone += [
        SequenceCursor(owner, whole).feed([*prompt, token_id])
        for prompt, token_id in zip(prompts, added, strict=True)
    ]
    return _reproduces(owner, side_by_side, torch.cat(alone), (1, 1, 1, 1))


def _fed(owner: Owner, continuing: Continuing, ids: Sequence[int]) -> torch.Tensor:
    cursor, rows, start = SequenceCursor(owner, continuing), [], 0
    for count in _PROBE_CALLS:
        rows.append(cursor.feed(ids[start : start + count], keep=count))
        start += count
    return torch.cat(rows)


def _reproduces(
    owner: Owner, run: Callable[[], torch.Tensor], expected: torch.Tensor, calls: Sequence[int]
) -> bool:
    # A model may fail on a way of calling it in any way; a slower one then applies.
    try:
        found = run()
    except Exception:  # noqa: BLE001
        return False
    distance = (found - expected).abs().amax(1) / expected.abs().max().clamp(min=1e-6)
    worst = max(float(rows.median()) for rows in distance.split(list(calls)))
    return worst <= _TOLERANCE.get(owner.forward.dtype, _TOLERANCE_HALF)
