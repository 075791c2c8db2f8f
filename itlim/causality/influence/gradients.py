"""Gradients of what a tuned model says: of one phrase, or of one training instance's response.

The loss is the summed negative log-probability (nats) of the scored tokens, teacher-forced
after everything before them: in tuning each token of a batch counts alike, so an instance
pushes the weights by the sum over its tokens, not by their mean.
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
from itlim.training.encoding import IGNORED, EncodedInstance
from itlim.training.tune import response_loss

if TYPE_CHECKING:
    from itlim.models.language_model import CausalModel
    from itlim.models.pair import LoadedPair

SKETCH_SIZE = 65_536
"""Numbers of a projected gradient: a cosine is then off by some 1 / 256 (one standard error)."""
_SKETCH_SEED = 20240205
_CHUNK = 1 << 20
"""Weights projected at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A sequence of ids, and which of its tokens are scored."""

    input_ids: tuple[int, ...]
    places: tuple[int, ...]
    """Ascending 0-based places in `input_ids`, none the first: nothing foretells that."""

    def __post_init__(self) -> None:
        if not self.places or self.places[0] < 1 or self.places[-1] >= len(self.input_ids):
            raise InputError(
                f"Tokens {list(self.places)} of a sequence of {len(self.input_ids)} were to be "
                "scored: expected at least one, none of them the first, none beyond the end."
            )


def instance_target(instance: EncodedInstance) -> Target:
    """An instance as tuning sees it: its response's tokens, the end of sequence included."""
    ids = instance.prompt_ids + instance.response_ids
    return Target(input_ids=ids, places=tuple(range(len(instance.prompt_ids), len(ids))))


def span_target(
    loaded: "LoadedPair",
    prompt_ids: Sequence[int],
    response_ids: Sequence[int],
    start: int,
    stop: int,
) -> Target:
    """The tokens of a response that have a character inside a span.

    Args:
        loaded: decodes the ids.
        prompt_ids: what the models were given.
        response_ids: exact ids of the response; what follows the span is cut off.
        start: first code point of the span.
        stop: one past its last.

    Raises:
        InputError: the span lies outside the response, or no token lies in it.
        ContextLengthError, VocabularyError: see `LoadedPair.check`.
    """
    from itlim.models.protocol import ScoredSequence

    texts = loaded.token_texts(response_ids)
    if not 0 <= start < stop <= len(texts.response):
        raise InputError(
            f"Span {start}:{stop} lies outside the response of {len(texts.response)} characters, "
            "or is empty."
        )
    places = span_tokens(texts, start, stop)
    if not places:
        raise InputError(f"No token of the response has a character in {start}:{stop}.")
    prompt, response = tuple(prompt_ids), tuple(response_ids[: places[-1] + 1])
    loaded.check(ScoredSequence(prompt_ids=prompt, response_ids=response))
    return Target(
        input_ids=prompt + response, places=tuple(len(prompt) + place for place in places)
    )


class GradientReader:
    """Gradients of a model's loss over chosen weights, one sequence at a time.

    Nothing of the model changes: which weights want gradients is put back each time,
    inside the model's own lock, so that others can use it between two sequences.

    Args:
        model: in evaluation mode, as loaded pairs are.
        parameters: from `tuned_parameters`.
    """

    def __init__(self, model: "CausalModel", parameters: TunedParameters) -> None:
        self._model = model
        self._weights = parameters.weights
        self._is_projected = parameters.choice is ParameterChoice.PROJECTION
        self.size = SKETCH_SIZE if self._is_projected else parameters.count

    def gradient(self, target: Target) -> torch.Tensor:
        """Gradient of the target's loss: (size,) float32 on the CPU, nats a unit of weight.

        Raises:
            NonFiniteError: the loss or a part of the gradient is no number.
        """
        with ExitStack() as stack:
            stack.enter_context(self._model.guard())
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            found = self._summed(target, stack)
        if not bool(torch.isfinite(found).all()):
            raise NonFiniteError(
                "The gradient holds numbers that are not finite: load the model in float32 "
                "(dtype), or choose other parameters."
            )
        return found.float()

    def _summed(self, target: Target, stack: ExitStack) -> torch.Tensor:
        ids = torch.tensor([target.input_ids])
        labels = torch.full_like(ids, IGNORED)
        labels[0, list(target.places)] = ids[0, list(target.places)]
        # A place of a projection is a sum of many small numbers; other places are copies.
        dtype = torch.float64 if self._is_projected else torch.float32
        found = torch.zeros(self.size, dtype=dtype)
        self._listen(stack, found)
        response_loss(self._model.model, ids, labels).backward()
        return found

    def _listen(self, stack: ExitStack, found: torch.Tensor) -> None:
        """For the length of the stack, the chosen weights alone want gradients, into `found`.

        Each weight's gradient is taken over and freed as soon as it is complete, so that
        a model's gradients never lie in memory together with their projection.
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


def add_sketch(total: torch.Tensor, values: torch.Tensor, number: int) -> None:
    """Add one weight tensor's gradient to a projected one.

    Each value is added to one of the places, or subtracted, drawn by the tensor's number: a
    count sketch (Charikar et al. 2002; Weinberger et al. 2009, feature hashing). Inner
    products keep their value on average, at the cost of one addition a value.

    Args:
        total: (SKETCH_SIZE,) float64; changed in place.
        values: (n,) float32.
        number: of the tensor in the model; draws the places and signs.
    """
    generator = torch.Generator().manual_seed(_SKETCH_SEED + number)
    for start in range(0, len(values), _CHUNK):
        part = values[start : start + _CHUNK].double()
        drawn = torch.randint(0, 2 * len(total), (len(part),), generator=generator)
        total.index_add_(0, drawn >> 1, torch.where(drawn & 1 == 0, part, -part))
