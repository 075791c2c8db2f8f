"""itlim's own format: one JSON object a line, an item × annotator each, nothing lost."""

from collections.abc import Sequence

from itlim.annotation.exchange.documents import Parsed, document_of
from itlim.annotation.exchange.fields import decoded, encoded_json, parsed_json
from itlim.annotation.exchange.rows import ExchangeItem
from itlim.errors import InputError


def write(rows: Sequence[ExchangeItem]) -> bytes:
    r"""Rows in the order given, `\n` after each; the same rows give the same bytes.

    Raises:
        InputError: a text or number that JSON as UTF-8 cannot hold.
    """
    return "".join(encoded_json(document_of(row)) + "\n" for row in rows).encode()


def read(data: bytes) -> Parsed:
    """Lines of a file; those that are no JSON objects are refused.

    Raises:
        InputError: not UTF-8, or not one line is a JSON object.
    """
    return read_lines(data, "itlim JSONL")


def read_lines(data: bytes, what: str) -> Parsed:
    """Objects of a JSONL file, or of one JSON list."""
    text = decoded(data, what)
    parsed = Parsed()
    # Not splitlines: U+2028 and others that it splits at may stand inside a JSON text.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            document = parsed_json(line)
        except InputError as error:
            parsed.refuse(number, error)
            continue
        if isinstance(document, dict):
            parsed.documents.append((number, document))
        else:
            parsed.refuse(number, f"expected a JSON object, received {type(document).__name__}")
    if parsed.refused and not parsed.documents:
        first = parsed.refused[0]
        raise InputError(
            f"Not {what}: expected one JSON object a line, but line {first.row_number} is "
            f"{first.reason}. Choose the format that the file was exported in."
        )
    return parsed
