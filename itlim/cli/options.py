"""What several commands read from their options: a pair, a response, a span in code points."""

from dataclasses import replace

import typer

from itlim.errors import InputError
from itlim.library import load_library
from itlim.records import ModelSource, Pair


def chosen_pair(
    name: str | None,
    base: str | None,
    tuned: str | None,
    adapter: str | None,
    template: str | None,
    dtype: str = "auto",
    device: str = "auto",
) -> Pair:
    """The pair of `--pair`, or of `--base` with `--tuned` or `--adapter`.

    Raises:
        InputError: both, neither, or only half of that; or an unknown template.
        NotFoundError: the library has no such pair.
    """
    library = load_library()
    chosen = None if template is None else library.template(template)
    if name is not None:
        if base or tuned or adapter:
            raise InputError("Give either --pair or --base with --tuned or --adapter, not both.")
        pair = library.pair(name)
        return replace(pair, template=chosen) if chosen else pair
    if base is None or (tuned is None) == (adapter is None):
        raise InputError("Give --pair NAME, or --base with either --tuned or --adapter.")

    def source(path: str) -> ModelSource:
        return ModelSource(path=path, dtype=dtype, device=device)

    return Pair(
        name=f"{base} → {tuned or adapter}",
        base=source(base),
        tuned=source(tuned) if tuned else None,
        adapter=source(adapter) if adapter else None,
        template=chosen or "alpaca",
    )


def given_response(text: str) -> str:
    """The response; `-` reads standard input.

    Raises:
        InputError: it is not UTF-8.
    """
    return standard_input() if text == "-" else as_utf8(text, "--response")


def standard_input() -> str:
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


def as_utf8(text: str, option: str) -> str:
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


def parsed_span(text: str) -> tuple[int, int]:
    """The two numbers of START:STOP.

    Raises:
        InputError: it is something else.
    """
    start, colon, stop = text.partition(":")
    if not (colon and start.strip().isdecimal() and stop.strip().isdecimal()):
        raise InputError(f"--span {text!r}: expected START:STOP, two numbers, such as 12:27.")
    return int(start), int(stop)


def quoted_span(text: str, quote: str, nth: int) -> tuple[int, int]:
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
