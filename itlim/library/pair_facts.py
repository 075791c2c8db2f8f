"""What is known about the tuning of a pair: its kind, its size, and the sizes of its models."""

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from itlim.library.training_note import training_note
from itlim.records import LFT, SFT, ModelSource, Pair

_HEADER = struct.Struct("<Q")
_MAX_HEADER = 1 << 27
"""Bytes; a longer header is not that of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """By what the findings group pairs; None for what nothing states."""

    kind: str
    """LFT, SFT or chat; empty if the base is compared with itself."""
    instances: int | None
    """Number of tuning instances."""
    parameters: int | None
    """Number of parameters of the base model."""
    rank: int | None
    """Rank of the LoRA adapter; None for full models too."""
    dataset: str
    """Name of the tuning dataset, of which only the first instances may have been used."""


def pair_facts(pair: Pair) -> PairFacts:
    """Read the facts from the library entry, else from files beside the models.

    An adapter is LFT and a full tuned model SFT, unless the entry states another kind: files do
    not say whether a model was tuned for chat or on preferences.
    """
    kind = pair.tuning or (LFT if pair.adapter else SFT if pair.tuned else "")
    note = training_note(pair.tuned_source)
    return PairFacts(
        kind=kind,
        instances=pair.instances or (None if note is None else note.instances),
        parameters=pair.parameters or _parameters(pair.base),
        rank=None if pair.adapter is None else _rank(pair.adapter),
        dataset=pair.dataset or next(iter(() if note is None else note.datasets), ""),
    )


def _rank(adapter: ModelSource) -> int | None:
    rank = _json(Path(adapter.path).expanduser() / "adapter_config.json").get("r")
    return rank if isinstance(rank, int) and rank > 0 else None


def _parameters(base: ModelSource) -> int | None:
    """Sum over the headers of the safetensors files; no weights are read."""
    folder = Path(base.path).expanduser()
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    counts = [_values_in(path) for path in files]
    known = [one for one in counts if one is not None]
    return sum(known) if known and len(known) == len(files) else None


def _values_in(path: Path) -> int | None:
    """Number of values in a safetensors file; None if its header cannot be read."""
    try:
        with path.open("rb") as file:
            (length,) = _HEADER.unpack(file.read(_HEADER.size))
            header = json.loads(file.read(length)) if length <= _MAX_HEADER else {}
        tensors = [value for key, value in header.items() if key != "__metadata__"]
        return sum(prod(one["shape"]) for one in tensors) if tensors else None
    except (OSError, ValueError, struct.error, KeyError, TypeError):
        # What loads the model reports damaged files; here, the number is just unknown.
        return None


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
