"""The commands `simplify`, `filter` and `evolve`: make a dataset from another one."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from itlim.cli.derived_output import derive_by_server, finish, read_for
from itlim.cli.endpoint_options import (
    BaseUrl,
    CompletionPrice,
    Concurrency,
    PerMinute,
    PromptPrice,
    ServerModel,
    Timeout,
    endpoint_settings,
)
from itlim.cli.options import JsonFlag
from itlim.cli.terminal import NOTHING_SAVED, ProgressReport
from itlim.errors import InputError

Dataset = Annotated[str, typer.Argument(help="File, folder, hub id or library name.")]
Out = Annotated[Path, typer.Option(help="JSON Lines file for the new dataset.")]
Seed = Annotated[int, typer.Option(help="Seed of what is drawn.")]
Operation = TypeVar("Operation", bound=StrEnum)


def simplify(
    dataset: Dataset,
    out: Out,
    sentences: Annotated[
        int, typer.Option(min=1, help="Offline: sentences outside lists that are kept.")
    ] = 2,
    items: Annotated[
        int,
        typer.Option(min=1, help="Offline: list items kept, unless the instruction says how many."),
    ] = 3,
    base_url: BaseUrl = None,
    model: ServerModel = None,
    per_minute: PerMinute = 60.0,
    concurrency: Concurrency = 4,
    timeout: Timeout = 60.0,
    prompt_price: PromptPrice = None,
    completion_price: CompletionPrice = None,
    as_json: JsonFlag = False,
) -> None:
    """Simplify the responses of a dataset: by offline rules, or by a model (the paper's Figure 10).

    The lineage is recorded beside --out. Replies of a server are kept there, too: the same command
    resumes, and nothing is asked twice.
    """
    from itlim.remedies.simplify_rules import SimplifyRules
    from itlim.remedies.simplifying import simplified_by_rules, simplified_by_server, simplify_plan

    settings = endpoint_settings(
        base_url,
        model,
        per_minute=per_minute,
        concurrency=concurrency,
        timeout=timeout,
        prompt_price=prompt_price,
        completion_price=completion_price,
    )
    rules = SimplifyRules(sentences=sentences, items=items)
    parent = read_for(dataset, out)
    if settings is None:
        with ProgressReport(f"Simplify {parent.facts.name}", NOTHING_SAVED, unit="row") as report:
            derived = simplified_by_rules(parent, rules, progress=report.steps)
        finish([(out, derived)], parent, as_json=as_json)
        return
    derive_by_server(
        out, parent, settings, simplify_plan(settings), simplified_by_server, as_json=as_json
    )


def filter_(
    dataset: Dataset,
    out: Out,
    score: Annotated[
        str,
        typer.Option(
            help="offline (form of the response, 0 to 5, without a model), or a column of the "
            "dataset or of --ratings."
        ),
    ] = "offline",
    ratings: Annotated[
        Path | None,
        typer.Option(help="Ratings of the responses, as `itlim judge --responses DATASET` writes."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Keep rows with at least this score.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option(help="Keep this number of rows with the highest scores.")
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option(help="Also write a random subset of the same size to this file."),
    ] = None,
    seed: Seed = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per dataset, one per line.")
    ] = False,
) -> None:
    """Keep the rows of a dataset whose score passes, as AlpaGasus does."""
    from itlim.remedies.filtering import Cut, filtered, random_subset

    if control is not None and control.resolve() == out.resolve():
        raise InputError("--control is the same file as --out: name another one.")
    cut = Cut(threshold=threshold, keep=keep)
    parent = read_for(dataset, out, *((control,) if control else ()))
    chosen = filtered(parent, score, cut, ratings=ratings)
    made = [(out, chosen)]
    if control is not None and chosen.rows:
        made.append((control, random_subset(parent, len(chosen.rows), seed)))
    finish(made, parent, as_json=as_json)


def evolve(
    dataset: Dataset,
    out: Out,
    operation: Annotated[
        list[str] | None,
        typer.Option(
            help="constraints, deepening, concretizing, reasoning, and input (offline) or breadth "
            "(by a model); repeatable, all five if omitted."
        ),
    ] = None,
    seed: Seed = 0,
    base_url: BaseUrl = None,
    model: ServerModel = None,
    per_minute: PerMinute = 60.0,
    concurrency: Concurrency = 4,
    timeout: Timeout = 60.0,
    prompt_price: PromptPrice = None,
    completion_price: CompletionPrice = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the instructions of a dataset more complex: by a model, as Evol-Instruct does.

    Without a server, offline templates add only what the responses already meet.
    """
    from itlim.remedies.evolve_templates import TemplateOperation, evolved_by_templates
    from itlim.remedies.evolving import EvolveOperation, evolve_plan, evolved_by_server

    settings = endpoint_settings(
        base_url,
        model,
        per_minute=per_minute,
        concurrency=concurrency,
        timeout=timeout,
        prompt_price=prompt_price,
        completion_price=completion_price,
    )
    if settings is None:
        templates = _operations(operation, TemplateOperation)
        parent = read_for(dataset, out)
        derived = evolved_by_templates(parent, templates, seed)
        finish([(out, derived)], parent, as_json=as_json)
        return
    chosen = _operations(operation, EvolveOperation)
    parent = read_for(dataset, out)
    plan = evolve_plan(settings, chosen, seed)
    work = partial(evolved_by_server, operations=chosen, seed=seed)
    derive_by_server(out, parent, settings, plan, work, as_json=as_json)


def _operations(names: list[str] | None, kind: type[Operation]) -> list[Operation]:
    """The named operations, or all."""
    unknown = [name for name in names or () if name not in list(kind)]
    if unknown:
        raise InputError(f"Unknown operation {unknown[0]!r}: expected one of {', '.join(kind)}.")
    return [kind(name) for name in names or kind]
