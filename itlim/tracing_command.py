"""The command `trace`: from a phrase of a response to training instances, without a store."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from itlim.errors import InputError

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
    text = _standard_input() if response == "-" else _as_utf8(response, "--response")
    _as_utf8(instruction, "--instruction")
    opened = [open_index(folder) for folder in index]
    if spans:
        found = verbatim_spans(opened, instruction=instruction, response=text)
        _print_spans([_span_document(one, text) for one in found], as_json)
        return
    start, stop = _parsed_span(span) if span is not None else _quoted(text, quote or "", nth)
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


def _standard_input() -> str:
    """All of it, carriage returns included: offsets count what was given.

    Raises:
        InputError: it is not UTF-8.
    """
    try:
        return typer.get_binary_stream("stdin").read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Standard input is not UTF-8 at byte {error.start}: convert it first."
        ) from error


def _as_utf8(text: str, option: str) -> str:
    """The text, once it is known that it can be printed again.

    Raises:
        InputError: bytes of the shell that are not UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{option} is not UTF-8 at character {error.start}: convert it first."
        ) from error
    return text


def _parsed_span(text: str) -> tuple[int, int]:
    start, colon, stop = text.partition(":")
    if not (colon and start.strip().isdecimal() and stop.strip().isdecimal()):
        raise InputError(f"--span {text!r}: expected START:STOP, two numbers, such as 12:27.")
    return int(start), int(stop)


def _quoted(text: str, quote: str, nth: int) -> tuple[int, int]:
    """Where the nth occurrence of a quote stands.

    Raises:
        InputError: the quote is empty, or does not occur so often.
    """
    if not quote or nth < 1:
        raise InputError(f"--quote {quote!r} --nth {nth}: expected words and a number from 1.")
    start = -1
    for seen in range(nth):
        start = text.find(quote, start + 1)
        if start < 0:
            raise InputError(
                f"The quote {quote!r} occurs {seen} times in the response, not {nth}: copy it "
                "from the response as it stands there."
            )
    return start, start + len(quote)


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
