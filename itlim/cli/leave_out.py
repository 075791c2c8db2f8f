"""The command `leave-out`: retrain without instances, and verify the resulting table."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itlim.cli.options import JsonFlag
from itlim.cli.terminal import ProgressReport, duration
from itlim.errors import InputError
from itlim.library import load_library
from itlim.progress import LineProgress
from itlim.records import DEFAULT_MAX_NEW_TOKENS
from itlim.settings import user_folder
from itlim.text.messages import plural

if TYPE_CHECKING:
    import pyarrow as pa

    from itlim.causality.leave_out.study import SeedStudy
    from itlim.causality.retraining.known_recipe import KnownRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedStudy:
    """A study that a model family ships, with its own cases and removals."""

    table: Callable[[Path, LineProgress], "pa.Table"]
    """Runs the study in a folder of finished retrainings and returns its table."""
    study_of: Callable[[int, Path], "SeedStudy"]
    """Returns full model and cases of one tuning seed, to verify rows of the table."""


SHIPPED_STUDIES: dict[str, ShippedStudy] = {}
"""Studies by their name for `--runs`; `cli.main` registers those of the families."""


def leave_out(
    out: Annotated[Path, typer.Option(help="Parquet file to write, or to check with --verify.")],
    runs: Annotated[
        str | None,
        typer.Option(
            help="JSON lines with instruction, input, and quotes or spans of the answer; or demo."
        ),
    ] = None,
    pair: Annotated[str | None, typer.Option(help="Pair whose tuned model is retrained.")] = None,
    instances: Annotated[
        str | None,
        typer.Option(help="Instances to leave out: traced (default), all, or comma-separated ids."),
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder of finished retrainings, to resume from.")
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option(min=1, help="Longest answer, as when the phrases were marked.")
    ] = DEFAULT_MAX_NEW_TOKENS,
    verify: Annotated[
        int | None, typer.Option(help="Number of random rows of --out to retrain and compare.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed for the rows to verify.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Retrain without instances and write which phrases disappear; can be resumed at any time."""
    folder = work or user_folder() / "leave_out"
    if verify is not None:
        if runs is not None:
            raise InputError("--verify checks an existing file: omit --runs.")
        # Readings from making the table may still be in the default folder; do not reuse them.
        with TemporaryDirectory(prefix="itlim-verify-") as fresh:
            resume = (
                resume_note(work) if work else "Nothing was saved: the same command starts over."
            )
            _verify(out, verify, seed, work or Path(fresh), resume, as_json)
        return
    if runs is None:
        raise InputError("Give --runs FILE or --runs demo, or --verify N to check --out.")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is not a folder: choose a file in an existing folder.")
    if runs in SHIPPED_STUDIES and not Path(runs).exists():
        if pair is not None or instances is not None:
            raise InputError(
                f"--runs {runs} has its own pair and plan: omit --pair and --instances."
            )
        _shipped(SHIPPED_STUDIES[runs], out, folder, as_json)
        return
    _file(Path(runs), pair, instances, max_new_tokens, out, folder, as_json)


def _shipped(study: ShippedStudy, out: Path, folder: Path, as_json: bool) -> None:
    from itlim.causality.leave_out.study import write_leave_out

    with ProgressReport(
        f"Run the shipped study; finished retrainings are kept in {folder}", resume_note(folder)
    ) as report:
        table = study.table(folder, report.line)
    write_leave_out(table, out)
    _summary(table, out, (), as_json)


