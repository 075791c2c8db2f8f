"""The command `trace`: from a phrase of a response to training instances, without a store."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from itlim.cli.options import as_utf8, given_response, parsed_span
from itlim.errors import InputError
from itlim.text.phrases import quoted_span

IndexOption = Annotated[list[Path], typer.Option(help="Folder of an index; may be repeated.")]


def trace(
    index: IndexOption,
    instruction: Annotated[str, typer.Option(help="What the response answers.")],
    response: Annotated[str, typer.Option(help="The whole response; - reads standard input.")],
    quote: Annotated[str | None, typer.Option(help="Words of the response to trace.")] = None,
    nth: Annotated[int, typer.Option(help="Which occurrence of the quote, from 1.")] = 1,
    span: Annotated[
        str | None, typer.Option(help="START:STOP in code points, half-open, instead of --quote.")
    ] = None,
    spans: Annotated[
        bool, typer.Option("--spans", help="List what stands verbatim in the datasets.")
    ] = False,
    lexical_only: Annotated[
        bool, typer.Option("--lexical-only", help="Rank by words alone; loads no encoder.")
    ] = False,
    top: Annotated[int, typer.Option(help="Candidates to list.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the training instances that words of a response may have been borrowed from."""
    from itlim.trace import open_index, trace_span, verbatim_spans

    if [quote is not None, span is not None, spans].count(True) != 1:
        raise InputError("Give one of --quote, --span and --spans: what shall be traced?")
    text = given_response(response)
    as_utf8(instruction, "--instruction")
    opened = [open_index(folder) for folder in index]
    if spans:
        found = verbatim_spans(opened, instruction=instruction, response=text)
        _print_spans([_span_document(one, text) for one in found], as_json)
        return
    start, stop = parsed_span(span) if span is not None else quoted_span(text, quote or "", nth)
    traced = trace_span(
        opened,
        instruction=instruction,
        response=text,
        start=start,
        stop=stop,
        top=top,
        lexical_only=lexical_only,
    )
    if as_json:
        from itlim.export import trace_to_json

        typer.echo(trace_to_json(traced), nl=False)
        return
    _print_trace(traced)


def _span_document(span: Any, text: str) -> dict[str, Any]:
    from dataclasses import asdict

    document = asdict(span)
    start, stop = document.pop("start"), document.pop("stop")
    return {"span": [start, stop], "quote": text[start:stop], **document}


def _print_spans(found: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"spans": found}, ensure_ascii=False, indent=1))
        return
    for one in found:
        kind = "style" if one["is_style"] else "content"
        typer.echo(
            f"{one['span'][0]}:{one['span'][1]}\t{one['nats']:.1f} nats\t"
            f"{one['n_instances']} instances\t{kind}\t{one['quote']!r}"
        )
    if not found:
        typer.echo("No stretch of the response stands in the datasets, beyond common words.")


def _print_trace(traced: Any) -> None:
    chance = "unknown" if traced.null_p is None else f"{traced.null_p:.2g}"
    typer.echo(
        f"{traced.quote!r}: chance {chance}, {traced.n_equivalent} equally good, "
        f"{traced.n_occurrences} verbatim in all"
    )
    for one in traced.candidates:
        copied = " … ".join(
            traced.response[run.span_start : run.span_stop] for run in one.runs if not run.is_fuzzy
        )
        concept = "" if one.concept_cos is None else f", concept {one.concept_cos:.2f}"
        typer.echo(
            f"{one.rank}. {one.instance_id} (line {one.line}, {one.level}): "
            f"{one.evidence_nats:.1f} nats{concept}: {copied!r}\n   {one.instruction}"
        )
    if not traced.candidates:
        typer.echo("No source found: no rare word of the span stands in the datasets.")
