"""Load a PEFT adapter on top of a base model, and reject one that does not fit it."""

import warnings
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import torch

from itlim.errors import ModelLoadError
from itlim.models.adapter_settings import read_adapter_settings
from itlim.models.load_errors import load_errors
from itlim.models.model_files import check_adapter_folder
from itlim.models.quiet import quiet_transformers
from itlim.models.sources import location, warn_about_pickle
from itlim.records import ModelSource
from itlim.text.plural import plural

_PREFIX = "base_model.model."


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """A base model with an adapter."""

    model: Any
    """The `PeftModel`, in evaluation mode."""
    notices: tuple[str, ...]
    """Sentences for the user about the adapter's settings."""


def load_adapter(model: Any, source: ModelSource) -> Adapted:
    """Load a PEFT adapter on top of a base model, sharing its weights.

    Some methods change the base's own weights; see `adapter_switch.base_only`.

    Raises:
        ModelLoadError: the source is not an adapter, belongs to another base, adds virtual
            tokens, or cannot be reproduced from its files.
    """
    check_adapter_folder(source)
    warn_about_pickle(source)
    # Imported here because PEFT is slow to import and only adapter pairs need it.
    from peft import PeftModel, load_peft_weights

    settings = read_adapter_settings(source)
    named_base = settings.base
    with load_errors(source, "adapter"):
        stored = load_peft_weights(location(source), device="cpu", revision=source.revision)
    changed = _changed_layers(stored, model)
    try:
        # PEFT only warns about weights that do not fit; `_reject_misfit` raises instead.
        with (
            load_errors(source, "adapter"),
            quiet_transformers(),
            warnings.catch_warnings(action="ignore"),
        ):
            tuned = PeftModel.from_pretrained(
                model,
                location(source),
                is_trainable=False,
                revision=source.revision,
                ignore_mismatched_sizes=True,
            )
        _reject_misfit(source, stored, tuned, changed)
    except ModelLoadError as error:
        raise ModelLoadError(
            f"{error} Is it an adapter of {model.name_or_path}? Its configuration names "
            f"{named_base!r} as the base."
        ) from error
    notices = settings.notices
    if named_base and PurePath(named_base).name != PurePath(model.name_or_path).name:
        notices += (
            f"The adapter {source.path} names {named_base} as its base, but is used with "
            f"{model.name_or_path}.",
        )
    return Adapted(model=tuned.eval(), notices=notices)


def _changed_layers(stored: Mapping[str, torch.Tensor], model: Any) -> dict[str, str]:
    """How the layers of the base that an adapter's file contains differ from the base's own.

    PEFT stores embeddings with an adapter that targets them; unchanged ones do no harm.
    """
    own = model.state_dict()
    changed = {}
    for name, value in stored.items():
        layer = own.get(name.removeprefix(_PREFIX).replace(".base_layer.", "."))
        if layer is None:
            continue
        if layer.shape != value.shape:
            changed[name] = (
                f"{_shape(value)} in the adapter and {_shape(layer)} in {model.name_or_path}. It "
                "was trained on a base with resized layers"
            )
        elif not torch.equal(layer.to(value.dtype).cpu(), value.cpu()):
            changed[name] = "with other values than the base's. Loading it would overwrite the base"
    return changed


def _reject_misfit(
    source: ModelSource, stored: Mapping[str, torch.Tensor], tuned: Any, changed: Mapping[str, str]
) -> None:
    """Compare the adapter's tensors with those that the base model expects."""
    from peft import get_peft_model_state_dict

    with load_errors(source, "adapter"):
        expected = get_peft_model_state_dict(tuned, save_embedding_layers=False)
    faults = [
        _mismatch(stored, expected),
        _overwriting(stored.keys() - expected.keys(), changed),
        _surplus(stored.keys() - expected.keys(), tuned),
        _lack(expected.keys() - stored.keys()),
    ]
    fault = next((one for one in faults if one), "")
    if fault:
        raise ModelLoadError(f"The adapter {source.path} {fault}")


def _mismatch(stored: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> str:
    names = sorted(
        name
        for name in expected.keys() & stored.keys()
        if expected[name].shape != stored[name].shape
    )
    if not names:
        return ""
    return (
        f"has {plural(len(names), 'tensor')} of another shape than its configuration and the base "
        f"require, such as {names[0]}: {_shape(stored[names[0]])} is stored, "
        f"{_shape(expected[names[0]])} is expected."
    )


def _overwriting(extra: Set[str], changed: Mapping[str, str]) -> str:
    names = sorted(extra & changed.keys())
    if not names:
        return ""
    return (
        f"contains {plural(len(names), 'whole layer')}, such as {names[0]}, "
        f"{changed[names[0]]}: merge it into its base and load the result as the tuned model."
    )


def _surplus(extra: Set[str], tuned: Any) -> str:
    own = tuned.base_model.model.state_dict()
    names = sorted(name for name in extra if name.removeprefix(_PREFIX) not in own)
    if not names:
        return ""
    return (
        f"contains {plural(len(names), 'tensor')} that the base has no place for, such as "
        f"{names[0]}."
    )


def _lack(lacking: Set[str]) -> str:
    if not lacking:
        return ""
    return f"lacks {plural(len(lacking), 'tensor')} for this base, such as {min(lacking)}."


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)
