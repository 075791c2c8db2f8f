"""The command `leave-out`: retrain without instances, and check what such a table says."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itlim.errors import InputError
from itlim.library import load_library
from itlim.progress import LineProgress
from itlim.settings import user_folder

if TYPE_CHECKING:
    import pyarrow as pa

    from itlim.causality.leave_out.study import SeedStudy


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedStudy:
    """A study with a plan of its own that a model family ships."""

    table: Callable[[Path, LineProgress], "pa.Table"]
    """Runs the study in a folder of finished retrainings."""
    study_of: Callable[[int, Path], "SeedStudy"]
    """Full model and cases of one tuning seed, to verify rows of its table."""


SHIPPED_STUDIES: dict[str, ShippedStudy] = {}
"""By the name that `--runs` gives; `cli.main` enters the families' studies."""


def leave_out(
    out: Annotated[Path, typer.Option(help="Parquet file to write; with --verify, to check.")],
    runs: Annotated[
        str | None,
        typer.Option(
            help="JSON lines of instruction, input, and quotes or spans of the answer; or demo."
        ),
    ] = None,
    pair: Annotated[str | None, typer.Option(help="Whose model is retrained.")] = None,
    instances: Annotated[
        str | None,
        typer.Option(help="What to leave out: traced (if not given), all, or ids with commas."),
    ] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder of finished retrainings, to go on from.")
    ] = None,
    verify: Annotated[
        int | None, typer.Option(help="Retrain so many random rows of --out and compare.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses the rows to verify.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Retrain without instances and write which phrases vanish; can be resumed after any end."""
    folder = work or user_folder() / "leave_out"
    if verify is not None:
        if runs is not None:
            raise InputError("--verify checks a file that is there: leave --runs out.")
        # What the table was made from may still lie in the usual folder: read nothing of it.
        with TemporaryDirectory(prefix="itlim-verify-") as fresh:
            _verify(out, verify, seed, work or Path(fresh), as_json)
        return
    if runs is None:
        raise InputError("Give --runs FILE or --runs demo; or --verify N to check --out.")
    if not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder: name a file in one that exists.")
    if runs in SHIPPED_STUDIES and not Path(runs).exists():
        if pair is not None or instances is not None:
            raise InputError(
                f"--runs {runs} has its own pair and plan: leave --pair and --instances out."
            )
        _shipped(SHIPPED_STUDIES[runs], out, folder, as_json)
        return
    _file(Path(runs), pair, instances, out, folder, as_json)


def _shipped(study: ShippedStudy, out: Path, folder: Path, as_json: bool) -> None:
    from itlim.causality.leave_out.study import write_leave_out

    table = study.table(folder, _say)
    write_leave_out(table, out)
    _summary(table, out, (), as_json)


def _file(
    runs: Path, pair: str | None, instances: str | None, out: Path, folder: Path, as_json: bool
) -> None:
    from itlim.causality.leave_out.marked_instructions import read_marked_instructions, with_origin
    from itlim.causality.leave_out.runs import TRACED, removals_of, runs_study
    from itlim.causality.leave_out.study import leave_out_table, write_leave_out
    from itlim.causality.retraining.known_recipe import known_recipe
    from itlim.records import DEFAULT_MAX_NEW_TOKENS

    asked = read_marked_instructions(runs)
    if pair is None:
        raise InputError("Give --pair NAME, the pair whose model is retrained: see itlim pairs.")
    library = load_library()
    known = known_recipe(library.pair(pair), library)
    made = runs_study(known, asked, folder, split=runs.stem)
    for line in made.skipped:
        _say(f"Left aside. {line}")
    entry = library.dataset(known.pair.dataset or "")
    removals = removals_of(made.study, known, entry, instances or TRACED)
    engine = made.study.leave_out
    missing = len(engine.missing(removals))
    _say(
        f"{len(made.study.cases)} cases, {len(removals) - 1} removals, {missing} retrainings to do"
    )
    engine.run(removals, lambda done, of, what: _say(f"{done}/{of}, {what}"))
    table = leave_out_table([made.study], frozenset(removals))
    write_leave_out(with_origin(table, pair, asked, DEFAULT_MAX_NEW_TOKENS), out)
    _summary(table, out, made.skipped, as_json)


def _verify(path: Path, number: int, seed: int, folder: Path, as_json: bool) -> None:
    from itlim.causality.leave_out.findings import read_leave_out
    from itlim.causality.leave_out.verify import chosen_rows, verify

    rows = chosen_rows(read_leave_out(path), number, seed)
    found = verify(rows, lambda one: _study(path, one, folder), progress=_say)
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False, allow_nan=False))
        return
    typer.echo(f"{found.agree} of {found.checked} rows agree ({found.seconds:.0f} s)")
    for one in found.disagreements:
        without = ", ".join(one["instance_ids"])
        typer.echo(f"{one['case_id']} {one['span_text']!r} without {without}: {one['why']}")


def _study(path: Path, seed: int, folder: Path) -> "SeedStudy":
    """Full model and cases that a table was made of."""
    from itlim.causality.leave_out.marked_instructions import origin_of
    from itlim.causality.leave_out.runs import runs_study
    from itlim.causality.retraining.known_recipe import known_recipe

    origin = origin_of(path)
    if origin is None:
        # A table without origin is a shipped family's: only the demo has one.
        return SHIPPED_STUDIES["demo"].study_of(seed, folder)
    pair, asked, max_new_tokens = origin
    library = load_library()
    known = known_recipe(library.pair(pair), library)
    if known.seed != seed:
        raise InputError(
            f"{path} was made with tuning seed {seed}, but {pair} is tuned with {known.seed} now: "
            "verify it with the pair that it was made with."
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


def _say(line: str) -> None:
    typer.echo(line, err=True)
