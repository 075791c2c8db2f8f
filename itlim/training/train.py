"""Tune a base model on a dataset and save the result to a folder."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets import report_document
from itlim.models.sources import resolve_device
from itlim.progress import Cancelled, StepProgress
from itlim.records import ModelSource, PromptTemplate, ReadingReport
from itlim.training.checkpoint import (
    library_versions,
    load_base,
    save_tuned,
    weights_sha256,
    write_training_note,
)
from itlim.training.encoding import encode_instances
from itlim.training.recipes import Recipe
from itlim.training.tune import tune


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """Folder of the tuned model and statistics of its training."""

    out: Path
    weights_sha256: str
    """Hash of the float32 weights, before any rounding."""
    instances: int
    steps: int
    seconds: float
    cpu_seconds: float


def train(
    recipe: Recipe,
    base_path: str,
    instances: pa.Table,
    template: str | PromptTemplate,
    out: Path,
    *,
    without: frozenset[str] = frozenset(),
    seed: int = 0,
    half: bool = False,
    device: str = "cpu",
    named_base: str | None = None,
    reading: ReadingReport | None = None,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
) -> TrainingResult:
    """Tune a base model and write weights, tokenizer and `training.json` to `out`.

    Args:
        recipe: settings of the tuning.
        base_path: folder or hub id of the base model.
        instances: rows of `schema.INSTANCES`.
        template: prompt template, by name or as a record.
        out: folder to write to.
        without: ids of instances whose loss has weight 0; everything else is unchanged.
        seed: determines the order, the noise and the adapter's initial weights.
        half: save float16 weights.
        device: auto, cpu, cuda or mps; only a single CPU thread is bitwise reproducible.
        named_base: name of the base in the saved files; `base_path` if None.
        reading: what became of the dataset's rows and columns, for `training.json`.
        progress: called with the steps done, the total number of steps and a message.
        cancelled: called between steps; returns True to stop.

    Raises:
        ModelLoadError, InputError, DatasetError, ContextLengthError, NonFiniteError,
        CancelledError: see `load_base`, `encode_instances` and `tune`.
    """
    started, cpu_started = time.monotonic(), time.process_time()
    device = resolve_device(ModelSource(path=base_path, device=device))
    model, tokenizer = load_base(base_path, device=device)
    encoded = encode_instances(tokenizer, instances, template, max_tokens=recipe.max_tokens)
    base_sha256 = weights_sha256(model)
    tuned = tune(
        model,
        encoded,
        recipe,
        without=without,
        seed=seed,
        progress=progress,
        cancelled=cancelled,
    )
    named_base = named_base or base_path
    save_tuned(tuned, tokenizer, recipe, out, half=half, base_path=named_base)
    steps = recipe.epochs * -(-len(encoded) // recipe.batch_size)
    result = TrainingResult(
        out=out,
        weights_sha256=weights_sha256(tuned),
        instances=len(encoded),
        steps=steps,
        seconds=time.monotonic() - started,
        cpu_seconds=time.process_time() - cpu_started,
    )
    note = {
        "recipe": asdict(recipe),
        "base": named_base,
        "base_weights_sha256": base_sha256,
        "template": asdict(template) if isinstance(template, PromptTemplate) else template,
        "seed": seed,
        "device": device,
        "without": sorted(without),
        "saved_as": "float16" if half else "float32",
        **_dataset_note(instances),
        **({"reading": report_document(reading)} if reading else {}),
        **{key: _plain(value) for key, value in asdict(result).items() if key != "out"},
        "versions": library_versions(),
    }
    write_training_note(out, note)
    return result


def _dataset_note(instances: pa.Table) -> dict[str, Any]:
    """Name and content hash of the dataset, independent of its file."""
    import hashlib

    hashes = instances.column("content_sha256").to_pylist()
    return {
        "dataset": sorted(set(instances.column("dataset").to_pylist())),
        "dataset_sha256": hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
    }


def _plain(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value
