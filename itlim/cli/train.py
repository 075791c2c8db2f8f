"""The command `train`: tune a base model on an instruction-tuning dataset."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itlim.cli.options import Device
from itlim.cli.terminal import (
    NOTHING_SAVED,
    REPORT_SECONDS,
    ProgressReport,
    duration,
    echo_report,
)
from itlim.datasets import read_dataset
from itlim.datasets.lineage import read_lineage
from itlim.errors import InputError
from itlim.library import DatasetEntry, load_library
from itlim.records import InstancesRead, ModelSource, PromptTemplate
from itlim.text.messages import plural
from itlim.training.recipes import MICRO_BATCH_TOKENS

if TYPE_CHECKING:
    from itlim.training.encoding import FittedInstances
    from itlim.training.recipes import Recipe
    from itlim.training.train import TrainingResult
    from itlim.training.tuning_plan import TuningPlan

_SHOWN_IDS = 5


def train(
    recipe: Annotated[
        str, typer.Option(help="lft, sft or neftune, with the settings of the paper.")
    ],
    base: Annotated[str, typer.Option(help="Base model: folder or hub id.")],
    dataset: Annotated[str, typer.Option(help="File, folder, hub id or library name.")],
    out: Annotated[Path, typer.Option(help="Folder for the tuned model or adapter.")],
    without: Annotated[
        str, typer.Option(help="Comma-separated ids of instances whose loss gets weight 0.")
    ] = "",
    seed: Annotated[
        int, typer.Option(help="Seed of order, noise and initial adapter weights.")
    ] = 0,
    template: Annotated[str, typer.Option(help="Prompt template.")] = "alpaca",
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak learning rate; 5e-5 (the paper) if omitted.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Number of epochs; 3 (the paper) if omitted.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Instances per step; 32 (the paper) if omitted.")
    ] = None,
    rank: Annotated[
        int | None, typer.Option(help="Rank of the LoRA adapter; 8 (the paper) if omitted.")
    ] = None,
    neftune: Annotated[
        float | None,
        typer.Option(metavar="ALPHA", help="NEFTune's noise; the recipe neftune is sft with 5."),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(help="Longest instance; longer ones are left out and counted.")
    ] = 1024,
    truncate: Annotated[
        bool, typer.Option("--truncate", help="Cut longer responses instead of leaving them out.")
    ] = False,
    micro_batch_tokens: Annotated[
        int, typer.Option(help="Tokens in memory at once, with padding; no effect on the gradient.")
    ] = MICRO_BATCH_TOKENS,
    gradient_checkpointing: Annotated[
        bool,
        typer.Option(
            "--gradient-checkpointing",
            help="Compute activations twice instead of keeping them: less memory, more time.",
        ),
    ] = False,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Steps between two stored states; every 10 minutes if omitted, never if 0.",
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads; only with 1 are results exactly repeatable.")
    ] = 1,
    device: Device = "auto",
    dtype: Annotated[
        str,
        typer.Option(
            help="Of matrix products: auto, float32 or bfloat16; auto is bfloat16 on a GPU. Tuned "
            "weights stay float32; the base of an adapter is loaded in this dtype."
        ),
    ] = "auto",
    save_dtype: Annotated[
        str, typer.Option(help="Of the saved weights: float32, float16 or bfloat16.")
    ] = "float32",
) -> None:
    """Tune a base model on an instruction-tuning dataset; the same command resumes a killed run."""
    from dataclasses import replace

    from itlim.training.recipes import TooLong, recipe_named

    _check_save_dtype(save_dtype)
    library = load_library()
    chosen = replace(
        recipe_named(recipe, learning_rate=learning_rate, rank=rank),
        max_tokens=max_tokens,
        too_long=TooLong.TRUNCATE if truncate else TooLong.OMIT,
        micro_batch_tokens=micro_batch_tokens,
        gradient_checkpointing=gradient_checkpointing,
    )
    chosen = replace(
        chosen,
        epochs=chosen.epochs if epochs is None else epochs,
        batch_size=chosen.batch_size if batch_size is None else batch_size,
        noise_alpha=chosen.noise_alpha if neftune is None else neftune,
    )
    chosen_template = library.template(template)
    with _result_folder(out):
        entry = library.dataset_at(dataset)
        read = _read(entry)
        result = _tuned(
            chosen,
            base,
            read,
            chosen_template,
            out,
            without=frozenset(part.strip() for part in without.split(",") if part.strip()),
            seed=seed,
            device=device,
            dtype=dtype,
            save_dtype=save_dtype,
            checkpoint_every=checkpoint_every,
            threads=threads,
            lineage=read_lineage(entry.source),
        )
    typer.echo(
        f"{result.out}: {plural(result.steps, 'step')} on "
        f"{plural(result.instances, 'instance')}, {result.cpu_seconds:.1f} s of CPU time, "
        f"weights {result.weights_sha256[:16]}"
    )


def _tuned(
    recipe: "Recipe",
    base: str,
    read: InstancesRead,
    template: str | PromptTemplate,
    out: Path,
    *,
    device: str,
    dtype: str,
    threads: int,
    **options: Any,
) -> "TrainingResult":
    """Tune with progress on standard error."""
    from dataclasses import replace

    import torch

    from itlim.models.sources import resolve_device
    from itlim.training.checkpoint import tuning_dtype
    from itlim.training.train import train as run_training

    torch.set_num_threads(threads)
    device = resolve_device(ModelSource(path=base, device=device))
    recipe = replace(recipe, dtype=tuning_dtype(dtype, device))
    steps = recipe.epochs * -(-len(read.table) // recipe.batch_size)
    plan = (
        f"Tune {base} with {recipe.name} on {plural(len(read.table), 'instance')}: "
        f"{plural(recipe.epochs, 'epoch')}, {plural(steps, 'step')} of {recipe.batch_size}; "
        f"the result goes to {out}"
    )
    with ProgressReport(plan, lambda: _kept(out)) as report:

        def announce(plan: "TuningPlan", fitted: "FittedInstances") -> None:
            for line in announcement(plan, fitted, recipe):
                report.line(line)

        return run_training(
            recipe,
            base,
            read.table,
            template,
            out,
            device=device,
            reading=read.report,
            announce=announce,
            progress=report.steps,
            **options,
        )


def announcement(plan: "TuningPlan", fitted: "FittedInstances", recipe: "Recipe") -> list[str]:
    """What is said before the first step: instances that are too long, resuming, and the time."""
    total = len(fitted.instances) + len(fitted.omitted)
    lines = [
        f"{len(ids):,} of {plural(total, 'instance')} {what} (more than {recipe.max_tokens:,} "
        f"tokens): {', '.join(ids[:_SHOWN_IDS])}{', …' if len(ids) > _SHOWN_IDS else ''}"
        for ids, what in ((fitted.omitted, "left out"), (fitted.truncated, "truncated"))
        if ids
    ]
    if plan.done:
        lines.append(f"Resuming after {plan.done:,} of {plural(plan.steps, 'step')}")
    if plan.seconds is not None and plan.seconds >= REPORT_SECONDS:
        lines.append(
            f"{plan.tokens:,} tokens to go, {plan.padding:.0%} padding: about "
            f"{duration(plan.seconds)} ({plan.padded_tokens / plan.seconds:,.0f} tokens per "
            "second on this machine)"
        )
    return lines


def _kept(out: Path) -> str:
    """What an interrupt leaves behind."""
    from itlim.training.resuming import is_resumable

    if is_resumable(out):
        return f"The state is kept in {out}: run the same command again to resume."
    return NOTHING_SAVED


def _check_save_dtype(save_dtype: str) -> None:
    from itlim.training.checkpoint import SAVE_DTYPES

    if save_dtype not in SAVE_DTYPES:
        raise InputError(f"--save-dtype {save_dtype}: expected {', '.join(SAVE_DTYPES)}.")


@contextmanager
def _result_folder(out: Path) -> Iterator[None]:
    """Create the folder of the result; on an error, remove it unless a state can be resumed.

    Raises:
        InputError: the folder contains anything else than an unfinished run.
    """
    from itlim.training.resuming import is_resumable, is_unused

    if not is_unused(out) and not is_resumable(out):
        raise InputError(f"{out} is not empty: name a new folder, so that nothing is overwritten.")
    resumes = is_resumable(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{out} cannot be created: {error.strerror}. Name another folder."
        ) from error
    try:
        yield
    except BaseException:
        if not resumes and not is_resumable(out):
            rmtree(out, ignore_errors=True)
        raise


def _read(dataset: DatasetEntry) -> InstancesRead:
    """Read the dataset's instances, with a report on standard error."""
    source = dataset.located()
    with ProgressReport() as report:
        read = read_dataset(
            source,
            dataset.name,
            format=dataset.format,
            mapping=dataset.mapping,
            progress=report.fraction,
        )
    echo_report(read.report, source)
    return read
