"""Print what became of a dataset's rows and columns on standard error."""

from pathlib import Path

import typer

from itlim.datasets import report_lines
from itlim.records import ReadingReport


def echo_report(report: ReadingReport, source: str | Path) -> None:
    """Print the report, one line per kind; nothing if all rows and columns were used."""
    for line in report_lines(report):
        typer.echo(f"{source}: {line}", err=True)
