"""What several commands read from their options: a pair, a response, a span in code points."""

import typer

from itlim.errors import InputError


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
