"""The command `counterfactual`: rephrase a question and look for a phrase, without a store."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itlim.cli.options import Context, JsonFlag, Nth, SpanRange, as_utf8, parse_span
from itlim.cli.terminal import ProgressReport
from itlim.disk import whole_file
from itlim.errors import InputError
from itlim.library import load_library
from itlim.records import DEFAULT_MAX_NEW_TOKENS, CounterfactualCase, CounterfactualRow, Request
from itlim.text.messages import plural
from itlim.text.phrases import quoted_span

if TYPE_CHECKING:
    from itlim.causality.rephrasing.wordings import Rephrasing

_ENDINGS = (".html", ".md", ".json")


def counterfactual(
    pair: Annotated[
        str, typer.Option(help="Name of a pair in the library; its tuned model answers.")
    ],
    instruction: Annotated[str, typer.Option(help="The original question.")],
    rephrase: Annotated[
        list[str] | None, typer.Option(help="A rephrased question; may be repeated.")
    ] = None,
    templates: Annotated[
        bool, typer.Option("--templates", help="Ask all rephrasings that templates produce.")
    ] = False,
    quote: Annotated[str | None, typer.Option(help="The phrase, exactly as in the answer.")] = None,
    nth: Nth = 1,
    span: SpanRange = None,
    input_text: Context = "",
    response: Annotated[
        str | None, typer.Option(help="The answer with the phrase; generated if omitted.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="Another pair to ask; may be repeated.")
    ] = None,
    index: Annotated[
        list[Path] | None,
        typer.Option(help="Index to search for other instances; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option(help="Id of a presumed source instance; may be repeated.")
    ] = None,
    concept: Annotated[str, typer.Option(help="What both instructions are about.")] = "",
    max_new_tokens: Annotated[
        int, typer.Option(help="Maximum number of tokens per answer.")
    ] = DEFAULT_MAX_NEW_TOKENS,
    out: Annotated[
        Path | None, typer.Option(help="File for the table: .html, .md or .json.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Rephrase a question and report whether a phrase of the answer recurs."""
    from dataclasses import replace

    from itlim.causality.rephrasing.asking import answers, new_case
    from itlim.causality.rephrasing.table import case_document
    from itlim.models.pair_cache import PairCache
    from itlim.pipeline import Inspection, identify
    from itlim.trace import open_index

    if out is not None and out.suffix not in _ENDINGS:
        raise InputError(f"{out}: expected a name that ends in {', '.join(_ENDINGS)}.")
    if (quote is None) == (span is None):
        raise InputError("Give either --quote or --span to select the phrase in the answer.")
    for text in (instruction, input_text, *(rephrase or ())):
        as_utf8(text, "--instruction, --input or --rephrase")
    wordings = _wordings(instruction, rephrase or [], templates)
    library = load_library()
    chosen = library.pair(pair)
    indexes = [open_index(folder) for folder in index or ()]
    sources = _instances(source or [], indexes)
    request = Request(
        pair=chosen,
        instruction=instruction,
        input=input_text,
        response=response,
        max_new_tokens=max_new_tokens,
    )
    cache = PairCache(capacity=1)
    rows: list[CounterfactualRow] = []
    with ProgressReport(estimates=False) as report:
        run = Inspection(identify(request), cache.get(chosen, report.fraction)).answer()
        start, stop = _phrase(run.response, quote, nth, span)
        case = replace(new_case(run, start, stop), source_ids=tuple(source or ()), concept=concept)
        for name in [pair, *(also or ())]:
            asked = replace(request, pair=library.pair(name))
            loaded = cache.get(asked.pair, report.fraction)
            made = answers(case, wordings, asked, loaded, indexes=indexes, progress=report.fraction)
            rows += [CounterfactualRow(counterfactual=one) for one, _ in made]
    document = case_document(case, rows, sources)
    if out is not None:
        _write(out, document)
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        _show(case, document)


def _wordings(instruction: str, own: list[str], templates: bool) -> "list[Rephrasing]":
    """The rephrasings to ask, without duplicates.

    Raises:
        InputError: there is none.
    """
    from itlim.causality.rephrasing.wordings import OWN_WORDS, Rephrasing, rephrasings

    proposed = rephrasings(instruction) if templates else []
    typed = [Rephrasing(template=OWN_WORDS, text=text) for text in own]
    wordings = {one.text.casefold(): one for one in [*proposed, *typed]}
    if not wordings:
        raise InputError(
            "No rephrasing was given: give --rephrase (the paper used 2), or --templates."
        )
    return list(wordings.values())


def _phrase(text: str, quote: str | None, nth: int, span: str | None) -> tuple[int, int]:
    """Code-point range of the phrase; errors show the answer, which may be newly generated."""
    if span is not None:
        return parse_span(span)
    try:
        return quoted_span(text, quote or "", nth)
    except InputError as error:
        raise InputError(f"{error} The response is: {text!r}") from error


def _instances(ids: list[str], indexes: list[Any]) -> dict[str, dict[str, Any]]:
    """The rows of the named instances.

    Raises:
        InputError: an id does not belong to any of the indexes.
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
    with whole_file(out) as draft:
        draft.write_text(write(document), encoding="utf-8")


def _show(case: CounterfactualCase, document: dict[str, Any]) -> None:
    from itlim.causality.rephrasing.formats import CREDIT

    typer.echo(f"{case.pair}: {case.response}\nphrase: {case.quote!r}")
    for one in document["counterfactuals"]:
        typer.echo(f"\n{one['mark']} {one['pair']}, {one['template']}: {one['instruction']}")
        typer.echo(f"  {one['response']}")
        for place in one["borrowed_elsewhere"] or ():
            typer.echo(f"  {place['quote']!r} occurs in {', '.join(place['instance_ids'][:3])}")
    for one in document["survival"]:
        low, high = one["interval"]
        typer.echo(
            f"\n{one['pair']}: the phrase recurs in {one['recurs']} of "
            f"{plural(one['n'], 'answer')} (95% interval {low:.0%} to {high:.0%})"
        )
    typer.echo(f"\n{CREDIT}")
