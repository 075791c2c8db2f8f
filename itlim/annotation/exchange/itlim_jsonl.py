"""itlim's own format: one JSON object per item and annotator, without loss."""

from collections.abc import Sequence

from itlim.annotation.exchange.documents import ExchangeItem, document_of
from itlim.annotation.exchange.files import Parsed, encoded_json, read_lines


def write(rows: Sequence[ExchangeItem]) -> bytes:
    r"""Write rows in the given order, each followed by `\n`; equal rows give equal bytes.

    Raises:
        InputError: a text or number cannot be represented.
    """
    return "".join(encoded_json(document_of(row)) + "\n" for row in rows).encode()


def read(data: bytes) -> Parsed:
    """Lines of a file; those that are not JSON objects are rejected.

    Raises:
        InputError: the file is not UTF-8, or no line is a JSON object.
    """
    return read_lines(data, "itlim JSONL")
