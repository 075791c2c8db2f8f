"""Collect instances into batches of the INSTANCES table, with bounded memory."""

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from itlim.schema import INSTANCES

_quoted = json.encoder.encode_basestring
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, allow_nan=False)
MAX_BATCH_ROWS = 4096
MAX_BATCH_CHARACTERS = 2**22
"""Limits the memory of a batch for rows of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields of one instance, independent of the source format."""

    instruction: str
    input: str
    response: str
    extra: dict[str, Any]


def content_sha256(instruction: str, input: str, response: str) -> str:
    """Hash of the three texts of an instance; equal for exact duplicates with different ids.

    The hash is that of a JSON list, which is assembled by hand because datasets have millions of
    instances.
    """
    content = f"[{_quoted(instruction)}, {_quoted(input)}, {_quoted(response)}]"
    return hashlib.sha256(content.encode()).hexdigest()


class BatchBuilder:
    """Collects instances of one dataset until a batch is full.

    Args:
        dataset: name of the dataset, in instance ids.
        max_rows: number of rows at which a batch is full.
        max_characters: number of characters at which a batch is full.
    """

    def __init__(
        self,
        dataset: str,
        *,
        max_rows: int = MAX_BATCH_ROWS,
        max_characters: int = MAX_BATCH_CHARACTERS,
    ) -> None:
        self._dataset = dataset
        self._max_rows, self._max_characters = max_rows, max_characters
        self._rows: list[tuple[Any, ...]] = []
        self._characters = 0

    @property
    def is_full(self) -> bool:
        return len(self._rows) >= self._max_rows or self._characters >= self._max_characters

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, number: int, line: int, outcome: Fields | str) -> str:
        """Append an instance with its 1-based number.

        Returns:
            The reason why it was not appended; empty if it was.
        """
        if isinstance(outcome, str):
            return outcome
        texts = (outcome.instruction, outcome.input, outcome.response)
        try:
            digest = content_sha256(*texts)
        except UnicodeEncodeError:
            return "half a surrogate pair (such as \\ud800), which is not a character"
        extra = as_json(outcome.extra) if outcome.extra else "{}"
        instance_id = f"{self._dataset}-{number}"
        # Same order as schema.INSTANCES.
        self._rows.append((instance_id, digest, self._dataset, line, *texts, extra))
        self._characters += sum(map(len, texts)) + len(extra)
        return ""

    def take(self) -> pa.RecordBatch:
        """Return the collected instances as a `schema.INSTANCES` batch and clear the builder."""
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in INSTANCES)
        arrays = [
            pa.array(list(values), type=field.type)
            for values, field in zip(columns, INSTANCES, strict=True)
        ]
        self._rows, self._characters = [], 0
        return pa.RecordBatch.from_arrays(arrays, schema=INSTANCES)


def as_json(extra: dict[str, Any]) -> str:
    """Fields as a JSON object; values that JSON cannot represent become text or null."""
    try:
        text = _ENCODER.encode(extra)
        text.encode()
    except (TypeError, ValueError):
        return json.dumps(_jsonable(extra), sort_keys=True)
    return text


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)
