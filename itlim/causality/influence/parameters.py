"""Which weights an influence is measured over: what tuning moved, or a part of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from torch import nn

from itlim.errors import InputError, ModelLoadError

MOST_FOR_ALL = 5_000_000
"""Weights up to which `auto` takes all of them: a gradient of 20 MB, some 0.05 s on a CPU core."""


class ParameterChoice(StrEnum):
    """Over which weights gradients are compared."""

    AUTO = "auto"
    """The adapter's; all of a small model; the last layer of a larger one."""
    ALL = "all"
    """All that tuning moved: every weight of a full model, the adapter's matrices else."""
    LAST_LAYER = "last-layer"
    """Last block, final norm, and the head where it has weights of its own."""
    ADAPTER = "adapter"
    """The adapter's matrices."""
    PROJECTION = "projection"
    """All that tuning moved, as a random projection: little memory however large the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedParameters:
    """The weights that were chosen."""

    choice: ParameterChoice
    """Never `auto`: what that came to."""
    weights: tuple[nn.Parameter, ...]
    """In the model's order, none twice."""

    @property
    def count(self) -> int:
        """How many numbers they hold."""
        return sum(weight.numel() for weight in self.weights)


def tuned_parameters(model: nn.Module, choice: ParameterChoice) -> TunedParameters:
    """Choose weights of a tuned model; an adapter's base counts as not tuned.

    Args:
        model: a transformers causal language model, with or without adapter layers inside.
        choice: what is wanted.

    Raises:
        InputError: an adapter's weights are asked for and there is none.
        ModelLoadError: the model's blocks are not found, or its weights are no floats.
    """
    adapter = list(_adapter_weights(model))
    chosen = _resolved(model, adapter, choice)
    if chosen is ParameterChoice.ADAPTER and not adapter:
        raise InputError(
            "The adapter's weights were asked for, and this tuned model is a full one: choose "
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
            f"No weights to take gradients of ({chosen}): an adapter that leaves the last block "
            "alone, or a quantised model. Choose other parameters."
        )
    return TunedParameters(choice=chosen, weights=weights)


def _resolved(
    model: nn.Module, adapter: list[nn.Parameter], choice: ParameterChoice
) -> ParameterChoice:
    if choice is not ParameterChoice.AUTO:
        return choice
    if adapter:
        return ParameterChoice.ADAPTER
    count = sum(weight.numel() for weight in model.parameters())
    return ParameterChoice.ALL if count <= MOST_FOR_ALL else ParameterChoice.LAST_LAYER


def _adapter_weights(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        # PEFT's layers name what of theirs is the adapter's; no other module has this name.
        for name in getattr(module, "adapter_layer_names", ()):
            yield from getattr(module, name).parameters()


def _last_layer(model: Any) -> Iterator[nn.Parameter]:
    """Weights of the last block and of all that follows it."""
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
                # A head that shares the embeddings' weight may have a bias of its own.
                own = () if head is None else head.parameters()
                yield from (one for one in own if one is not embeddings.weight)
                return
    raise ModelLoadError(
        f"The {depth} blocks of this {type(model).__name__} were not found: choose all or "
        "projection instead of last-layer."
    )
