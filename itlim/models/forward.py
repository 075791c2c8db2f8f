"""One causal language model's forward pass, whatever arguments its class accepts."""

import inspect
from typing import Any

import torch

from itlim.errors import ModelLoadError, NonFiniteError
from itlim.text.messages import plural

_PROBE_TOKENS = 16
# Names under which model classes accept and return what a later call continues from.
_CACHE_NAMES = ("past_key_values", "cache_params", "state")
# Largest accepted change of a logit when only later tokens change, relative to the largest logit.
# Experts see batches of another size then, so the change is not 0 in half precision.
_LATER_TOKENS = {torch.float32: 1e-4, torch.float64: 1e-4}
_LATER_TOKENS_HALF = 3e-2


class Forward:
    """Calls a model with the arguments that its forward pass accepts.

    Args:
        model: a transformers causal language model, or one with adapter layers.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        parameters = inspect.signature(model.forward).parameters
        named = {
            name
            for name, parameter in parameters.items()
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        }
        # A wrapper may declare no names and pass everything on.
        self._accepted = named or None
        self.cache_name = next((name for name in _CACHE_NAMES if self.accepts(name)), None)
        self.dtype: torch.dtype = model.get_input_embeddings().weight.dtype

    def accepts(self, name: str) -> bool:
        """Whether the forward pass has an argument of that name."""
        return self._accepted is None or name in self._accepted

    def logits(self, ids: torch.Tensor, keep: torch.Tensor | int | None = None) -> torch.Tensor:
        """Logits of whole sequences, without a cache.

        Args:
            ids: (B, L) int64.
            keep: positions, or the number of last positions, to return; None returns all.

        Returns:
            (B, kept, V) in the model's dtype.
        """
        return self.run(ids, keep, use_cache=False).logits

    def run(self, ids: torch.Tensor, keep: torch.Tensor | int | None = None, **options: Any) -> Any:
        """Call the model; options that it does not accept are left out.

        Returns:
            The model's output, its logits cut to the positions in `keep`.
        """
        given = {name: value for name, value in options.items() if self.accepts(name)}
        if keep is not None and self.accepts("logits_to_keep"):
            given["logits_to_keep"] = keep
        output = self.model(input_ids=ids, **given)
        if keep is not None and output.logits.shape[1] == ids.shape[1]:
            rows = slice(-keep, None) if isinstance(keep, int) else keep
            output.logits = output.logits[:, rows]
        return output


def probe_ids(model: Any, length: int = _PROBE_TOKENS) -> torch.Tensor:
    """Ids spread over the whole embedding: (1, length) int64."""
    embedding = model.get_input_embeddings().weight
    ids = torch.linspace(0, embedding.shape[0] - 1, length, device=embedding.device)
    return ids.long().unsqueeze(0)


@torch.inference_mode()
def check_causal(model: Any, name: str) -> None:
    """Check that a model gives numbers, and that they do not depend on later tokens.

    Args:
        model: the model to run.
        name: what to call it in an error.

    Raises:
        NonFiniteError: the logits contain NaN; the message says whether the weights do.
        ModelLoadError: a token's logits change when only later tokens change.
    """
    forward = Forward(model)
    ids = probe_ids(model)
    logits = forward.logits(ids)[0].float()
    require_numbers(model, name, logits)
    changed = ids.clone()
    half = ids.shape[1] // 2
    changed[0, half:] = ids[0, :half].flip(0)
    again = forward.logits(changed)[0].float()
    # The median, because rounding can send single tokens to another expert.
    distance = (again - logits)[:half].abs().amax(1).median() / logits.abs().max().clamp(min=1e-6)
    if distance > _LATER_TOKENS.get(forward.dtype, _LATER_TOKENS_HALF):
        raise ModelLoadError(
            f"{name} is not causal: the logits of a token change with the tokens after it, so "
            "its answers cannot be scored. Give a decoder that was trained to continue a text."
        )


def require_numbers(model: Any, name: str, logits: torch.Tensor) -> None:
    """Check that logits contain no NaN.

    Raises:
        NonFiniteError: they do; the message says whether the weights do.
    """
    if bool(torch.isnan(logits).any()):
        raise NonFiniteError(why_not_finite(model, name))


@torch.inference_mode()
def same_outputs(outer: Any, inner: Any) -> bool:
    """Whether a PEFT model gives bitwise the logits of the base module inside it."""
    ids = probe_ids(inner)
    # Some recurrent models keep their state inside the module if they may cache.
    options = {"use_cache": False} if Forward(inner).accepts("use_cache") else {}
    # Methods with extra required inputs, such as Poly's task ids, fail.
    try:
        expected = outer(input_ids=ids, **options).logits
    except (ValueError, TypeError, RuntimeError, KeyError, AttributeError):
        return False
    return torch.equal(expected, inner(input_ids=ids, **options).logits)


def why_not_finite(model: Any, name: str) -> str:
    """Say why a model gives NaN or infinity: by its weights, or by its dtype."""
    floats = [
        (one, weight) for one, weight in model.named_parameters() if weight.is_floating_point()
    ]
    damaged = [one for one, weight in floats if bool(torch.isnan(weight).any())]
    infinite = [one for one, weight in floats if bool(torch.isinf(weight).any())]
    dtype = str(model.get_input_embeddings().weight.dtype).removeprefix("torch.")
    if infinite and not damaged and dtype == "float16":
        return (
            f"{name} contains weights that are too large for float16, such as {infinite[0]}: "
            "choose dtype bfloat16 or float32."
        )
    if damaged or infinite:
        found = sorted({*damaged, *infinite})
        return (
            f"{name} contains NaN or infinity in {plural(len(found), 'weight tensor')}, such as "
            f"{found[0]}: its files are damaged, or its training diverged. Copy the files again "
            "or choose another checkpoint."
        )
    if dtype == "float32":
        return (
            f"{name} gives NaN or infinity in float32 although its weights are finite, so it "
            "cannot be scored. Choose another checkpoint."
        )
    return (
        f"{name} gives NaN or infinity in {dtype}, although its weights are finite: choose dtype "
        "float32."
    )
