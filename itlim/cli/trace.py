"""The command `trace`: trace a phrase of a response to training instances, without a store."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itlim.cli.options import (
    Context,
    FullResponse,
    Instruction,
    JsonFlag,
    Nth,
    SpanRange,
    as_utf8,
    parse_span,
    read_response,
)
from itlim.errors import InputError
from itlim.text.messages import plural
from itlim.text.phrases import quoted_span
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

IndexOption = Annotated[list[Path], typer.Option(help="Folder of an index; may be repeated.")]


def trace(
    index: IndexOption,
    instruction: Instruction,
    response: FullResponse,
    input_text: Context = "",
    quote: Annotated[str | None, typer.Option(help="Words of the response to trace.")] = None,
    nth: Nth = 1,
    span: SpanRange = None,
    spans: Annotated[
        bool, typer.Option("--spans", help="List all spans that occur verbatim in the datasets.")
    ] = False,
    lexical_only: Annotated[
        bool, typer.Option("--lexical-only", help="Rank by words only, without an encoder.")
    ] = False,
    top: Annotated[int, typer.Option(help="Number of candidates to list.")] = 10,
    as_json: JsonFlag = False,
) -> None:
    """Find the training instances that words of a response may have been borrowed from.

    Without --quote, --span or --spans, the phrase that is most likely borrowed is traced.
    """
    from itlim.trace import open_index, trace_span, verbatim_spans

    if [quote is not None, span is not None, spans].count(True) > 1:
        raise InputError("Give at most one of --quote, --span and --spans.")
    text = read_response(response)
    asked = asked_text(as_utf8(instruction, "--instruction"), as_utf8(input_text, "--input"))
    opened = [open_index(folder) for folder in index]
    if spans:
        found = verbatim_spans(opened, instruction=asked, response=text)
        _print_spans([_span_document(one, text) for one in found], as_json)
        return
    n_choices = 1
    if span is None and quote is None:
        start, stop, n_choices = _chosen(opened, asked, text)
    else:
        start, stop = parse_span(span) if span is not None else quoted_span(text, quote or "", nth)
    traced = trace_span(
        opened,
        instruction=asked,
        response=text,
        start=start,
        stop=stop,
        top=top,
        lexical_only=lexical_only,
        n_choices=n_choices,
    )
    if as_json:
        from itlim.export import trace_to_json

        typer.echo(trace_to_json(traced), nl=False)
        return
    _print_trace(traced)


def _chosen(
    indexes: "Sequence[TraceIndex]", instruction: str, response: str
) -> tuple[int, int, int]:
    """Start, stop and number of choices of the phrase that is most likely borrowed."""
    from itlim.trace import default_phrase

    found = default_phrase(indexes, instruction=instruction, response=response)
    if found is None:
        raise InputError(
            "No rare word of the response occurs in the datasets: give a phrase with --quote."
        )
    return found.start, found.stop, found.n_choices


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
            f"{one['span'][0]}:{one['span'][1]}\trarity {one['nats']:.1f} nats\t"
            f"{plural(one['n_instances'], 'instance')}\t{kind}\t{one['quote']!r}"
        )
    if not found:
        typer.echo("No span of the response occurs in the datasets, except common words.")


def _print_trace(traced: Any) -> None:
    from itlim.components.trace.wording import verdict_in_words

    typer.echo(verdict_in_words(traced))
    chance = "unknown" if traced.null_p is None else f"{traced.null_p:.2g}"
    if traced.n_choices > 1:
        chance += f", corrected for choosing the phrase among {traced.n_choices}"
    typer.echo(
        f"{traced.quote!r} occurs verbatim {plural(traced.n_occurrences, 'time')} in the datasets. "
        f"Probability of an equally good match by chance: {chance}. "
        f"Equally good candidates: {traced.n_equivalent}."
    )
    for one in traced.candidates:
        copied = " … ".join(
            traced.response[run.span_start : run.span_stop] for run in one.runs if not run.is_fuzzy
        )
        concept = "" if one.concept_cos is None else f", concept {one.concept_cos:.2f}"
        typer.echo(
            f"{one.rank}. {one.instance_id} (line {one.line}, {one.level}): "
            f"evidence {one.evidence_nats:.1f} nats{concept}: {copied!r}\n   {one.instruction}"
        )
