"""The command `index`: build the indexes that tracing searches."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itlim.cli.terminal import ProgressReport, echo_report
from itlim.datasets import report_document
from itlim.errors import InputError
from itlim.library import DatasetEntry, load_library
from itlim.records import ColumnMapping, DatasetFormat
from itlim.text.messages import plural

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


def index(
    datasets: Annotated[
        list[str], typer.Argument(help="Files, folders, hub ids, or names in the library.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="Folder of the index; with several datasets, the parent folder of their indexes."
        ),
    ],
    lexical_only: Annotated[
        bool,
        typer.Option(
            "--lexical-only",
            help="Index words only, without embeddings (seconds instead of minutes).",
        ),
    ] = False,
    format: Annotated[
        DatasetFormat | None, typer.Option(help="Format of the rows; detected if omitted.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="Map a field to a column, as in response=completion; may be repeated. Fields: "
            "instruction, input, response, conversation, system, history.",
        ),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Sentence-Transformers folder or hub id.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Rebuild, even over the index of another dataset.")
    ] = False,
    controls: Annotated[
        list[Path] | None,
        typer.Option(
            help="File of answers (instruction, output) of a model that was not tuned on the "
            "dataset; the chance baseline is fitted to them. May be repeated."
        ),
    ] = None,
    reference_controls: Annotated[
        bool,
        typer.Option(
            "--reference-controls", help="Return to the chance baseline that ships with itlim."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per dataset, one per line.")
    ] = False,
) -> None:
    """Index datasets for tracing, by words and by meaning.

    Standard error lists the rows that were left out, by reason, and the columns that were not used.
    """
    from itlim.trace import build_index

    columns = _columns(mapping or [])
    if controls and reference_controls:
        raise InputError("Give either --controls or --reference-controls, not both.")
    for entry, folder in _index_folders([_entry(name, format, columns) for name in datasets], out):
        parts = "words" if lexical_only else "words and embeddings"
        with ProgressReport(
            f"Index {parts} of {entry.name} in {folder}",
            f"Finished indexes are kept; the index {folder} is unchanged. Run the same command "
            "again to build it.",
        ) as progress:
            built = build_index(
                entry,
                folder,
                lexical_only=lexical_only,
                encoder=encoder,
                force=force,
                progress=progress.fraction,
            )
        # The last message states whether the index was up to date.
        message = progress.message
        if controls or reference_controls:
            built = _with_controls(built, controls or [])
        _report(built, message, as_json=as_json)


def _with_controls(built: "TraceIndex", controls: Sequence[Path]) -> "TraceIndex":
    """Fit the chance baseline to control answers, or to the reference if there are none."""
    from itlim.trace import fit_chance
    from itlim.trace.provenance.answers import read_answers

    pairs = [pair for path in controls for pair in read_answers(path).pairs] or None
    source = f"answers of {', '.join(path.stem for path in controls)}"
    with ProgressReport(
        f"Fit the chance baseline of {built.meta.dataset}",
        f"The index {built.folder} keeps its earlier chance baseline.",
    ) as progress:
        return fit_chance(built, pairs, source=source, progress=progress.fraction)


def _entry(dataset: str, format: DatasetFormat | None, columns: dict[str, str]) -> DatasetEntry:
    """The dataset; its format and mapping come from the options, or else from the library."""
    from dataclasses import replace

    found = load_library().dataset_at(dataset)
    if format is not None or columns:
        return replace(found, format=format, mapping=columns)
    return found


def _columns(mapping: Sequence[str]) -> dict[str, str]:
    columns = dict(part.partition("=")[::2] for part in mapping)
    fields = ColumnMapping.__slots__
    for field, column in columns.items():
        if field not in fields or not column:
            raise InputError(
                f"--column {field}={column} is not a mapping: expected FIELD=COLUMN with one of "
                f"{', '.join(fields)}."
            )
    return columns


def _index_folders(
    entries: Sequence[DatasetEntry], out: Path
) -> Iterator[tuple[DatasetEntry, Path]]:
    """Each dataset and the folder of its index: `out` for a single dataset, else subfolders."""
    from itlim.trace.index.folders import folder_name
    from itlim.trace.index.manifest import META_FILE

    if len(entries) == 1:
        yield entries[0], out
        return
    if (out / META_FILE).exists():
        raise InputError(
            f"{out} is an index itself: name another parent folder for the indexes of "
            f"{len(entries)} datasets."
        )
    used: Counter[str] = Counter()
    for entry in entries:
        name = folder_name(entry.name)
        used[name] += 1
        yield entry, out / (name if used[name] == 1 else f"{name}-{used[name]}")


def _report(built: "TraceIndex", last_message: str, *, as_json: bool) -> None:
    from itlim.trace.index.build import UP_TO_DATE
    from itlim.trace.index.manifest import BAD_ROWS_FILE

    meta, report = built.meta, built.report
    if report is not None:
        echo_report(report, meta.source)
    if meta.n_bad_rows:
        typer.echo(f"All rows left out: {built.folder / BAD_ROWS_FILE}", err=True)
    if as_json:
        document = {
            "folder": str(built.folder),
            "up_to_date": last_message == UP_TO_DATE,
            "dataset": meta.dataset,
            "source": meta.source,
            "format": meta.format,
            "mapping": dict(meta.mapping),
            "n_instances": meta.n_instances,
            "n_words": meta.n_words,
            "encoder": meta.encoder.name if meta.encoder else None,
            "chance_baseline": built.nulls["span"].source if built.nulls else None,
            "report": report_document(report) if report else None,
        }
        typer.echo(json.dumps(document))
        return
    meaning = f"embeddings by {meta.encoder.name}" if meta.encoder else "words only"
    skipped = f", {plural(meta.n_bad_rows, 'row')} skipped" if meta.n_bad_rows else ""
    unchanged = f" ({UP_TO_DATE.lower()})" if last_message == UP_TO_DATE else ""
    typer.echo(
        f"{built.folder}{unchanged}: {plural(meta.n_instances, 'instance')} of {meta.dataset} "
        f"({meta.format}), {plural(meta.n_words, 'word')}, {meaning}{skipped}"
    )
