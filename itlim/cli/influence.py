"""The command `influence`: compare the gradients of a phrase and of training instances."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer

from itlim.causality.influence.span_influence import SpanInfluence, candidate_table, span_influence
from itlim.cli.options import (
    Adapter,
    BaseModel,
    Context,
    FullResponse,
    Instruction,
    JsonFlag,
    Nth,
    PairName,
    SpanRange,
    Template,
    TunedModel,
    as_utf8,
    parse_span,
    read_response,
)
from itlim.cli.terminal import ProgressReport, echo_report
from itlim.datasets import read_dataset
from itlim.errors import InputError
from itlim.library import load_library, resolve_pair
from itlim.records import Pair
from itlim.text.messages import plural
from itlim.text.phrases import quoted_span
from itlim.text.prompts import asked_text

MAX_WITHOUT_IDS = 2000
"""Largest dataset of which all instances are compared if no ids are given."""
_COLUMNS = ("instance_id", "dataset", "source_line", "instruction", "input", "response")


def influence(
    instruction: Instruction,
    response: FullResponse,
    pair: PairName = None,
    base: BaseModel = None,
    tuned: TunedModel = None,
    adapter: Adapter = None,
    template: Template = None,
    input_text: Context = "",
    quote: Annotated[str | None, typer.Option(help="Words of the response to explain.")] = None,
    nth: Nth = 1,
    span: SpanRange = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="File, folder, hub id or library name; the pair's dataset if omitted."),
    ] = None,
    instances: Annotated[str, typer.Option(help="Comma-separated instance ids.")] = "",
    index: Annotated[
        Path | None, typer.Option(help="Folder of an index; compares the candidates of a trace.")
    ] = None,
    shortlist: Annotated[
        int, typer.Option(help="Number of candidates of the trace to compare.", min=1)
    ] = 20,
    parameters: Annotated[
        str,
        typer.Option(
            help="Weights to differentiate: auto, all, last-layer, adapter or projection."
        ),
    ] = "auto",
    top: Annotated[int, typer.Option(help="Number of instances to list.", min=1)] = 10,
    as_json: JsonFlag = False,
) -> None:
    """Compare the gradients of a phrase and of training instances at the tuned weights."""
    if (quote is None) == (span is None):
        raise InputError("Give either --quote or --span to select the phrase to explain.")
    text = read_response(response)
    asked = as_utf8(instruction, "--instruction")
    place = parse_span(span) if span is not None else quoted_span(text, quote or "", nth)
    if not 0 <= place[0] < place[1] <= len(text):
        raise InputError(
            f"Span {place[0]}:{place[1]} is empty or outside the response of {len(text)} "
            f"characters: give START:STOP with 0 <= START < STOP <= {len(text)}."
        )
    chosen = resolve_pair(pair, base, tuned, adapter, template)
    ids = tuple(dict.fromkeys(part.strip() for part in instances.split(",") if part.strip()))
    if index is not None:
        if ids or dataset:
            raise InputError("Give either --index or --dataset with --instances, not both.")
        rows = _traced(index, asked_text(asked, input_text), text, place, shortlist)
    else:
        rows = _of_dataset(chosen, dataset, ids)
    found = _measured(chosen, (asked, input_text), text, place, rows, parameters)
    document = _document(found, rows, place, text, top)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1))
    else:
        _print(document)


def _traced(
    folder: Path, instruction: str, response: str, span: tuple[int, int], shortlist: int
) -> pa.Table:
    """The best candidates of a trace; `source_line` is the line in the dataset's file."""
    from itlim.trace import open_index, trace_span

    traced = trace_span(
        [open_index(folder)],
        instruction=instruction,
        response=response,
        start=span[0],
        stop=span[1],
        top=shortlist,
    )
    if not traced.candidates:
        raise InputError(
            f"No instance of {folder} contains a rare word of {traced.quote!r}: name instances "
            "with --dataset and --instances instead."
        )
    table = candidate_table(traced.candidates)
    for name, column in (("dataset", "dataset"), ("source_line", "line")):
        table = table.append_column(
            name, pa.array([getattr(one, column) for one in traced.candidates])
        )
    return table.select(_COLUMNS)


