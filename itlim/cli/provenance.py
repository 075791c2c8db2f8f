"""The command `provenance`: which dataset was the model of a set of responses tuned on?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itlim.cli.options import JsonFlag, PairName
from itlim.cli.terminal import NOTHING_SAVED, ProgressReport, print_table, show_notices
from itlim.errors import InputError
from itlim.records import DatasetProvenance
from itlim.settings import database_path
from itlim.text.messages import plural

if TYPE_CHECKING:
    from itlim.trace.provenance.answers import AnswerSet

_HEADER = ("dataset", "flagged", "controls", "difference [95% interval]", "p", "M - decoy")


def provenance(
    index: Annotated[
        list[Path], typer.Option(help="Folder of a candidate dataset's index; may be repeated.")
    ],
    responses: Annotated[
        Path | None,
        typer.Option(help="Responses of the model: a file with instruction and output."),
    ] = None,
    controls: Annotated[
        list[Path] | None,
        typer.Option(
            help="Answers of another model to the same instructions; may be repeated. Without "
            "controls there is no p."
        ),
    ] = None,
    pair: PairName = None,
    db: Annotated[Path | None, typer.Option(help="Database with the runs of --pair.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a set of responses with candidate datasets: which was the model tuned on?"""
    from itlim.trace.provenance.answers import read_answers
    from itlim.trace.provenance.compare import compare_datasets

    if (responses is None) == (pair is None):
        raise InputError("Give either --responses FILE or --pair NAME, whose stored runs are read.")
    chosen = read_answers(responses) if responses is not None else _runs(pair or "", db)
    others = [read_answers(path) for path in controls or ()]
    plan = (
        f"Compare {plural(len(chosen.answers), 'response')} of {chosen.name} with "
        f"{plural(len(index), 'dataset')} and {plural(len(others), 'control')}"
    )
    with ProgressReport(plan, NOTHING_SAVED) as report:
        found = compare_datasets(index, chosen, others, progress=report.fraction)
    show_notices(found.notes)
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False, allow_nan=False, indent=1))
        return
    print_table([_HEADER, *(_row(one) for one in found.datasets)])
    typer.echo(f"\n{found.conclusion}")


def _runs(pair: str, db: Path | None) -> "AnswerSet":
    """The stored answers of a pair's tuned model, or of a model whose answers were imported.

    Raises:
        NotFoundError: neither the library nor the database has such a pair.
        InputError: the database has no answer of it.
    """
    from itlim.library import load_library
    from itlim.store.connection import Store
    from itlim.store.runs import load_answers
    from itlim.store.shipped import load_shipped_runs
    from itlim.trace.provenance.answers import answers_of_rows

    library = load_library()
    with Store(db or database_path()) as store:
        load_shipped_runs(store, [family.runs for family in library.families.values()])
        rows = load_answers(store, pair).to_pylist()
        if not rows:
            library.pair(pair)
        return answers_of_rows(pair, rows)


def _row(one: DatasetProvenance) -> tuple[str, ...]:
    if one.controls_share is None or one.difference is None:
        return one.dataset, f"{one.share:.1%} of {one.n:,}", "-", "-", "-", "-"
    interval = ""
    if one.ci_low is not None and one.ci_high is not None:
        interval = f" [{100 * one.ci_low:+.1f}, {100 * one.ci_high:+.1f}]"
    margin = "-"
    if one.m_minus_decoy is not None and one.m_minus_decoy_controls is not None:
        margin = f"{one.m_minus_decoy:+.3f} (controls {one.m_minus_decoy_controls:+.3f})"
    return (
        one.dataset,
        f"{one.share:.1%} of {one.n:,}",
        f"{one.controls_share:.1%}",
        f"{100 * one.difference:+.1f} points{interval}",
        f"{one.p:.2g}",
        margin,
    )
