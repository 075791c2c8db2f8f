"""Read a retrained model: log-probabilities of given answers, and its own greedy answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from itlim.errors import ShapeError
from itlim.models.pair import LoadedPair
from itlim.records import Prompt
from itlim.shift.greedy import generate_batch

if TYPE_CHECKING:
    import torch

_ROWS = 32
"""Sequences per forward pass; fixed, because other batch shapes can round differently."""
_CLEAR_MARGIN = 1e-3
"""Logits that differ by more keep their order under any order of summation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A prompt and the full model's greedy answer to it."""

    prompt: Prompt
    response_ids: tuple[int, ...]
    """Ends with the end-of-sequence id unless the answer was cut off at the token limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Log-probabilities and answers of one model for all probes."""

    logps: tuple[np.ndarray, ...]
    """Per probe: (T,) float32, teacher-forced log-probability of each response id, in nats."""
    answers: tuple[str | None, ...]
    """Per probe: the model's own greedy answer; None if it equals the probe's response."""

    def __post_init__(self) -> None:
        if len(self.logps) != len(self.answers):
            raise ShapeError(
                f"{len(self.logps)} log-probabilities and {len(self.answers)} answers: expected "
                "one of each per probe."
            )


def full_answers(
    loaded: LoadedPair, prompts: Sequence[Prompt], max_new_tokens: int
) -> tuple[Probe, ...]:
    """The greedy answers of the full model, as probes for the retrained models."""
    return tuple(
        Probe(prompt=one.prompt, response_ids=one.token_ids)
        for one in generate_batch(loaded, prompts, max_new_tokens)
    )


def read_model(loaded: LoadedPair, probes: Sequence[Probe], max_new_tokens: int) -> Reading:
    """Score the response of every probe and find the answers that change.

    If the emitted id leads by a clear margin at every token of the response, greedy decoding
    gives the same ids, so an answer is generated only for the other probes.
    """
    import torch

    order = sorted(range(len(probes)), key=lambda place: _length(probes[place]))
    logps: dict[int, np.ndarray] = {}
    doubtful: list[int] = []
    with loaded.tuned_model() as model, torch.inference_mode():
        for start in range(0, len(order), _ROWS):
            places = order[start : start + _ROWS]
            rows = _response_logits(model.model, [probes[place] for place in places])
            for place, logits in zip(places, rows, strict=True):
                ids = torch.tensor(probes[place].response_ids)
                logps[place] = response_logps(logits, ids).numpy()
                if not _clearly_greedy(logits, ids):
                    doubtful.append(place)
    answers: list[str | None] = [None] * len(probes)
    generated = generate_batch(loaded, [probes[place].prompt for place in doubtful], max_new_tokens)
    for place, answer in zip(doubtful, generated, strict=True):
        if answer.token_ids != probes[place].response_ids:
            answers[place] = loaded.token_texts(answer.token_ids).response
    return Reading(
        logps=tuple(logps[place] for place in range(len(probes))), answers=tuple(answers)
    )


def response_logps(logits: "torch.Tensor", ids: "torch.Tensor") -> "torch.Tensor":
    """Log-probabilities of the ids, in nats.

    Args:
        logits: (T, V) float; row t predicts id t.
        ids: (T,) int64.

    Returns:
        (T,) float32.
    """
    return logits.float().log_softmax(-1).gather(1, ids.unsqueeze(1)).squeeze(1)


def _length(probe: Probe) -> int:
    return len(probe.prompt.token_ids) + len(probe.response_ids)


def _response_logits(model: "torch.nn.Module", probes: Sequence[Probe]) -> "list[torch.Tensor]":
    """(T, V) logits per probe; padding is on the right, where causal attention ignores it."""
    import torch

    ids = torch.zeros((len(probes), max(map(_length, probes))), dtype=torch.long)
    for row, probe in enumerate(probes):
        ids[row, : _length(probe)] = torch.tensor(probe.prompt.token_ids + probe.response_ids)
    logits = model(input_ids=ids, use_cache=False).logits
    return [
        logits[row, len(probe.prompt.token_ids) - 1 : _length(probe) - 1]
        for row, probe in enumerate(probes)
    ]


def _clearly_greedy(logits: "torch.Tensor", ids: "torch.Tensor") -> bool:
    best = logits.topk(2, dim=-1)
    leads = best.indices[:, 0] == ids
    clear = best.values[:, 0] - best.values[:, 1] > _CLEAR_MARGIN
    return bool((leads & clear).all())
