"""The command `import-responses`: store answers that were generated elsewhere as runs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from itlim.cli.options import JsonFlag, as_utf8
from itlim.datasets import report_document
from itlim.datasets.responses import read_responses
from itlim.settings import database_path
from itlim.store.batches import save_tagged
from itlim.store.connection import Store
from itlim.text.messages import plural


def import_responses(
    file: Annotated[
        Path,
        typer.Argument(
            help="Rows with instruction and output (JSONL, JSON, CSV, Parquet …), in any layout of "
            "datasets, or MT-bench answers.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="Name of the model that answered; by default, what each row names in generator, "
            "model_id or model."
        ),
    ] = "",
    questions: Annotated[
        Path | None, typer.Option(help="File of the questions of MT-bench answers.")
    ] = None,
    db: Annotated[Path | None, typer.Option(help="DuckDB file of the database.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Store a file of answers as runs without token measures; stored answers are not changed.

    Columns named task and topic become tags, by which findings can be split.
    """
    read = read_responses(
        file,
        imported_at=datetime.now(UTC),
        model=as_utf8(model, "--model"),
        questions=questions,
    )
    with Store(db or database_path()) as store:
        n_new = save_tagged(store, read.runs, read.tags)
    if as_json:
        document = {
            "models": list(read.models),
            "n_new": n_new,
            "n_already_stored": len(read.runs) - n_new,
            "run_ids": [run.run_id for run in read.runs],
            "report": report_document(read.report),
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    for line in read.lines:
        typer.echo(f"{file}: {line}", err=True)
    already = f", {len(read.runs) - n_new:,} already stored" if n_new < len(read.runs) else ""
    typer.echo(
        f"{plural(n_new, 'new answer')} of {', '.join(read.models)} stored{already}. No token "
        "measures: answers are imported without their models."
    )