def _file(
    runs: Path,
    pair: str | None,
    instances: str | None,
    max_new_tokens: int,
    out: Path,
    folder: Path,
    as_json: bool,
) -> None:
    from itlim.causality.leave_out.marked_instructions import read_marked_instructions, with_origin
    from itlim.causality.leave_out.runs import TRACED, removals_of, runs_study
    from itlim.causality.leave_out.study import leave_out_table, write_leave_out
    from itlim.causality.retraining.known_recipe import known_recipe

    asked = read_marked_instructions(runs)
    if pair is None:
        raise InputError(
            "Give --pair NAME, the pair whose model is retrained. `itlim pairs` lists all pairs."
        )
    library = load_library()
    known = known_recipe(library.pair(pair), library)
    resume = resume_note(folder)
    with ProgressReport(
        f"Tune {pair} again and answer {plural(len(asked), 'instruction')}{_expected(known, 1)}",
        resume,
    ) as report:
        made = runs_study(
            known,
            asked,
            folder,
            split=runs.stem,
            max_new_tokens=max_new_tokens,
            progress=report.steps,
        )
    for line in made.skipped:
        _say(f"Skipped. {line}")
    entry = library.dataset(known.pair.dataset or "")
    removals = removals_of(made.study, known, entry, instances or TRACED)
    engine = made.study.leave_out
    missing = engine.missing(removals)
    plan = (
        f"{plural(len(made.study.cases), 'case')}, {plural(len(removals) - 1, 'removal')}, "
        f"{plural(len(missing), 'retraining')} to do{_expected(known, len(missing))}; finished "
        f"retrainings are kept in {folder}"
    )
    with ProgressReport(plan, resume, unit="retraining") as report:
        engine.run(missing, report.steps, steps=report.steps)
    table = leave_out_table([made.study], frozenset(removals))
    write_leave_out(with_origin(table, pair, asked, max_new_tokens), out)
    _summary(table, out, made.skipped, as_json)


def _expected(known: "KnownRecipe", models: int) -> str:
    """The time that some retrainings take, if the note of the first tuning states it."""
    if known.seconds is None or not models:
        return ""
    return f" (at most about {duration(models * known.seconds)} on one thread)"


def _verify(path: Path, number: int, seed: int, folder: Path, resume: str, as_json: bool) -> None:
    from itlim.causality.leave_out.findings import read_leave_out
    from itlim.causality.leave_out.verify import chosen_rows, verify

    rows = chosen_rows(read_leave_out(path), number, seed)
    with ProgressReport(
        f"Retrain for {plural(len(rows), 'row')} of {path} and compare", resume
    ) as report:
        found = verify(rows, lambda one: _study(path, one, folder), progress=report.line)
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False, allow_nan=False))
        return
    typer.echo(f"{found.agree} of {plural(found.checked, 'row')} agree ({found.seconds:.0f} s)")
    for one in found.disagreements:
        without = ", ".join(one["instance_ids"])
        typer.echo(f"{one['case_id']} {one['span_text']!r} without {without}: {one['why']}")


def _study(path: Path, seed: int, folder: Path) -> "SeedStudy":
    """Full model and cases from which a table was made."""
    from itlim.causality.leave_out.marked_instructions import origin_of
    from itlim.causality.leave_out.runs import runs_study
    from itlim.causality.retraining.known_recipe import known_recipe

    origin = origin_of(path)
    if origin is None:
        # Only the shipped study of the demo family has no origin.
        return SHIPPED_STUDIES["demo"].study_of(seed, folder)
    pair, asked, max_new_tokens = origin
    library = load_library()
    known = known_recipe(library.pair(pair), library)
    if known.seed != seed:
        raise InputError(
            f"{path} was made with tuning seed {seed}, but {pair} is now tuned with seed "
            f"{known.seed}: verify it with the pair with which it was made."
        )
    return runs_study(known, asked, folder, split=path.stem, max_new_tokens=max_new_tokens).study


def _summary(table: "pa.Table", out: Path, skipped: tuple[str, ...], as_json: bool) -> None:
    from itlim.causality.leave_out.contrast import contrast_findings
    from itlim.causality.leave_out.findings import leave_out_findings

    findings = [*contrast_findings(table), *leave_out_findings(table)]
    if not as_json:
        typer.echo("\n".join(one.line() for one in findings if one.n))
        return
    document: dict[str, Any] = {
        "out": str(out),
        "rows": len(table),
        "cases": len(set(table["case_id"].to_pylist())),
        "removals": len(set(map(tuple, table["instance_ids"].to_pylist()))),
        "skipped": list(skipped),
        "findings": [one.row() for one in findings if one.n],
    }
    typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def resume_note(folder: Path) -> str:
    """What an interrupted study says about resuming."""
    return f"Finished retrainings are kept in {folder}: run the same command again to resume."


def _say(line: str) -> None:
    typer.echo(line, err=True)
