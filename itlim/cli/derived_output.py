"""What commands that make a dataset have in common: read the parent, write and print the result."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from itlim.cli.endpoint_options import usage_document, usage_line
from itlim.cli.terminal import NOTHING_SAVED, ProgressReport
from itlim.datasets.lineage import Lineage, lineage_lines, lineage_path
from itlim.library import load_library

if TYPE_CHECKING:
    from itlim.endpoints.settings import EndpointSettings
    from itlim.remedies.chat import Usage
    from itlim.remedies.deriving import Derived, Parent


def read_for(dataset: str, *outs: Path) -> "Parent":
    """Read the dataset, once it is clear that the results can be written."""
    from itlim.remedies.deriving import check_free, read_parent

    for out in outs:
        check_free(out)
    entry = load_library().dataset_at(dataset)
    with ProgressReport(f"Read {entry.name}", NOTHING_SAVED) as report:
        return read_parent(entry, progress=report.fraction)


def derive_by_server(
    out: Path,
    parent: "Parent",
    settings: "EndpointSettings",
    plan: "Derived",
    work: "Callable[..., tuple[Derived, Usage]]",
    *,
    as_json: bool,
) -> None:
    """Ask a server for the rows and write what it answered."""
    from itlim.remedies.deriving import check_free, replies_path
    from itlim.remedies.kept_replies import KeptReplies

    check_free(out, parent, plan)
    kept = KeptReplies(replies_path(out))
    with ProgressReport(
        f"{plan.operation.capitalize()} {parent.facts.name} with {settings.model}",
        f"Replies are kept in {kept.path}: the same command resumes.",
        unit="reply",
    ) as report:
        derived, usage = work(parent, settings, kept, progress=report.steps)
    finish([(out, derived)], parent, as_json=as_json, asked=(usage, settings))


def finish(
    made: "Sequence[tuple[Path, Derived]]",
    parent: "Parent",
    *,
    as_json: bool,
    asked: "tuple[Usage, EndpointSettings] | None" = None,
) -> None:
    """Write the datasets and print their lineage; exit code 1 if rows failed."""
    from itlim.remedies.deriving import write_derived

    written = [(out, write_derived(out, parent, derived)) for out, derived in made]
    for out, lineage in written:
        _print(out, lineage, asked, as_json=as_json)
    if any(lineage.failed for _, lineage in written):
        raise typer.Exit(1)


def _print(
    out: Path,
    lineage: Lineage,
    asked: "tuple[Usage, EndpointSettings] | None",
    *,
    as_json: bool,
) -> None:
    if as_json:
        used = {"usage": usage_document(*asked)} if asked else {}
        document = {"out": str(out), **lineage.document(), **used}
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
        return
    for line in [*lineage_lines(lineage), *([usage_line(*asked)] if asked else [])]:
        typer.echo(line)
    typer.echo(f"Dataset: {out}. Lineage: {lineage_path(out)}")
