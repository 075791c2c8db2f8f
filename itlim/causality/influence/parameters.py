"""Choose the weights over which influence is measured: all tuned weights or a part of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from torch import nn

from itlim.errors import InputError, ModelLoadError

MAX_FOR_ALL = 5_000_000
"""Most weights for which `auto` selects all: a gradient of 20 MB, about 0.05 s on a CPU core."""


class ParameterChoice(StrEnum):
    """The weights over which gradients are compared."""

    AUTO = "auto"
    """The adapter if there is one, else all of a small model or the last layer of a large one."""
    ALL = "all"
    """All tuned weights: the adapter's matrices, or every weight of a full model."""
    LAST_LAYER = "last-layer"
    """Last block, final norm, and the head if its weights are not tied."""
    ADAPTER = "adapter"
    """The adapter's matrices."""
    PROJECTION = "projection"
    """All tuned weights as a random projection; memory does not depend on the model's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedParameters:
    """The chosen weights."""

    choice: ParameterChoice
    """The resolved choice, never `auto`."""
    weights: tuple[nn.Parameter, ...]
    """In model order, without duplicates."""

    @property
    def count(self) -> int:
        """Total number of weights."""
        return sum(weight.numel() for weight in self.weights)


def tuned_parameters(
    model: nn.Module, choice: ParameterChoice, *, max_for_all: int = MAX_FOR_ALL
) -> TunedParameters:
    """Choose weights of a tuned model; the base of an adapter counts as not tuned.

    Args:
        model: a transformers causal language model, with or without adapter layers.
        choice: the requested weights.
        max_for_all: number of weights up to which `auto` chooses all.

    Raises:
        InputError: the adapter is requested but the model has none.
        ModelLoadError: the model's blocks are not found, or its weights are not floats.
    """
    adapter = list(_adapter_weights(model))
    chosen = _resolved(model, adapter, choice, max_for_all)
    if chosen is ParameterChoice.ADAPTER and not adapter:
        raise InputError(
            "The adapter's weights were requested, but this tuned model is a full one: choose "
            "auto, all, last-layer or projection."
        )
    known = {id(weight) for weight in adapter}
    pool = [one for one in model.parameters() if not adapter or id(one) in known]
    if chosen is ParameterChoice.LAST_LAYER:
        last = {id(weight) for weight in _last_layer(model)}
        pool = [one for one in pool if id(one) in last]
    weights = tuple(one for one in pool if one.is_floating_point())
    if not weights:
        raise ModelLoadError(
            f"There are no weights for gradients ({chosen}): the adapter does not change the last "
            "block, or the model is quantized. Choose other parameters."
        )
    return TunedParameters(choice=chosen, weights=weights)


def _resolved(
    model: nn.Module, adapter: list[nn.Parameter], choice: ParameterChoice, max_for_all: int
) -> ParameterChoice:
    if choice is not ParameterChoice.AUTO:
        return choice
    if adapter:
        return ParameterChoice.ADAPTER
    count = sum(weight.numel() for weight in model.parameters())
    return ParameterChoice.ALL if count <= max_for_all else ParameterChoice.LAST_LAYER


def _adapter_weights(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        # Only PEFT layers have this attribute, which names the adapter's submodules.
        for name in getattr(module, "adapter_layer_names", ()):
            yield from getattr(module, name).parameters()


def _last_layer(model: Any) -> Iterator[nn.Parameter]:
    """Weights of the last block and of everything after it."""
    depth = model.config.get_text_config().num_hidden_layers
    for parent in model.modules():
        children = list(parent.children())
        for place, child in enumerate(children):
            if isinstance(child, nn.ModuleList) and len(child) == depth:
                yield from child[-1].parameters()
                # Registered after the blocks: the final norm. Embeddings come before.
                for follower in children[place + 1 :]:
                    yield from follower.parameters()
                head, embeddings = model.get_output_embeddings(), model.get_input_embeddings()
                # A head that is tied to the embeddings may still have its own bias.
                own = () if head is None else head.parameters()
                yield from (one for one in own if one is not embeddings.weight)
                return
    raise ModelLoadError(
        f"The {depth} blocks of this {type(model).__name__} were not found: choose all or "
        "projection instead of last-layer."
    )
