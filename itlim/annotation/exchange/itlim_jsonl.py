"""itlim's own format: one JSON object per line, one line per item and annotator, nothing lost."""

from collections.abc import Sequence

from itlim.annotation.exchange.documents import ExchangeItem, document_of
from itlim.annotation.exchange.files import Parsed, encoded_json, read_lines


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
