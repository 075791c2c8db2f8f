"""Read what a retrained model says: its probability of given answers, and its own answers."""

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
"""Sequences scored side by side; fixed, since other shapes may round differently."""
_CLEAR_MARGIN = 1e-3
"""Logits further apart than this keep their order however the sums were grouped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A prompt and the full model's greedy answer to it."""

    prompt: Prompt
    response_ids: tuple[int, ...]
    """With the end-of-sequence id, if the answer came to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one model says to all probes."""

    logps: tuple[np.ndarray, ...]
    """One a probe: (T,) float32, nats; log-probability of each response id, teacher-forced."""
    answers: tuple[str | None, ...]
    """One a probe: the model's own greedy answer; None where it is the probe's response."""

    def __post_init__(self) -> None:
        if len(self.logps) != len(self.answers):
            raise ShapeError(
                f"{len(self.logps)} log-probabilities and {len(self.answers)} answers: expected "
                "one of each a probe."
            )


def full_answers(
    loaded: LoadedPair, prompts: Sequence[Prompt], max_new_tokens: int
) -> tuple[Probe, ...]:
    """The model's greedy answers, as probes for the models retrained without something."""
    return tuple(
        Probe(prompt=one.prompt, response_ids=one.token_ids)
        for one in generate_batch(loaded, prompts, max_new_tokens)
    )


def read_model(loaded: LoadedPair, probes: Sequence[Probe], max_new_tokens: int) -> Reading:
    """Score every probe's response and find the answers that became others.

    An answer is generated only where the response is not clearly what the model
    would say itself: where at each of its tokens the emitted id leads by a margin, greedy
    decoding gives the same ids.
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
    """One (T, V) a probe; padded on the right, which a causal model never looks at."""
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
