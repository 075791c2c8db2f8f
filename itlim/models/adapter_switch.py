"""Switch a PEFT adapter off and on in microseconds.

PEFT's own `disable_adapter` walks and checks the whole model each time, which takes as
long as a small model's forward pass. Live coloring switches once per token.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch

_FLAG = "_disable_adapters"
_PROBE_TOKENS = 4


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
def base_only(adapted: Any) -> Callable[[], AbstractContextManager[Any]]:
    """A context manager inside which a PEFT model computes the outputs of its base.

    Returns the fast switch if a probe gives bitwise the same logits as PEFT's own
    `disable_adapter`, and the latter otherwise.
    """
    inner = adapted.get_base_model()
    embedding = inner.get_input_embeddings().weight
    ids = torch.linspace(0, embedding.shape[0] - 1, _PROBE_TOKENS, device=embedding.device)
    ids = ids.long().unsqueeze(0)
    switch = AdapterSwitch(adapted)
    with adapted.disable_adapter():
        expected = inner(input_ids=ids, use_cache=False).logits
    with switch.off():
        found = inner(input_ids=ids, use_cache=False).logits
    return switch.off if torch.equal(found, expected) else adapted.disable_adapter
