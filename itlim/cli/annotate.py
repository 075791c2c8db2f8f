"""Commands about annotations: `agreement`, `export`, `import`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from itlim.annotation.agreement.report import AgreementReport, as_json, text_of
from itlim.annotation.exchange import ExchangeFormat, unsupported_fields, write_annotations
from itlim.annotation.protocol import study_id_of
from itlim.annotation.transfer import import_annotations, report_of_study, rows_of_study
from itlim.cli.options import JsonFlag
from itlim.errors import InputError, StoreLockedError
from itlim.records import Study
from itlim.settings import database_path
from itlim.store.connection import Store
from itlim.store.studies import list_studies, load_study

StudyOption = Annotated[
    str | None, typer.Option(help="Id of the study; may be left out if there is one only.")
]
FormatOption = Annotated[ExchangeFormat, typer.Option(help="What the file is.")]
DatabaseOption = Annotated[
    Path | None, typer.Option(help="The database, if not that of ITLIM_DB or the user's.")
]


def agreement(
    study: StudyOption = None,
    db: DatabaseOption = None,
    as_json_flag: JsonFlag = False,
) -> None:
    """How far the annotators of a study agree."""
    with _store(db) as store:
        chosen = _study(store, study)
        report = report_of_study(store, chosen)
    if as_json_flag:
        typer.echo(json.dumps(as_json(report), ensure_ascii=False, indent=1))
        return
    typer.echo(chosen.title)
    for name, figure in _lines(report):
        typer.echo(f"  {name:34} {figure}")


def export(
    format: FormatOption,
    study: StudyOption = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output if none.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Write a study's annotations."""
    with _store(db) as store:
        rows = rows_of_study(store, _study(store, study).study_id)
    for lost in unsupported_fields(format):
        typer.echo(f"{format} cannot hold: {lost}", err=True)
    data = write_annotations(rows, format)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    typer.echo(f"{len(rows)} sheets written to {out}", err=True)


def import_(
    file: Annotated[Path, typer.Argument(help="The file to read.")],
    format: FormatOption,
    study: StudyOption = None,
    db: DatabaseOption = None,
) -> None:
    """Read annotations into a study; it is made, named after the file, if there is none."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error
    with _store(db) as store:
        name = study or study_id_of(file.stem)
        result = import_annotations(store, name, data, format, by="command line")
    for note in result.notes:
        typer.echo(note, err=True)
    for refusal in result.refused:
        typer.echo(f"row {refusal.row_number} was refused: {refusal.reason}", err=True)
    typer.echo(f"{result.n_rows} sheets, {result.n_items} new responses in study {name}")
    if result.refused and not result.n_rows:
        raise InputError(f"No row of {file} was result.")


@contextmanager
def _store(db: Path | None) -> Iterator[Store]:
    try:
        opened = Store(db or database_path())
    except StoreLockedError as error:
        raise StoreLockedError(
            f"{error} While the app is open, its page Adjudicate does the same under Agreement "
            "and Exchange."
        ) from error
    with opened:
        yield opened


def _study(store: Store, study_id: str | None) -> Study:
    if study_id is not None:
        return load_study(store, study_id)
    studies = list_studies(store)
    if len(studies) != 1:
        named = ", ".join(one.study_id for one in studies) or "none yet"
        raise InputError(f"Which study? Name it with --study; there are: {named}.")
    return studies[0]


def _lines(report: AgreementReport) -> Iterator[tuple[str, str]]:
    """The report's figures as lines of text."""
    for layer in (report.any_label, *report.labels):
        name = layer.label or "any label"
        yield f"α of {report.unit}, {name}", text_of(layer.alpha)
        yield f"F1 of {report.unit}, {name}", text_of(layer.token_f1)
        yield f"F1 of spans found, {name}", text_of(layer.detection_f1)
        yield f"mean overlap of those, {name}", text_of(layer.mean_iou)
        yield f"both marked nothing, {name}", text_of(layer.both_empty)
    yield "verdicts: agreement", text_of(report.verdicts.percent)
    yield "verdicts: α", text_of(report.verdicts.alpha)
    yield "verdicts: AC1", text_of(report.verdicts.ac1)
    yield "decoys called causal", text_of(report.decoys_causal)
    for one in report.annotators:
        yield f"{one.annotator}: spans a response", text_of(one.spans_per_response)
        yield f"{one.annotator}: α of the others", text_of(one.alpha_of_others)
        yield f"{one.annotator}: α against the others", text_of(one.alpha_against_others)
