"""Tune a base model on a dataset and save the result to a folder."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets import report_document
from itlim.datasets.lineage import Lineage
from itlim.ids import content_hash
from itlim.models.sources import resolve_device
from itlim.progress import Cancelled, StepProgress
from itlim.records import ModelSource, PromptTemplate, ReadingReport
from itlim.training.checkpoint import (
    base_dtype,
    library_versions,
    load_base,
    save_tuned,
    weights_sha256,
    write_training_note,
)
from itlim.training.encoding import EncodedInstance, FittedInstances, encode_fitting
from itlim.training.recipes import Recipe, TooLong
from itlim.training.resuming import StateFile
from itlim.training.tune import tune
from itlim.training.tuning_plan import TuningPlan

CHECKPOINT_SECONDS = 600.0
"""Time between two stored states, unless a number of steps is given."""


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
    save_dtype: str = "float32",
    device: str = "cpu",
    named_base: str | None = None,
    reading: ReadingReport | None = None,
    lineage: Lineage | None = None,
    checkpoint_every: int | None = None,
    announce: Callable[[TuningPlan, FittedInstances], None] | None = None,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
) -> TrainingResult:
    """Tune a base model and write weights, tokenizer and `training.json` to `out`.

    If `out` contains the state of the same run, it resumes there; on one CPU thread, the result
    is bitwise that of an uninterrupted run.

    Args:
        recipe: settings of the tuning.
        base_path: folder or hub id of the base model.
        instances: rows of `schema.INSTANCES`.
        template: prompt template, by name or as a record.
        out: folder to write to.
        without: ids of instances whose loss has weight 0; everything else is unchanged.
        seed: determines the order, the noise and the adapter's initial weights.
        save_dtype: float32, or round the saved weights to float16 or bfloat16.
        device: auto, cpu, cuda or mps; only a single CPU thread is bitwise reproducible.
        named_base: name of the base in the saved files; `base_path` if None.
        reading: what became of the dataset's rows and columns, for `training.json`.
        lineage: what the dataset was made from, for `training.json`.
        checkpoint_every: steps between two stored states; None stores one every ten minutes,
            0 none.
        announce: called before the first step with the remaining work and the instances.
        progress: called with the steps done, the total number of steps and a message.
        cancelled: called between steps; returns True to stop.

    Raises:
        ModelLoadError, InputError, DatasetError, ContextLengthError, NonFiniteError,
        CancelledError: see `load_base`, `encode_fitting`, `StateFile.load` and `tune`.
    """
    clock = _Clock()
    device = resolve_device(ModelSource(path=base_path, device=device))
    model, tokenizer = load_base(base_path, device=device, dtype=base_dtype(recipe))
    recipe, fitted = _encoded(recipe, model, tokenizer, instances, template)
    encoded = fitted.instances
    base_sha256 = weights_sha256(model)
    out.mkdir(parents=True, exist_ok=True)
    state_file = StateFile(
        out, _identity(recipe, base_sha256, encoded, without, seed=seed, device=device)
    )
    start = state_file.load()
    clock.add(state_file.spent)
    tuned = tune(
        model,
        encoded,
        recipe,
        without=without,
        seed=seed,
        progress=progress,
        cancelled=cancelled,
        announce=None if announce is None else lambda plan: announce(plan, fitted),
        start=start,
        keep_before=_Due(checkpoint_every, start.step if start else 0),
        keep=lambda state: state_file.save(state, clock.spent()),
    )
    del start
    named_base = named_base or base_path
    sha256 = weights_sha256(tuned)
    save_tuned(tuned, tokenizer, recipe, out, save_dtype=save_dtype, base_path=named_base)
    steps = recipe.epochs * -(-len(encoded) // recipe.batch_size)
    result = TrainingResult(
        out=out, weights_sha256=sha256, instances=len(encoded), steps=steps, **clock.spent()
    )
    note = {
        "recipe": asdict(recipe),
        "base": named_base,
        "base_weights_sha256": base_sha256,
        "template": asdict(template) if isinstance(template, PromptTemplate) else template,
        "seed": seed,
        "device": device,
        "threads": threads(),
        "without": sorted(without),
        "saved_as": save_dtype,
    }
    data = _data_note(instances, fitted, reading, lineage)
    write_training_note(out, note | data | _result_note(result))
    state_file.remove()
    return result


def threads() -> int:
    """Number of threads with which torch computes on a CPU."""
    import torch

    return int(torch.get_num_threads())


def _encoded(
    recipe: Recipe,
    model: Any,
    tokenizer: Any,
    instances: pa.Table,
    template: str | PromptTemplate,
) -> tuple[Recipe, FittedInstances]:
    """The encoded instances, and the recipe with its limit lowered to the model's context.

    The limit stays as it is if longer instances are rejected.
    """
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 0
    if recipe.too_long != TooLong.REJECT and context > 0:
        recipe = replace(recipe, max_tokens=min(recipe.max_tokens, int(context)))
    fitted = encode_fitting(
        tokenizer, instances, template, max_tokens=recipe.max_tokens, too_long=recipe.too_long
    )
    return recipe, fitted


def _identity(
    recipe: Recipe,
    base_sha256: str,
    encoded: Sequence[EncodedInstance],
    without: frozenset[str],
    *,
    seed: int,
    device: str,
) -> dict[str, Any]:
    """Everything that determines the tuned weights, by the name that an error shows."""
    return {
        **recipe.identity(),
        "base": base_sha256,
        "dataset or template": content_hash([asdict(one) for one in encoded]),
        "without": sorted(without),
        "seed": seed,
        "device": device,
        "threads": threads(),
    }


class _Clock:
    """Wall-clock and CPU time of a run, including its interrupted parts."""

    def __init__(self) -> None:
        self._started = {"seconds": time.monotonic(), "cpu_seconds": time.process_time()}
        self._earlier: Mapping[str, float] = {}

    def add(self, earlier: Mapping[str, float]) -> None:
        self._earlier = earlier

    def spent(self) -> dict[str, float]:
        now = {"seconds": time.monotonic(), "cpu_seconds": time.process_time()}
        return {
            name: now[name] - start + self._earlier.get(name, 0.0)
            for name, start in self._started.items()
        }


class _Due:
    """Whether a state is stored before a step: every so many steps, or every ten minutes."""

    def __init__(self, every: int | None, first: int) -> None:
        self._every = every
        self._first = first
        self._latest = time.monotonic()

    def __call__(self, step: int) -> bool:
        if self._every is not None:
            return self._every > 0 and step > self._first and step % self._every == 0
        if time.monotonic() - self._latest < CHECKPOINT_SECONDS:
            return False
        self._latest = time.monotonic()
        return True


def _data_note(
    instances: pa.Table,
    fitted: FittedInstances,
    reading: ReadingReport | None,
    lineage: Lineage | None,
) -> dict[str, Any]:
    """Name and content hash of the dataset, independent of its file, and what was left out."""
    hashes = instances.column("content_sha256").to_pylist()
    return {
        "dataset": sorted(set(instances.column("dataset").to_pylist())),
        "dataset_sha256": hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        "too_long": {"omitted": fitted.omitted, "truncated": fitted.truncated},
        **({"reading": report_document(reading)} if reading else {}),
        **({"lineage": lineage.document()} if lineage else {}),
    }


def _result_note(result: TrainingResult) -> dict[str, Any]:
    numbers = {key: _plain(value) for key, value in asdict(result).items() if key != "out"}
    return numbers | {"versions": library_versions()}


def _plain(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value
