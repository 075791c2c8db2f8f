"""Read an adapter's configuration, and reject what cannot be compared with its base exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.load_errors import load_errors
from itlim.models.model_files import ADAPTER_FILE, json_content
from itlim.models.sources import is_local, location
from itlim.records import ModelSource

# PEFT adds these to a configuration when it saves or loads it.
_RUNTIME_KEYS = frozenset({"auto_mapping", "peft_version", "runtime_config"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSettings:
    """What itlim needs to know of an adapter's configuration."""

    path: str
    base: str | None
    """The base that the configuration names."""
    notices: tuple[str, ...]


def read_adapter_settings(source: ModelSource) -> AdapterSettings:
    """Read the configuration of an adapter.

    Raises:
        ModelLoadError: it is not a PEFT configuration; or the adapter adds virtual tokens, is
            active only after certain tokens, or depends on random numbers that are not saved.
    """
    from peft import PeftConfig

    with load_errors(source, "adapter"):
        content = _content(source)
        _reject_unknown_method(source, content)
        config = PeftConfig.from_pretrained(location(source), revision=source.revision)
    kind = str(getattr(config.peft_type, "value", config.peft_type))
    if config.is_prompt_learning:
        raise ModelLoadError(
            f"The adapter {source.path} adds virtual tokens ({kind}), so base and "
            "tuned model would read different ids. Use a weight adapter such as LoRA."
        )
    if getattr(config, "alora_invocation_tokens", None):
        raise ModelLoadError(
            f"The adapter {source.path} is an activated LoRA: it is active only after its "
            f"invocation tokens {list(config.alora_invocation_tokens)}, which is not supported. "
            "Use a LoRA without alora_invocation_tokens."
        )
    random = [name for name, value in content.items() if "_niter_" in str(value)]
    if random:
        raise ModelLoadError(
            f"The adapter {source.path} was initialized with {random[0]} = "
            f"{content[random[0]]!r}, a random decomposition of the base that its files do not "
            "contain, so the tuned model cannot be reproduced. Save it again with PEFT's "
            "path_initial_model_for_weight_conversion, or merge it into its base."
        )
    return AdapterSettings(
        path=source.path,
        base=config.base_model_name_or_path,
        notices=_unknown_settings(source, content, config),
    )


def _reject_unknown_method(source: ModelSource, content: Mapping[str, Any]) -> None:
    from peft import PeftType

    method = content.get("peft_type")
    if method not in {str(one.value) for one in PeftType}:
        raise ModelLoadError(
            f"{ADAPTER_FILE} of {source.path} states the peft_type {method!r}, which this version "
            "of PEFT does not know: update PEFT, or save the adapter again."
        )


def _content(source: ModelSource) -> dict[str, Any]:
    if is_local(source):
        path = Path(location(source)) / ADAPTER_FILE
    else:
        from huggingface_hub import hf_hub_download

        path = Path(hf_hub_download(source.path, ADAPTER_FILE, revision=source.revision))
    content = json_content(path)
    if not isinstance(content, dict):
        raise ModelLoadError(
            f"{path} is a {type(content).__name__} instead of a JSON object: expected the "
            "configuration that PEFT's save_pretrained writes."
        )
    return content


def _unknown_settings(
    source: ModelSource, content: Mapping[str, Any], config: Any
) -> tuple[str, ...]:
    """PEFT ignores settings that it does not know, such as those of a newer version."""
    unknown = {
        name: value
        for name, value in content.items()
        if value and not hasattr(config, name) and name not in _RUNTIME_KEYS
    }
    if not unknown:
        return ()
    stated = ", ".join(f"{name} = {value!r}" for name, value in sorted(unknown.items()))
    return (
        f"PEFT does not know and ignores the settings {stated} of the adapter {source.path}. If "
        "a newer PEFT wrote it, its numbers may differ: update PEFT.",
    )
