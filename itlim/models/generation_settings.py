"""Read a model's generation_config.json: its end-of-sequence ids, and what itlim ignores.

transformers rejects a file with one invalid value. itlim always decodes greedily and uses only
the end-of-sequence ids, so any fault of the file ends in a notice, never in an error.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from itlim.models.file_faults import is_lfs_pointer
from itlim.models.quiet import quiet_transformers
from itlim.models.sources import is_local, location
from itlim.records import ModelSource
from itlim.text.messages import reason_of

_FILE = "generation_config.json"
# Settings that change greedy decoding, with the values that do not.
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "bad_words_ids": ([],),
    "begin_suppress_tokens": ([],),
    "constraints": ([],),
    "diversity_penalty": (0,),
    "dola_layers": (),
    "encoder_no_repeat_ngram_size": (0,),
    "encoder_repetition_penalty": (1,),
    "exponential_decay_length_penalty": (),
    "force_words_ids": ([],),
    "forced_bos_token_id": (),
    "forced_decoder_ids": ([],),
    "forced_eos_token_id": (),
    "guidance_scale": (1,),
    "max_time": (),
    "min_length": (0,),
    "min_new_tokens": (0,),
    "no_repeat_ngram_size": (0,),
    "num_beam_groups": (1,),
    "num_beams": (1,),
    "num_return_sequences": (1,),
    "penalty_alpha": (0,),
    "repetition_penalty": (1,),
    "sequence_bias": ({}, []),
    "stop_strings": ([], ""),
    "suppress_tokens": ([],),
    "token_healing": (False,),
    "watermarking_config": (),
}
# Settings that greedy decoding never uses, with their valid ranges.
_UNUSED: Mapping[str, tuple[float, float]] = {
    "temperature": (0, float("inf")),
    "top_k": (0, float("inf")),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "typical_p": (0, 1),
    "epsilon_cutoff": (0, 1),
    "eta_cutoff": (0, 1),
    "max_length": (1, float("inf")),
    "max_new_tokens": (1, float("inf")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSettings:
    """What itlim uses of a generation configuration."""

    eos_ids: frozenset[int] = frozenset()
    notices: tuple[str, ...] = ()
    """Sentences for the user about settings that are ignored."""


def read_generation_settings(source: ModelSource, id_count: int) -> GenerationSettings:
    """Read the generation configuration of a checkpoint; empty if it has none.

    Args:
        source: the checkpoint.
        id_count: number of the model's token ids; larger ids are invalid.
    """
    path = _path(source)
    if path is None:
        return GenerationSettings()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if is_lfs_pointer(path):
            return _ignored(source, "is a Git LFS pointer instead of the content.")
        return _ignored(source, f"cannot be read: {reason_of(error)}")
    if not isinstance(content, dict):
        return _ignored(source, "is not a JSON object.")
    stated = content.get("eos_token_id")
    eos_ids = frozenset(one for one in valid_token_ids(stated) if one < id_count)
    fault = _fault(content)
    if fault:
        return replace(_ignored(source, f"is not valid: {fault}"), eos_ids=eos_ids)
    changed = _changed(content)
    if len(eos_ids) < len(set(_listed(stated))):
        changed.append("eos_token_id")
    if not changed:
        return GenerationSettings(eos_ids=eos_ids)
    settings = ", ".join(f"{name} = {_short(content[name])}" for name in sorted(changed))
    return replace(_ignored(source, f"sets {settings}."), eos_ids=eos_ids)


def valid_token_ids(value: Any) -> frozenset[int]:
    """The token ids of a configuration's value: one id, a list of ids, or None."""
    return frozenset(
        one
        for one in _listed(value)
        if isinstance(one, int) and not isinstance(one, bool) and one >= 0
    )


def _listed(value: Any) -> list[Any]:
    items = value if isinstance(value, (list, tuple)) else [value]
    # Values in a list need not be hashable.
    return [one if isinstance(one, int) else str(one) for one in items if one is not None]


def _ignored(source: ModelSource, what: str) -> GenerationSettings:
    notice = (
        f"{_FILE} of {location(source)} {what} This is ignored: answers are always decoded "
        "greedily."
    )
    return GenerationSettings(notices=(notice,))


def _path(source: ModelSource) -> Path | None:
    if is_local(source):
        folder = Path(location(source))
        path = folder / _FILE
        return path if path.is_file() else None
    from transformers.utils.hub import cached_file

    found = cached_file(
        location(source),
        _FILE,
        revision=source.revision,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if found is None else Path(found)


def _changed(content: Mapping[str, Any]) -> list[str]:
    """Names of settings that would change greedy decoding, or whose value is out of range."""
    changed = [
        name
        for name, neutral in _NEUTRAL.items()
        if content.get(name) is not None and content[name] not in neutral
    ]
    for name, (low, high) in _UNUSED.items():
        value = content.get(name)
        if value is not None and not (
            isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
        ):
            changed.append(name)
    if content.get("do_sample") and content.get("temperature") == 0:
        changed.append("temperature")
    return changed


def _fault(content: dict[str, Any]) -> str:
    """The reason for which transformers rejects the settings; empty if it accepts them."""
    from transformers import GenerationConfig

    try:
        with quiet_transformers():
            GenerationConfig(**content)
    # Values of any type and combination are possible, and so are exceptions.
    except Exception as error:  # noqa: BLE001
        return reason_of(error)
    return ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
