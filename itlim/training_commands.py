"""Commands that tune: `train` for any model and dataset, `demo` for the family that ships."""

import json
from pathlib import Path
from typing import Annotated

import typer

from itlim.datasets.alpaca import read_alpaca
from itlim.errors import InputError
from itlim.library import Library, load_library
from itlim.settings import DEMO_FOLDER
from itlim.terminal import ProgressBar

demo_app = typer.Typer(
    help="The demo family: small models built to exhibit the paper's effects; they illustrate "
    "and test the tools and replicate nothing.",
    no_args_is_help=True,
)


def train(
    recipe: Annotated[str, typer.Option(help="lft, sft or neftune (the paper's settings).")],
    base: Annotated[str, typer.Option(help="Base model: folder or hub id.")],
    dataset: Annotated[str, typer.Option(help="Alpaca JSON or JSONL, or a library name.")],
    out: Annotated[Path, typer.Option(help="Folder for the tuned model or adapter.")],
    without: Annotated[
        str, typer.Option(help="Instance ids, comma-separated, whose loss weighs 0.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Order, noise and adapter start.")] = 0,
    template: Annotated[str, typer.Option(help="Prompt template.")] = "alpaca",
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak learning rate; the paper's 5e-5 if not given.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="The paper's 3 if not given.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="The paper's 32 if not given.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
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
        raise InputError(f"{out} cannot be made: {error.strerror}. Name another folder.") from error
    library = load_library()
    chosen_template = library.template(template)
    path, name = _dataset(library, dataset)
    read = read_alpaca(path, name)
    for bad in read.bad_rows:
        typer.echo(f"{path}, line {bad.line}: left out: {bad.reason}", err=True)
    chosen = recipe_named(recipe, learning_rate=learning_rate)
    chosen = replace(
        chosen,
        epochs=chosen.epochs if epochs is None else epochs,
        batch_size=chosen.batch_size if batch_size is None else batch_size,
    )
    bar = ProgressBar()
    try:
        result = run_training(
            chosen,
            base,
            read.table,
            chosen_template,
            out,
            without=frozenset(part.strip() for part in without.split(",") if part.strip()),
            seed=seed,
            device=device,
            progress=bar.steps,
        )
    finally:
        bar.close()
    typer.echo(
        f"{result.out}: {result.steps} steps on {result.instances} instances, "
        f"{result.cpu_seconds:.1f} s of CPU, weights {result.weights_sha256[:16]}"
    )


def _dataset(library: Library, dataset: str) -> tuple[Path, str]:
    """File and name of a dataset; a file that the library names keeps that name in its ids."""
    for entry in library.datasets.values():
        if dataset == entry.name or Path(dataset).resolve() == entry.path:
            return entry.path, entry.name
    return Path(dataset), Path(dataset).stem


@demo_app.command()
def build(
    out: Annotated[Path, typer.Option(help="Where the family goes.")] = DEMO_FOLDER,
) -> None:
    """Retrain the whole family from text (under an hour on 2 cores), with its runs and report."""
    from itlim.findings.demo_report import demo_report
    from itlim.findings.demo_runs import make_demo_runs
    from itlim.training.demo_family import build as build_family

    bar = ProgressBar()
    try:
        build_family(out, progress=bar.steps)
        make_demo_runs(out, progress=bar.fraction)
        found = demo_report(out, progress=bar.fraction)
    finally:
        bar.close()
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")


@demo_app.command()
def report(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    seeds: Annotated[int, typer.Option(help="How many tuning seeds.", min=1)] = 3,
) -> None:
    """Recompute the family's effects on its test set from the weights, with 95% intervals."""
    from itlim.findings.demo_report import demo_report, report_lines

    bar = ProgressBar()
    try:
        found = demo_report(seeds=seeds, progress=bar.fraction)
    finally:
        bar.close()
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo("\n".join(report_lines(found)))
