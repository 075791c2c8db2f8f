"""Switch a PEFT adapter off and on in microseconds, if that restores the base exactly.

PEFT's own `disable_adapter` walks and checks the whole model each time, which takes as
long as a small model's forward pass. Live coloring switches once per token.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from itlim.models.forward import Forward, probe_ids, require_numbers

Switch = Callable[[], AbstractContextManager[Any]]

_FLAG = "_disable_adapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A base model's answers before an adapter was loaded."""

    ids: torch.Tensor
    """(1, L) int64."""
    logits: torch.Tensor
    """(1, L, V)."""
    embedding: torch.Tensor
    checksum: int
    """Of the embedding, most of whose rows the ids do not read."""


class AdapterSwitch:
    """Sets the flag that every adapter layer reads in its forward pass."""

    def __init__(self, adapted: Any) -> None:
        self._layers = [module for module in adapted.modules() if hasattr(module, _FLAG)]

    @contextmanager
    def off(self) -> Iterator[None]:
        """Disable the adapter layers for the duration of a `with` block."""
        self._set(disabled=True)
        try:
            yield
        finally:
            self._set(disabled=False)

    def _set(self, *, disabled: bool) -> None:
        for layer in self._layers:
            setattr(layer, _FLAG, disabled)


@torch.inference_mode()
def untouched(model: Any, name: str) -> Untouched:
    """Record a base model's answers before an adapter is loaded on top of it.

    Raises:
        NonFiniteError: the model gives NaN.
    """
    ids = probe_ids(model)
    embedding = model.get_input_embeddings().weight
    logits = Forward(model).logits(ids)
    require_numbers(model, name, logits)
    return Untouched(
        ids=ids,
        logits=logits,
        embedding=embedding,
        checksum=_checksum(embedding),
    )


@torch.inference_mode()
def base_only(adapted: Any, before: Untouched) -> Switch | None:
    """A context manager inside which a PEFT model computes the outputs of its base.

    Returns the fast switch if it gives bitwise the logits of the untouched base, else PEFT's own
    `disable_adapter` if that does, else None: biases that were tuned, a base of which an
    initialization such as PiSSA has subtracted a part, and replicated layers stay changed.
    """
    if _checksum(before.embedding) != before.checksum:
        return None
    inner = adapted.get_base_model()
    for switch in (AdapterSwitch(adapted).off, adapted.disable_adapter):
        with switch():
            found = Forward(inner).logits(before.ids)
        if torch.equal(found, before.logits):
            return switch
    return None


def _checksum(weight: torch.Tensor) -> int:
    """Sum of the weights' bits, which no rounding hides."""
    kinds = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
    bits = weight.detach().contiguous().view(kinds[weight.element_size()])
    return int(bits.sum(dtype=torch.int64))
