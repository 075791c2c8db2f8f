"""The commands `runs …`: move many runs between the database and a folder of Parquet files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from itlim.errors import StoreLockedError
from itlim.settings import database_path
from itlim.store.connection import Store
from itlim.text.messages import plural

runs_app = typer.Typer(
    help="Import the output of itlim batch into the database, or export runs in the same form.",
    no_args_is_help=True,
)
_Database = Annotated[Path | None, typer.Option(help="DuckDB file of the database.")]


@runs_app.command("import")
def import_(
    folders: Annotated[list[Path], typer.Argument(help="Folders that itlim batch wrote.")],
    db: _Database = None,
) -> None:
    """Store the runs of batches with their tags and traced phrases; known runs stay as they are."""
    from itlim.batch.exchange import import_output

    with _store(db) as store:
        for folder in folders:
            typer.echo(f"{folder}: {plural(import_output(store, folder), 'new run')}")


@runs_app.command()
def export(
    out: Annotated[Path, typer.Option(help="A new or empty folder.")],
    pair: Annotated[
        list[str] | None, typer.Option(help="Only the runs of this pair; may be repeated.")
    ] = None,
    db: _Database = None,
) -> None:
    """Write stored runs with their tags and traced phrases as Parquet files and a manifest."""
    from itlim.batch.exchange import export_runs

    with _store(db) as store:
        typer.echo(f"{out}: {plural(export_runs(store, out, pair or []), 'run')}")


@contextmanager
def _store(db: Path | None) -> Iterator[Store]:
    try:
        opened = Store(db or database_path())
    except StoreLockedError as error:
        raise StoreLockedError(
            f"{error} While the app is running, use Batches under Data & models, Stored runs."
        ) from error
    with opened:
        yield opened