def _of_dataset(pair: Pair, dataset: str | None, ids: Sequence[str]) -> pa.Table:
    """The named instances of a dataset, or all instances of a small one."""
    name = dataset or pair.dataset
    if name is None:
        raise InputError(
            f"The library does not name the dataset that {pair.name} was tuned on: name it with "
            "--dataset, or give --index."
        )
    entry = load_library().dataset_at(name)
    with ProgressReport() as report:
        read = read_dataset(
            entry.located(),
            entry.name,
            format=entry.format,
            mapping=entry.mapping,
            progress=report.fraction,
        )
    echo_report(read.report, entry.located())
    table = read.table.select(_COLUMNS)
    if not ids:
        if len(table) > MAX_WITHOUT_IDS:
            raise InputError(
                f"{entry.name} has {len(table):,} instances, too many to compare one by one: name "
                "some with --instances, or give --index to compare the candidates of a trace."
            )
        return table
    known = table.filter(pc.is_in(table["instance_id"], pa.array(ids, pa.string())))
    unknown = set(ids) - set(known["instance_id"].to_pylist())
    if unknown:
        raise InputError(
            f"No instance {', '.join(sorted(unknown))} in {entry.name}: ids look like "
            f"{table['instance_id'][0].as_py()}."
        )
    return known


def _measured(
    pair: Pair,
    asked: tuple[str, str],
    response: str,
    span: tuple[int, int],
    rows: pa.Table,
    parameters: str,
) -> SpanInfluence:
    from itlim.causality.influence.gradients import span_target
    from itlim.causality.influence.parameters import ParameterChoice
    from itlim.models.huggingface import load_pair

    if parameters not in list(ParameterChoice):
        raise InputError(
            f"Unknown parameters {parameters!r}: expected one of {', '.join(ParameterChoice)}."
        )
    with ProgressReport(unit="gradient") as report:
        loaded = load_pair(pair)
        target = span_target(
            loaded, loaded.render(*asked).token_ids, loaded.encode_response(response), *span
        )
        return span_influence(
            loaded,
            target,
            rows,
            parameters=ParameterChoice(parameters),
            progress=_ProgressWithEstimate(report, len(rows)),
        )


class _ProgressWithEstimate:
    """Prints the estimated time once, after the first gradient, and reports progress."""

    def __init__(self, report: ProgressReport, n_instances: int) -> None:
        self._report, self._n, self._has_printed = report, n_instances, False

    def __call__(self, done: int, total: int, left: str) -> None:
        if not self._has_printed:
            self._has_printed = True
            typer.echo(f"Instances to compare: {self._n:,}, {left}", err=True)
        self._report.steps(done, total, left)


def _document(
    found: SpanInfluence, rows: pa.Table, span: tuple[int, int], text: str, top: int
) -> dict[str, Any]:
    by_id: Mapping[str, dict[str, Any]] = {row["instance_id"]: row for row in rows.to_pylist()}
    best = sorted(found.by_instance.items(), key=lambda item: -item[1].cosine)[:top]
    return {
        "span": list(span),
        "quote": text[span[0] : span[1]],
        "parameters": found.parameters,
        "n_parameters": found.n_parameters,
        "n_instances": len(found.by_instance),
        "left_out": list(found.left_out),
        "seconds": round(found.seconds, 3),
        "candidates": [
            {
                "rank": rank,
                "instance_id": name,
                "dataset": by_id[name]["dataset"],
                "line": by_id[name]["source_line"],
                "cosine": one.cosine,
                "dot": one.dot,
                "instruction": by_id[name]["instruction"],
                "response": by_id[name]["response"],
            }
            for rank, (name, one) in enumerate(best, start=1)
        ],
    }


def _print(document: Mapping[str, Any]) -> None:
    typer.echo(
        f"{document['quote']!r}: {plural(document['n_instances'], 'instance')} compared over "
        f"{document['n_parameters']:,} weights ({document['parameters']}), "
        f"{document['seconds']:.1f} s"
    )
    if document["left_out"]:
        names = ", ".join(document["left_out"])
        typer.echo(f"Omitted, longer than the model's context: {names}")
    for one in document["candidates"]:
        typer.echo(
            f"{one['rank']}. {one['instance_id']} (line {one['line']}): cosine "
            f"{one['cosine']:.3f}, dot {one['dot']:.3g}\n   {one['instruction']}"
        )
