"""Parsing of options that several commands share: a response, and a span in code points."""

from typing import Annotated

import typer

from itlim.errors import InputError

PairName = Annotated[str | None, typer.Option(help="Name of a pair in the library.")]
BaseModel = Annotated[str | None, typer.Option(help="Base model: folder, .gguf file or hub id.")]
TunedModel = Annotated[str | None, typer.Option(help="Tuned model: folder, .gguf file or hub id.")]
Adapter = Annotated[str | None, typer.Option(help="PEFT adapter of the base.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps; auto prefers a GPU.")]
Template = Annotated[
    str | None,
    typer.Option(help="Prompt template; the one of the pair or of its training if omitted."),
]
Context = Annotated[str, typer.Option("--input", help="Optional context for the instruction.")]
Nth = Annotated[int, typer.Option(help="Occurrence of the quote, counted from 1.")]
SpanRange = Annotated[
    str | None, typer.Option(help="Half-open START:STOP in code points; replaces --quote.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Instruction = Annotated[str, typer.Option(help="The instruction that the response answers.")]
FullResponse = Annotated[str, typer.Option(help="The full response; - reads standard input.")]


def read_response(text: str) -> str:
    """The response given with `--response`; `-` reads standard input.

    Raises:
        InputError: the text is not UTF-8.
    """
    return read_standard_input() if text == "-" else as_utf8(text, "--response")


def read_standard_input() -> str:
    """Read standard input completely and keep carriage returns, so that offsets are exact.

    Raises:
        InputError: the input is not UTF-8.
    """
    try:
        return typer.get_binary_stream("stdin").read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Standard input is not UTF-8 at byte {error.start}: convert it first."
        ) from error


def as_utf8(text: str, option: str) -> str:
    """Check that an argument can be encoded as UTF-8, and return it.

    Raises:
        InputError: the shell passed bytes that are not UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{option} is not UTF-8 at character {error.start}: convert it first."
        ) from error
    return text


def parse_span(text: str) -> tuple[int, int]:
    """Parse START:STOP.

    Raises:
        InputError: the text does not have this form.
    """
    start, colon, stop = text.partition(":")
    if not (colon and start.strip().isdecimal() and stop.strip().isdecimal()):
        raise InputError(f"--span {text!r}: expected START:STOP, two numbers, such as 12:27.")
    return int(start), int(stop)
