"""Gradients of a tuned model's loss on a phrase or on the response of a training instance.

The loss is the summed negative log-probability (nats) of the scored tokens under teacher forcing.
It is a sum rather than a mean because all tokens of a batch have equal weight in tuning.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from itlim.causality.cases import span_tokens
from itlim.causality.influence.parameters import ParameterChoice, TunedParameters
from itlim.errors import InputError, NonFiniteError
from itlim.text.messages import plural
from itlim.training.encoding import IGNORED, EncodedInstance
from itlim.training.gradient import response_loss

if TYPE_CHECKING:
    from itlim.models.language_model import CausalModel
    from itlim.models.pair import LoadedPair

SKETCH_SIZE = 65_536
"""Length of a projected gradient; a cosine then has a standard error of about 1 / 256."""
_SKETCH_SEED = 20240205
_CHUNK = 1 << 20
"""Weights projected at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A sequence of ids and the positions of its scored tokens."""

    input_ids: tuple[int, ...]
    places: tuple[int, ...]
    """0-based positions in `input_ids`, ascending; not 0, since the first token has no context."""

    def __post_init__(self) -> None:
        if not self.places or self.places[0] < 1 or self.places[-1] >= len(self.input_ids):
            raise InputError(
                f"Cannot score the positions {list(self.places)} of a sequence of "
                f"{plural(len(self.input_ids), 'token')}: expected at least one position, none of "
                "them the first, none after the end."
            )


def instance_target(instance: EncodedInstance) -> Target:
    """The response tokens of an instance, including the end-of-sequence token, as in tuning."""
    ids = instance.prompt_ids + instance.response_ids
    return Target(input_ids=ids, places=tuple(range(len(instance.prompt_ids), len(ids))))


def span_target(
    loaded: "LoadedPair",
    prompt_ids: Sequence[int],
    response_ids: Sequence[int],
    start: int,
    stop: int,
) -> Target:
    """The tokens of a response that overlap a span by at least one character.

    Args:
        loaded: pair that decodes the ids.
        prompt_ids: ids of the prompt.
        response_ids: exact ids of the response; tokens after the span are dropped.
        start: first code point of the span.
        stop: one past its last code point.

    Raises:
        InputError: the span is outside the response, or no token overlaps it.
        ContextLengthError, VocabularyError: see `LoadedPair.check`.
    """
    from itlim.models.protocol import ScoredSequence

    texts = loaded.token_texts(response_ids)
    if not 0 <= start < stop <= len(texts.response):
        raise InputError(
            f"Span {start}:{stop} is empty or outside the response of {len(texts.response)} "
            "characters: expected a range within it."
        )
    places = span_tokens(texts, start, stop)
    if not places:
        raise InputError(
            f"No token of the response overlaps the span {start}:{stop}: mark other words."
        )
    prompt, response = tuple(prompt_ids), tuple(response_ids[: places[-1] + 1])
    loaded.check(ScoredSequence(prompt_ids=prompt, response_ids=response))
    return Target(
        input_ids=prompt + response, places=tuple(len(prompt) + place for place in places)
    )


class GradientReader:
    """Computes gradients of a model's loss over chosen weights, one sequence at a time.

    The model is unchanged afterwards: `requires_grad` of every weight is restored after each
    sequence, under the model's lock, so other threads can use the model between sequences.

    Args:
        model: model in evaluation mode, as in loaded pairs.
        parameters: weights from `tuned_parameters`.
    """

    def __init__(self, model: "CausalModel", parameters: TunedParameters) -> None:
        self._model = model
        self._weights = parameters.weights
        self._is_projected = parameters.choice is ParameterChoice.PROJECTION
        self.size = SKETCH_SIZE if self._is_projected else parameters.count

    def gradient(self, target: Target) -> torch.Tensor:
        """Gradient of the target's loss: (size,) float32 on the CPU, in nats per unit of weight.

        Raises:
            NonFiniteError: the loss or a part of the gradient is not finite.
        """
        with ExitStack() as stack:
            stack.enter_context(self._model.guard())
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            found = self._summed(target, stack)
        if not bool(torch.isfinite(found).all()):
            raise NonFiniteError(
                "The gradient contains numbers that are not finite: load the model in float32 "
                "(dtype) or choose other parameters."
            )
        return found.float()

    def _summed(self, target: Target, stack: ExitStack) -> torch.Tensor:
        ids = torch.tensor([target.input_ids])
        labels = torch.full_like(ids, IGNORED)
        labels[0, list(target.places)] = ids[0, list(target.places)]
        # Entries of a projection are sums of many small numbers; without it they are copies.
        dtype = torch.float64 if self._is_projected else torch.float32
        found = torch.zeros(self.size, dtype=dtype)
        self._collect(stack, found)
        response_loss(self._model.model, ids, labels).backward()
        return found

    def _collect(self, stack: ExitStack, found: torch.Tensor) -> None:
        """Until the stack closes, collect the gradients of only the chosen weights in `found`.

        Each weight's gradient is copied and freed as soon as it is complete, so the full
        gradient and its projection are never in memory together.
        """
        chosen = {id(weight) for weight in self._weights}
        for weight in self._model.model.parameters():
            if weight.requires_grad != (id(weight) in chosen):
                stack.callback(weight.requires_grad_, weight.requires_grad)
                weight.requires_grad_(id(weight) in chosen)
        offset = 0
        for number, weight in enumerate(self._weights):
            take = partial(self._take, found=found, number=number, offset=offset)
            stack.callback(weight.register_post_accumulate_grad_hook(take).remove)
            offset += weight.numel()

    def _take(self, weight: torch.Tensor, *, found: torch.Tensor, number: int, offset: int) -> None:
        assert weight.grad is not None
        flat = weight.grad.detach().flatten().to("cpu", torch.float32)
        weight.grad = None
        if self._is_projected:
            add_sketch(found, flat, number)
        else:
            found[offset : offset + len(flat)] = flat


def add_sketch(
    total: torch.Tensor, values: torch.Tensor, number: int, *, chunk: int = _CHUNK
) -> None:
    """Add the gradient of one weight tensor to a projected gradient.

    The projection is a count sketch (Charikar et al. 2002; Weinberger et al. 2009, feature
    hashing): each value is added to, or subtracted from, one pseudorandom entry. Inner products
    are preserved in expectation, at the cost of one addition per value.

    Args:
        total: (SKETCH_SIZE,) float64; changed in place.
        values: (n,) float32.
        number: index of the tensor in the model; seeds entries and signs.
        chunk: number of values that are drawn at a time, which bounds the memory.
    """
    generator = torch.Generator().manual_seed(_SKETCH_SEED + number)
    for start in range(0, len(values), chunk):
        part = values[start : start + chunk].double()
        drawn = torch.randint(0, 2 * len(total), (len(part),), generator=generator)
        total.index_add_(0, drawn >> 1, torch.where(drawn & 1 == 0, part, -part))
