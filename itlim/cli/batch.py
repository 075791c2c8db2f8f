"""The command `batch`: answer every row of a file under one or more pairs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itlim.cli.options import JsonFlag
from itlim.cli.terminal import ProgressReport
from itlim.library import load_library
from itlim.records import DEFAULT_MAX_NEW_TOKENS, Pair
from itlim.text.messages import plural

if TYPE_CHECKING:
    from itlim.batch.report import BatchReport
    from itlim.batch.tracing import TracedDataset
    from itlim.batch.work import Workers

_RESUME = "Finished batches are kept: the same command resumes where it stopped."


def batch(
    pair: Annotated[list[str], typer.Option(help="A pair of the library; may be repeated.")],
    instructions: Annotated[
        Path,
        typer.Option(
            help="JSONL, JSON, CSV or Parquet file with the column instruction and optionally "
            "input, id, task and topic."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the output; an earlier one is continued.")],
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Worker processes, each with a pair in memory: 1 if omitted; with --ray, one per "
            "GPU, or one per machine without GPUs.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster; auto for the one that this machine is in."),
    ] = None,
    trace: Annotated[
        bool,
        typer.Option(
            "--trace",
            help="Trace the phrase of each response that is most likely borrowed in the dataset "
            "that the pair was tuned on.",
        ),
    ] = False,
    trace_in: Annotated[
        list[str] | None,
        typer.Option(
            help="Trace in this dataset instead, whatever the pair; may be repeated, and the "
            "instances of all datasets then compete."
        ),
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option(min=1, help="Maximum number of tokens of a response.")
    ] = DEFAULT_MAX_NEW_TOKENS,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Prompts that are answered together.")
    ] = 16,
    as_json: JsonFlag = False,
) -> None:
    """Answer and score every instruction of a file; the same command resumes an unfinished batch.

    Items that fail are listed with their reasons, and the exit code is then 1.
    """
    from itlim.batch.instructions import read_instructions
    from itlim.batch.plan import BatchSettings
    from itlim.batch.running import run_batch

    library = load_library()
    pairs = [library.pair(name) for name in dict.fromkeys(pair)]
    asked = read_instructions(instructions)
    chosen = _workers(ray, workers)
    plan = (
        f"Answer {plural(len(asked.items), 'instruction')} with {plural(len(pairs), 'pair')} "
        f"in {out}"
    )
    indexes = _indexes(pairs, trace_in or ()) if trace or trace_in else None
    with ProgressReport(plan, _RESUME, unit="answer") as progress:
        report = run_batch(
            pairs,
            asked,
            out,
            workers=chosen,
            settings=BatchSettings(max_new_tokens=max_new_tokens, batch_size=batch_size),
            trace_in=indexes,
            together=bool(trace_in),
            progress=progress.steps,
        )
    _show(report, out, as_json=as_json)
    if report.failed:
        raise typer.Exit(1)


def _workers(ray: str | None, n: int | None) -> "Workers":
    if ray is not None:
        from itlim.batch.cluster import ClusterWorkers

        return ClusterWorkers(ray, n)
    from itlim.batch.local import LocalWorkers

    return LocalWorkers(n or 1)


def _indexes(pairs: Sequence[Pair], together: Sequence[str]) -> "dict[str, TracedDataset]":
    """The index of each dataset to trace in, built by words alone if there is none."""
    from itlim.batch.indexes import datasets_to_trace, traced_dataset

    library = load_library()
    found = {}
    for name in datasets_to_trace(pairs, together):
        with ProgressReport(f"Index {name}", _RESUME) as progress:
            found[name] = traced_dataset(library, name, progress.fraction)
    return found


def _show(report: "BatchReport", out: Path, *, as_json: bool) -> None:
    if as_json:
        document = asdict(report) | {"out": str(out)}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        traced = f", {plural(report.n_traced, 'response')} traced" if report.n_traced else ""
        failed = f", {len(report.failed):,} failed" if report.failed else ""
        typer.echo(f"{out}: {plural(report.n_runs, 'run')}, {report.n_new:,} new{traced}{failed}")
    for one in report.failed:
        pair = f", {one.pair}" if one.pair else ""
        typer.echo(
            f"itlim: failed: item {one.item} (line {one.line}{pair}): {one.reason}", err=True
        )
