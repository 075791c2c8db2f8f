"""The command `train`: tune a base model on an instruction-tuning dataset."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import typer

from itlim.cli.options import Device
from itlim.cli.terminal import NOTHING_SAVED, ProgressReport, echo_report
from itlim.datasets import read_dataset
from itlim.errors import InputError
from itlim.library import DatasetEntry, load_library
from itlim.records import InstancesRead
from itlim.text.messages import plural


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
    device: Device = "auto",
) -> None:
    """Tune a base model on an instruction-tuning dataset."""
    from dataclasses import replace

    from itlim.training.recipes import recipe_named
    from itlim.training.train import train as run_training

    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty: name a new folder, so that nothing is overwritten.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{out} cannot be created: {error.strerror}. Name another folder."
        ) from error
    library = load_library()
    chosen_template = library.template(template)
    chosen = recipe_named(recipe, learning_rate=learning_rate)
    read = _read(library.dataset_at(dataset))
    chosen = replace(
        chosen,
        epochs=chosen.epochs if epochs is None else epochs,
        batch_size=chosen.batch_size if batch_size is None else batch_size,
    )
    steps = chosen.epochs * -(-len(read.table) // chosen.batch_size)
    plan = (
        f"Tune {base} with {recipe} on {plural(len(read.table), 'instance')}: "
        f"{plural(chosen.epochs, 'epoch')}, {plural(steps, 'step')} of {chosen.batch_size}; "
        f"the result goes to {out}"
    )
    with (
        ProgressReport(plan, NOTHING_SAVED) as report,
        _removed_on_error(out),
    ):
        result = run_training(
            chosen,
            base,
            read.table,
            chosen_template,
            out,
            without=frozenset(part.strip() for part in without.split(",") if part.strip()),
            seed=seed,
            device=device,
            reading=read.report,
            progress=report.steps,
        )
    typer.echo(
        f"{result.out}: {plural(result.steps, 'step')} on "
        f"{plural(result.instances, 'instance')}, {result.cpu_seconds:.1f} s of CPU time, "
        f"weights {result.weights_sha256[:16]}"
    )


@contextmanager
def _removed_on_error(folder: Path) -> Iterator[None]:
    """Remove a partly written folder, so that the same command can run again."""
    try:
        yield
    except BaseException:
        rmtree(folder, ignore_errors=True)
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
