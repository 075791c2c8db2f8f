"""The command `counterfactual`: the same question in other words, without a store."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itlim.cli.options import as_utf8, parsed_span
from itlim.cli.terminal import ProgressBar
from itlim.errors import InputError
from itlim.library import load_library
from itlim.records import DEFAULT_MAX_NEW_TOKENS, CounterfactualCase, CounterfactualRow, Request
from itlim.text.phrases import quoted_span

if TYPE_CHECKING:
    from itlim.causality.rephrasing.wordings import Rephrasing

_ENDINGS = (".html", ".md", ".json")


def counterfactual(
    pair: Annotated[str, typer.Option(help="A pair of the library; its tuned model answers.")],
    instruction: Annotated[str, typer.Option(help="The question as it was asked.")],
    rephrase: Annotated[
        list[str] | None, typer.Option(help="The same in other words; may be repeated.")
    ] = None,
    templates: Annotated[
        bool, typer.Option("--templates", help="Ask all wordings that templates propose.")
    ] = False,
    quote: Annotated[str | None, typer.Option(help="The phrase, as the answer has it.")] = None,
    nth: Annotated[int, typer.Option(help="Which occurrence of the quote, from 1.")] = 1,
    span: Annotated[
        str | None, typer.Option(help="START:STOP in code points, half-open, instead of --quote.")
    ] = None,
    input_text: Annotated[str, typer.Option("--input", help="Context to the instruction.")] = "",
    response: Annotated[
        str | None, typer.Option(help="The answer to take the phrase from; else it is generated.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="A further pair to ask; may be repeated.")
    ] = None,
    index: Annotated[
        list[Path] | None, typer.Option(help="Index in which other instances are looked for.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Id of an instance held responsible.")
    ] = None,
    concept: Annotated[str, typer.Option(help="What both instructions talk about.")] = "",
    max_new_tokens: Annotated[
        int, typer.Option(help="Limit of the answers.")
    ] = DEFAULT_MAX_NEW_TOKENS,
    out: Annotated[
        Path | None, typer.Option(help="Write the table here: .html, .md or .json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask a question in other words, and see whether a phrase of the answer comes back."""
    from dataclasses import replace

    from itlim.causality.rephrasing.asking import answers, new_case
    from itlim.causality.rephrasing.table import case_document
    from itlim.models.pair_cache import PairCache
    from itlim.pipeline import Inspection, identify
    from itlim.trace import open_index

    if out is not None and out.suffix not in _ENDINGS:
        raise InputError(f"{out}: expected a name that ends in {', '.join(_ENDINGS)}.")
    if (quote is None) == (span is None):
        raise InputError("Give either --quote or --span: which words of the answer?")
    for text in (instruction, input_text, *(rephrase or ())):
        as_utf8(text, "--instruction, --input or --rephrase")
    wordings = _wordings(instruction, rephrase or [], templates)
    library = load_library()
    chosen = library.pair(pair)
    indexes = [open_index(folder) for folder in index or ()]
    held = _instances(source or [], indexes)
    request = Request(
        pair=chosen,
        instruction=instruction,
        input=input_text,
        response=response,
        max_new_tokens=max_new_tokens,
    )
    bar, cache = ProgressBar(), PairCache(capacity=1)
    rows: list[CounterfactualRow] = []
    try:
        run = Inspection(identify(request), cache.get(chosen, bar.fraction)).answer()
        start, stop = _phrase(run.response, quote, nth, span)
        case = replace(new_case(run, start, stop), source_ids=tuple(source or ()), concept=concept)
        for name in [pair, *(also or ())]:
            asked = replace(request, pair=library.pair(name))
            loaded = cache.get(asked.pair, bar.fraction)
            made = answers(case, wordings, asked, loaded, indexes=indexes, progress=bar.fraction)
            rows += [CounterfactualRow(counterfactual=one) for one, _ in made]
    finally:
        bar.close()
    document = case_document(case, rows, held)
    if out is not None:
        _write(out, document)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        _show(case, document)


def _wordings(instruction: str, own: list[str], templates: bool) -> "list[Rephrasing]":
    """What to ask, each wording once.

    Raises:
        InputError: nothing.
    """
    from itlim.causality.rephrasing.wordings import OWN_WORDS, Rephrasing, rephrasings

    proposed = rephrasings(instruction) if templates else []
    typed = [Rephrasing(template=OWN_WORDS, text=text) for text in own]
    wordings = {one.text.casefold(): one for one in [*proposed, *typed]}
    if not wordings:
        raise InputError(
            "Nothing to ask: give --rephrase (the paper asked 2 ways), or --templates."
        )
    return list(wordings.values())


def _phrase(text: str, quote: str | None, nth: int, span: str | None) -> tuple[int, int]:
    """Code points of the phrase in an answer that nobody has seen yet."""
    if span is not None:
        return parsed_span(span)
    try:
        return quoted_span(text, quote or "", nth)
    except InputError as error:
        raise InputError(f"{error} It is: {text!r}") from error


def _instances(ids: list[str], indexes: list[Any]) -> dict[str, dict[str, Any]]:
    """The rows of the instances named.

    Raises:
        InputError: an id belongs to none of the indexes.
        NotFoundError: the index has no such row.
    """
    by_name = {index.dataset: index for index in indexes}
    rows = {}
    for one in ids:
        name, _, number = one.rpartition("-")
        if name not in by_name or not number.isdecimal():
            raise InputError(
                f"--source {one!r}: expected an id such as demo-12 of one of the indexes given "
                f"with --index ({', '.join(by_name) or 'none'})."
            )
        index = by_name[name]
        rows[one] = index.instance_at(index.instances.position(int(number)))
    return rows


def _write(out: Path, document: dict[str, Any]) -> None:
    from itlim.causality.rephrasing.formats import case_to_html, case_to_json, case_to_markdown

    write = {".html": case_to_html, ".md": case_to_markdown, ".json": case_to_json}[out.suffix]
    try:
        out.write_text(write(document), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror}. Name another file."
        ) from error


def _show(case: CounterfactualCase, document: dict[str, Any]) -> None:
    from itlim.causality.rephrasing.formats import CREDIT

    typer.echo(f"{case.pair}: {case.response}\nphrase: {case.quote!r}")
    for one in document["counterfactuals"]:
        typer.echo(f"\n{one['mark']} {one['pair']}, {one['template']}: {one['instruction']}")
        typer.echo(f"  {one['response']}")
        for place in one["borrowed_elsewhere"] or ():
            typer.echo(f"  {place['quote']!r} stands in {', '.join(place['instance_ids'][:3])}")
    for one in document["survival"]:
        low, high = one["interval"]
        typer.echo(
            f"\n{one['pair']}: recurs in {one['recurs']} of {one['n']} answers "
            f"(95% {low:.0%} to {high:.0%})"
        )
    typer.echo(f"\n{CREDIT}")
