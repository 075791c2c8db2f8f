"""Read a record from the JSON object that `dataclasses.asdict` gave, and check its types."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

_Record = TypeVar("_Record")
_SHOWN = 60
_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""By dataclass, because making one takes long."""


def record_of(kind: type[_Record], document: Any) -> _Record:
    """A record of this dataclass; records and tuples inside it are read as well.

    Args:
        kind: the dataclass.
        document: what `json.loads` returned.

    Raises:
        ValueError: a field is missing or has another type; the message is one line.
    """
    try:
        # As JSON, because its strict reading knows that tuples are lists, and times texts.
        text = json.dumps(document, allow_nan=False)
        if kind not in _ADAPTERS:
            _ADAPTERS[kind] = TypeAdapter(kind)
        record: _Record = _ADAPTERS[kind].validate_json(text, strict=True)
        return record
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        received = repr(first["input"])[:_SHOWN]
        raise ValueError(f"{place}: {first['msg']}, received {received}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
