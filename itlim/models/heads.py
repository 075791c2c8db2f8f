"""Compute logits from stored hidden states, exactly as the model itself would.

There are three methods, fastest first; a probe at load time selects the first that is exact:

- `LinearHead`: hidden states times the output embedding.
- `OwnHead`: the model's own forward pass with the backbone replaced by the stored
  states, for soft-capped or scaled logits (Gemma-2, Cohere, Granite).
- no head: the whole model runs again for each block of rows (streamed_logits.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from itlim.models.forward import Forward, probe_ids

# Largest accepted difference from model(...).logits, relative to the largest logit.
_TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 3e-3}
# The probe also runs on states scaled up until logits reach this size: a soft cap does not
# change small logits, and randomly initialized models have small ones.
_PROBE_LOGIT = 100.0
_PROBE_TOKENS = 12
# Columns of logits per matrix product and thread, so that their part of the embedding stays in
# the processor's cache. For 58 rows at hidden sizes 512 to 4096, tiled products take 1.04 to
# 1.13 times as long as the same work within one large product; untiled, 1.36 to 1.54 times.
_TILE_COLUMNS = 512


class Head(Protocol):
    """Maps hidden states to logits."""

    def logits(self, hidden: torch.Tensor, out: torch.Tensor) -> None:
        """Write the logits of (n, H) hidden states into `out`, (n, v) float32: the first v ids."""
        ...


class LinearHead:
    """Multiplies hidden states with the output embedding."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        self._weight = linear.weight.detach()
        self._bias = None if linear.bias is None else linear.bias.detach()

    def logits(self, hidden: torch.Tensor, out: torch.Tensor) -> None:
        count = out.shape[1]
        weight = self._weight[:count]
        bias = None if self._bias is None else self._bias[:count]
        if hidden.dtype == torch.float32 and hidden.device.type == "cpu":
            # In tiles, because with few rows BLAS repacks the whole embedding on each call.
            width = _TILE_COLUMNS * torch.get_num_threads()
            for start in range(0, count, width):
                tile = slice(start, min(count, start + width))
                torch.mm(hidden, weight[tile].T, out=out[:, tile])
            if bias is not None:
                out += bias
        else:
            # In the precision of the weights, as in the model's own forward pass.
            out.copy_(torch.nn.functional.linear(hidden, weight, bias))


class OwnHead:
    """Runs the model's own forward pass with its backbone replaced by stored hidden states."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def logits(self, hidden: torch.Tensor, out: torch.Tensor) -> None:
        ids = torch.zeros((1, hidden.shape[0]), dtype=torch.long, device=hidden.device)
        with _backbone_replaced(self._model, hidden.unsqueeze(0)):
            logits = self._model(input_ids=ids, use_cache=False).logits
        out.copy_(logits[0, :, : out.shape[1]])


class _StoredStates(torch.nn.Module):
    """A replacement for the backbone that returns stored hidden states."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self._hidden = hidden

    def forward(self, *_args: Any, **_options: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

        return BaseModelOutputWithPastAndCrossAttentions(last_hidden_state=self._hidden)


@contextmanager
def _backbone_replaced(model: Any, hidden: torch.Tensor) -> Iterator[None]:
    name = model.base_model_prefix
    backbone = model._modules[name]
    model._modules[name] = _StoredStates(hidden)
    try:
        yield
    finally:
        model._modules[name] = backbone


@torch.inference_mode()
def choose_head(model: Any) -> Head | None:
    """Find the fastest head that reproduces `model(...).logits`; None if only a full pass does."""
    ids = probe_ids(model, _PROBE_TOKENS)
    expected = Forward(model).logits(ids)[0].float()
    # Not every model has a backbone that can be called or replaced; the slow method then applies.
    try:
        hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
        own = OwnHead(model)
        replayed = _logits(own, hidden, expected)
    except Exception:  # noqa: BLE001
        return None
    tolerance = _TOLERANCE.get(hidden.dtype, 1e-5)
    if not _same(replayed, expected, tolerance):
        return None
    output = model.get_output_embeddings()
    if type(output) is torch.nn.Linear and hidden.shape[-1] == output.weight.shape[-1]:
        linear = LinearHead(output)
        enlarged = hidden * (_PROBE_LOGIT / expected.abs().max().clamp(min=1e-6)).to(hidden.dtype)
        if all(
            _same(_logits(linear, states, expected), _logits(own, states, expected), tolerance)
            for states in (hidden, enlarged)
        ):
            return linear
    return own


def _logits(head: Head, hidden: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(like)
    head.logits(hidden, out)
    return out


def _same(left: torch.Tensor, right: torch.Tensor, tolerance: float) -> bool:
    largest = right.abs().max().clamp(min=1e-6)
    return bool(((left - right).abs().max() / largest <= tolerance).item())
