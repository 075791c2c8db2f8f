"""Commands that trace: `index` makes datasets searchable."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from itlim.cli.terminal import ProgressBar
from itlim.errors import InputError
from itlim.library import DatasetEntry, load_library
from itlim.records import ColumnMapping, DatasetFormat

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

_BAD_ROWS_SHOWN = 10


def index(
    datasets: Annotated[
        list[str], typer.Argument(help="Files, folders, hub ids, or names of the library.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The index's folder; with several datasets, a folder with one in it for each."
        ),
    ],
    lexical_only: Annotated[
        bool, typer.Option("--lexical-only", help="Words alone: no embeddings, seconds.")
    ] = False,
    format: Annotated[
        DatasetFormat | None, typer.Option(help="What the rows are, if not to be recognised.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="Which column holds what, as response=completion; fields: instruction, input, "
            "response, conversation. Once for each.",
        ),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Sentence-Transformers folder or hub id.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Build anew, also over another dataset's index.")
    ] = False,
) -> None:
    """Index datasets for tracing, words and meaning."""
    from itlim.trace import build_index

    columns = _columns(mapping or [])
    for entry, folder in _places([_entry(name, format, columns) for name in datasets], out):
        bar = _LastMessage()
        try:
            built = build_index(
                entry,
                folder,
                lexical_only=lexical_only,
                encoder=encoder,
                force=force,
                progress=bar.fraction,
            )
        finally:
            bar.close()
        _report(built, bar.message)


class _LastMessage(ProgressBar):
    """A bar that remembers what it said last: whether there was anything to do."""

    message = ""

    def fraction(self, fraction: float, message: str) -> None:
        self.message = message
        super().fraction(fraction, message)


def _entry(dataset: str, format: DatasetFormat | None, columns: dict[str, str]) -> DatasetEntry:
    """The dataset, read as the options say; the library's word counts where they say nothing."""
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
                f"--column {field}={column} names no column: expected FIELD=COLUMN with one of "
                f"{', '.join(fields)}."
            )
    return columns


def _places(entries: Sequence[DatasetEntry], out: Path) -> Iterator[tuple[DatasetEntry, Path]]:
    """Each dataset with its index's folder: `out` itself for one, else folders in it."""
    from itlim.trace.index.folders import folder_name
    from itlim.trace.index.manifest import META_FILE

    if len(entries) == 1:
        yield entries[0], out
        return
    if (out / META_FILE).exists():
        raise InputError(
            f"{out} is an index itself: name another folder to hold those of "
            f"{len(entries)} datasets."
        )
    taken: Counter[str] = Counter()
    for entry in entries:
        name = folder_name(entry.name)
        taken[name] += 1
        yield entry, out / (name if taken[name] == 1 else f"{name}-{taken[name]}")


def _report(built: "TraceIndex", last_message: str) -> None:
    from itlim.trace.index.build import UP_TO_DATE

    meta = built.meta
    for row in built.bad_rows()[:_BAD_ROWS_SHOWN]:
        typer.echo(f"{row.file or meta.source}, line {row.line}: left out: {row.reason}", err=True)
    unnamed = meta.n_bad_rows - _BAD_ROWS_SHOWN
    if unnamed > 0:
        typer.echo(f"… and {unnamed:,} more rows: see {built.folder / 'bad_rows.json'}.", err=True)
    meaning = f"embeddings by {meta.encoder.name}" if meta.encoder else "words only"
    left_out = f", {meta.n_bad_rows:,} rows left out" if meta.n_bad_rows else ""
    unchanged = f" ({UP_TO_DATE.lower()})" if last_message == UP_TO_DATE else ""
    typer.echo(
        f"{built.folder}{unchanged}: {meta.n_instances:,} instances of {meta.dataset} "
        f"({meta.format}), {meta.n_words:,} words, {meaning}{left_out}"
    )
