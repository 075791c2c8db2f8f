"""Load a PEFT adapter on top of a base model, and reject one that does not fit it."""

import warnings
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import torch

from itlim.errors import ModelLoadError
from itlim.models.adapter_settings import AdapterSettings, read_adapter_settings
from itlim.models.load_errors import load_errors
from itlim.models.model_files import check_adapter_folder
from itlim.models.quiet import quiet_transformers
from itlim.models.sources import location, warn_about_pickle
from itlim.records import ModelSource
from itlim.text.messages import plural

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
    settings = read_adapter_settings(source)
    stored = _stored(source)
    changed = _changed_layers(stored, model)
    with _naming_bases(model, settings):
        tuned = _wrapped(model, source)
        _reject_misfit(source, stored, tuned, changed)
    return Adapted(model=tuned.eval(), notices=settings.notices + _other_base(model, settings))


def check_adapter(empty: Any, source: ModelSource) -> tuple[str, ...]:
    """Check an adapter against a base without weights (on torch's meta device).

    A few methods compute on the base's weights when they are set up; they are checked only when
    they are loaded.

    Returns:
        Notices about the adapter's settings.

    Raises:
        ModelLoadError: see `load_adapter`.
    """
    check_adapter_folder(source)
    settings = read_adapter_settings(source)
    stored = _stored(source)
    changed = _changed_layers(stored, empty)
    with _naming_bases(empty, settings), suppress(NotImplementedError):
        tuned = _wrapped(empty, source, low_cpu_mem_usage=True, torch_device="cpu")
        _reject_misfit(source, stored, tuned, changed)
    return settings.notices + _other_base(empty, settings)


def _stored(source: ModelSource) -> dict[str, torch.Tensor]:
    # Imported here because PEFT is slow to import and only adapter pairs need it.
    from peft import load_peft_weights

    with load_errors(source, "adapter"):
        return load_peft_weights(location(source), device="cpu", revision=source.revision)


def _wrapped(model: Any, source: ModelSource, **options: Any) -> Any:
    """The model with the adapter's layers; tensors of another shape are left out."""
    from peft import PeftConfig, PeftModel

    with (
        load_errors(source, "adapter", passed_on=(NotImplementedError,)),
        quiet_transformers(),
        # PEFT only warns about weights that do not fit; `_reject_misfit` raises instead.
        warnings.catch_warnings(action="ignore"),
    ):
        config = PeftConfig.from_pretrained(location(source), revision=source.revision)
        if options and hasattr(config, "init_lora_weights"):
            # Initializations such as PiSSA need the base's weights.
            config.init_lora_weights = True
        return PeftModel.from_pretrained(
            model,
            location(source),
            config=config,
            is_trainable=False,
            revision=source.revision,
            ignore_mismatched_sizes=True,
            **options,
        )


@contextmanager
def _naming_bases(model: Any, settings: AdapterSettings) -> Iterator[None]:
    try:
        yield
    except ModelLoadError as error:
        named = f" Its configuration names {settings.base!r} as the base." if settings.base else ""
        raise ModelLoadError(f"{error} Is it an adapter of {model.name_or_path}?{named}") from error


def _other_base(model: Any, settings: AdapterSettings) -> tuple[str, ...]:
    if not settings.base or PurePath(settings.base).name == PurePath(model.name_or_path).name:
        return ()
    return (
        f"The adapter {settings.path} names {settings.base} as its base, but is used with "
        f"{model.name_or_path}.",
    )


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
        elif not layer.is_meta and not torch.equal(layer.to(value.dtype).cpu(), value.cpu()):
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
