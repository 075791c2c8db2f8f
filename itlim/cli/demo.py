"""The commands `demo …`: build the demo family and recompute its results."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itlim.cli.leave_out import ShippedStudy, resume_note
from itlim.cli.options import JsonFlag
from itlim.cli.terminal import NOTHING_SAVED, ProgressReport
from itlim.disk import whole_file
from itlim.errors import InputError
from itlim.progress import LineProgress
from itlim.settings import DEMO_FOLDER, user_folder
from itlim.text.messages import plural

if TYPE_CHECKING:
    import pyarrow as pa

    from itlim.causality.leave_out.study import SeedStudy

demo_app = typer.Typer(
    help="The demo family: small models built to exhibit the paper's effects; they illustrate "
    "and test the tools but do not replicate the paper.",
    no_args_is_help=True,
)


@demo_app.command()
def build(
    out: Annotated[Path, typer.Option(help="Folder for the family.")] = DEMO_FOLDER,
) -> None:
    """Train the whole family from scratch, with runs and report (under an hour on 2 cores)."""
    from itlim.families.demo.build import build as build_family
    from itlim.families.demo.report import demo_report
    from itlim.families.demo.runs import make_demo_runs, make_variant_runs

    with ProgressReport(
        f"Train the demo family in {out}, answer its test questions and recompute its effects: "
        "under an hour on 2 cores",
        "The family is incomplete: the same command starts over.",
    ) as progress:
        build_family(out, progress=progress.steps)
        make_demo_runs(out, progress=progress.fraction)
        make_variant_runs(out, progress=progress.fraction)
        found = demo_report(out, progress=progress.fraction)
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")


@demo_app.command()
def report(
    as_json: JsonFlag = False,
    seeds: Annotated[int, typer.Option(help="Number of tuning seeds.", min=1)] = 3,
) -> None:
    """Recompute the family's effects on its test set from the weights, with 95% intervals."""
    from itlim.families.demo.report import demo_report, report_lines

    with ProgressReport(
        f"Recompute the effects of the demo family over {plural(seeds, 'tuning seed')}",
        NOTHING_SAVED,
    ) as progress:
        found = demo_report(seeds=seeds, progress=progress.fraction)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
    else:
        typer.echo("\n".join(report_lines(found)))


@demo_app.command()
def remedies(
    out: Annotated[Path | None, typer.Option(help="Parquet file to write.")] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder of finished models' answers to resume from.")
    ] = None,
) -> None:
    """Retrain with each of the paper's remedies and measure the answers (an hour; resumable)."""
    import pyarrow.parquet as pq

    from itlim.families.demo.remedies import make_remedy_answers

    path = out or DEMO_FOLDER / "remedies" / "answers.parquet"
    folder = work or user_folder() / "remedies"
    with ProgressReport(
        f"Tune the demo family with every remedy; finished models are kept in {folder}",
        resume_note(folder),
        unit="model",
    ) as progress:
        table = make_remedy_answers(folder, progress=progress.steps)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        pq.write_table(table, draft, compression="zstd")
    typer.echo(f"{plural(table.num_rows, 'answer')} in {path}")


@demo_app.command("leave-out")
def leave_out(
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    work: Annotated[
        Path | None, typer.Option(help="Folder of finished retrainings to resume from.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Tuning seeds, comma-separated.")] = "0,1,2",
    only: Annotated[
        Path | None,
        typer.Option(help="JSON list of the instances to omit with seeds other than 0."),
    ] = None,
    merge: Annotated[bool, typer.Option(help="Write only finished retrainings.")] = False,
) -> None:
    """Retrain without each instance and record which wrong phrases vanish (hours; resumable)."""
    from itlim.causality.leave_out.contrast import contrast_findings
    from itlim.causality.leave_out.findings import leave_out_findings
    from itlim.causality.leave_out.study import leave_out_table, write_leave_out
    from itlim.families.demo.leave_out import run

    try:
        numbers = [int(part) for part in seeds.split(",")]
    except ValueError:
        raise InputError(f"--seeds is {seeds!r}: expected whole numbers such as 0,1,2.") from None
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is not a folder: name a file in an existing folder.")
    folder = work or user_folder() / "leave_out"
    with ProgressReport(
        f"Retrain without each planned instance, tuning seeds {seeds}: hours; finished "
        f"retrainings are kept in {folder}",
        resume_note(folder),
    ) as progress:
        studies = run(folder, numbers, only=only, merge_only=merge, progress=progress.line)
    table = leave_out_table(studies)
    write_leave_out(table, out)
    findings = (*contrast_findings(table), *leave_out_findings(table))
    typer.echo("\n".join(finding.line() for finding in findings))


@demo_app.command()
def counterfactuals(
    out: Annotated[Path | None, typer.Option(help="JSON file for the findings.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Rephrase the test questions for SFT and LFT and report which phrases recur."""
    from itlim.families.demo.counterfactuals import counterfactual_findings, demo_counterfactuals

    with ProgressReport(
        "Rephrase the demo family's test questions and ask SFT and LFT",
        NOTHING_SAVED,
    ) as progress:
        asked = demo_counterfactuals(progress=progress.line)
    found = counterfactual_findings(asked)
    text = json.dumps({"findings": [one.row() for one in found]}, ensure_ascii=False, indent=1)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")
    typer.echo(text if as_json else "\n".join(one.line() for one in found))


def _table(work: Path, progress: LineProgress) -> "pa.Table":
    from itlim.causality.leave_out.study import leave_out_table
    from itlim.families.demo.leave_out import run

    return leave_out_table(run(work, (0, 1, 2), progress=progress))


def _study_of(seed: int, work: Path) -> "SeedStudy":
    from itlim.families.demo.cases import seed_study

    return seed_study(seed, work)


demo_study = ShippedStudy(table=_table, study_of=_study_of)
"""The family's own leave-out study, for the command `leave-out`."""
