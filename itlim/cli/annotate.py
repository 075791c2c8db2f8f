"""The commands `agreement`, `export` and `import` for annotations."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from itlim.annotation.agreement.report import AgreementReport, as_json, format_figure
from itlim.annotation.exchange import (
    ExchangeFormat,
    fields_not_read,
    unsupported_fields,
    write_annotations,
)
from itlim.annotation.protocol import study_id_of
from itlim.annotation.transfer import import_annotations, report_of_study, rows_of_study
from itlim.cli.options import JsonFlag
from itlim.disk import whole_file
from itlim.errors import InputError, StoreLockedError
from itlim.records import Study
from itlim.settings import database_path
from itlim.store.connection import Store
from itlim.store.studies import list_studies, load_study
from itlim.text.messages import plural

StudyOption = Annotated[
    str | None, typer.Option(help="Id of the study; may be omitted if there is only one.")
]
FormatOption = Annotated[ExchangeFormat, typer.Option(help="Format of the file.")]
DatabaseOption = Annotated[
    Path | None, typer.Option(help="Database file; ITLIM_DB or the user's database if omitted.")
]


def agreement(
    study: StudyOption = None,
    db: DatabaseOption = None,
    as_json_flag: JsonFlag = False,
) -> None:
    """Report the agreement between the annotators of a study."""
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
        Path | None, typer.Option(help="File to write; standard output if omitted.")
    ] = None,
    db: DatabaseOption = None,
) -> None:
    """Export the annotations of a study."""
    with _store(db) as store:
        rows = rows_of_study(store, _study(store, study).study_id)
    for lost in unsupported_fields(format):
        typer.echo(f"An export as {format} does not contain {lost}.", err=True)
    data = write_annotations(rows, format)
    if out is None:
        sys.stdout.buffer.write(data)
        return
    with whole_file(out) as draft:
        draft.write_bytes(data)
    typer.echo(f"{plural(len(rows), 'sheet')} written to {out}", err=True)


def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Files to read, for instance one per annotator.")
    ],
    format: FormatOption,
    study: StudyOption = None,
    annotator: Annotated[
        str,
        typer.Option(
            help="Annotator of the rows that do not name one; a user name in the file or the "
            "file's name if omitted."
        ),
    ] = "",
    db: DatabaseOption = None,
) -> None:
    """Read annotations into a study, which is created if it does not exist."""
    contents = {file: _content(file) for file in files}
    name = study or study_id_of(files[0].stem if len(files) == 1 else _folder_name(files))
    if lost := fields_not_read(format):
        typer.echo(f"Not imported from {format}: {'; '.join(lost)}.", err=True)
    unused = []
    with _store(db) as store:
        for file, data in contents.items():
            result = import_annotations(
                store,
                name,
                data,
                format,
                by="command line",
                annotator=annotator,
                file_name=file.name,
            )
            place = f"{file}: " if len(files) > 1 else ""
            for note in result.notes:
                typer.echo(f"{place}{note}", err=True)
            imported, *rejections = result.lines()
            for line in rejections:
                typer.echo(f"{place}{line}", err=True)
            typer.echo(f"{place}Study {name}: {imported}")
            if result.rejected and not result.n_rows:
                unused.append(str(file))
    if unused:
        raise InputError(f"No row of {', '.join(unused)} was imported.")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from error


def _folder_name(files: Sequence[Path]) -> str:
    """Name of the folder of several files, which then names the study."""
    return files[0].resolve().parent.name


@contextmanager
def _store(db: Path | None) -> Iterator[Store]:
    try:
        opened = Store(db or database_path())
    except StoreLockedError as error:
        raise StoreLockedError(
            f"{error} While the app is running, use the Agreement and Exchange tabs of its page "
            "Adjudicate."
        ) from error
    with opened:
        yield opened


def _study(store: Store, study_id: str | None) -> Study:
    if study_id is not None:
        return load_study(store, study_id)
    studies = list_studies(store)
    if len(studies) != 1:
        named = ", ".join(one.study_id for one in studies) or "none"
        raise InputError(f"Name the study with --study; the database contains: {named}.")
    return studies[0]


def _lines(report: AgreementReport) -> Iterator[tuple[str, str]]:
    """The figures of the report as lines of text."""
    for layer in (report.any_label, *report.labels):
        name = layer.label or "any label"
        yield f"α of {report.unit}, {name}", format_figure(layer.alpha)
        yield f"F1 of {report.unit}, {name}", format_figure(layer.token_f1)
        yield f"F1 of detected spans, {name}", format_figure(layer.detection_f1)
        yield f"mean overlap of detected spans, {name}", format_figure(layer.mean_iou)
        yield f"neither marked anything, {name}", format_figure(layer.both_empty)
    yield "F1 by position only", format_figure(report.positions.position_f1)
    yield "F1 of exact marks", format_figure(report.positions.exact_f1)
    yield "verdicts: agreement", format_figure(report.verdicts.percent)
    yield "verdicts: α", format_figure(report.verdicts.alpha)
    yield "verdicts: AC1", format_figure(report.verdicts.ac1)
    yield "decoys judged causal", format_figure(report.decoys_causal)
    for one in report.annotators:
        yield f"{one.annotator}: spans per response", format_figure(one.spans_per_response)
        yield f"{one.annotator}: α of the others", format_figure(one.alpha_of_others)
        yield f"{one.annotator}: α against the others", format_figure(one.alpha_against_others)
