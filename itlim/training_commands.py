"""Commands that tune: `train` for any model and dataset, `demo` for the family that ships."""

import json
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from itlim.datasets import read_dataset
from itlim.errors import InputError
from itlim.library import DatasetEntry, load_library
from itlim.settings import DEMO_FOLDER, user_folder
from itlim.terminal import ProgressBar

demo_app = typer.Typer(
    help="The demo family: small models built to exhibit the paper's effects; they illustrate "
    "and test the tools and replicate nothing.",
    no_args_is_help=True,
)


def train(
    recipe: Annotated[str, typer.Option(help="lft, sft or neftune (the paper's settings).")],
    base: Annotated[str, typer.Option(help="Base model: folder or hub id.")],
    dataset: Annotated[str, typer.Option(help="File, folder, hub id or library name.")],
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
    instances = _instances(library.dataset_at(dataset))
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
            instances,
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


def _instances(dataset: DatasetEntry) -> pa.Table:
    """The dataset's instances; what is left out is named on standard error."""
    source = dataset.located()
    bar = ProgressBar()
    try:
        read = read_dataset(
            source,
            dataset.name,
            format=dataset.format,
            mapping=dataset.mapping,
            progress=bar.fraction,
        )
    finally:
        bar.close()
    for bad in read.bad_rows:
        typer.echo(f"{bad.file or source}, line {bad.line}: left out: {bad.reason}", err=True)
    if read.n_bad_rows > len(read.bad_rows):
        typer.echo(f"… and {read.n_bad_rows - len(read.bad_rows)} more rows.", err=True)
    return read.table


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


@demo_app.command("leave-out")
def leave_out(
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    work: Annotated[
        Path | None, typer.Option(help="Folder of finished retrainings, to go on from.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Tuning seeds, comma-separated.")] = "0,1,2",
    only: Annotated[
        Path | None,
        typer.Option(help="JSON list of the instances to leave out with seeds other than 0."),
    ] = None,
    merge: Annotated[bool, typer.Option(help="Only write what is finished.")] = False,
) -> None:
    """Retrain without each instance and write which wrong phrases go (hours; can be resumed)."""
    from itlim.findings.demo_leave_out import leave_out_table, run, write_leave_out
    from itlim.findings.leave_out_contrast import contrast_findings
    from itlim.findings.leave_out_effects import leave_out_findings

    try:
        numbers = [int(part) for part in seeds.split(",")]
    except ValueError:
        raise InputError(f"Seeds are {seeds!r}: expected whole numbers such as 0,1,2.") from None
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder: name a file in one that exists.")
    studies = run(
        work or user_folder() / "leave_out",
        numbers,
        only=only,
        merge_only=merge,
        progress=lambda line: typer.echo(line, err=True),
    )
    table = leave_out_table(studies)
    write_leave_out(table, out)
    findings = (*contrast_findings(table), *leave_out_findings(table))
    typer.echo("\n".join(finding.line() for finding in findings))


@demo_app.command()
def counterfactuals(
    out: Annotated[Path | None, typer.Option(help="Write the findings here, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put the test questions to SFT and LFT in other words: which phrases come back?"""
    from itlim.findings.demo_counterfactuals import counterfactual_findings, demo_counterfactuals

    asked = demo_counterfactuals(progress=lambda line: typer.echo(line, err=True))
    found = counterfactual_findings(asked)
    text = json.dumps({"findings": [one.row() for one in found]}, ensure_ascii=False, indent=1)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    typer.echo(text if as_json else "\n".join(one.line() for one in found))
