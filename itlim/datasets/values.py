"""The values of a row: which count as missing, and how they become text.

Formats differ in how they say that a row lacks a value: JSON omits the key or has null, Parquet has
null, CSV has an empty field, and pandas writes NaN. Readers treat all of them alike.
"""

import ast
import json
import math
import re
import warnings
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

_SCALARS = (bool, int, float, Decimal, date, time, timedelta)
# Longer texts are not parsed as Python: its parser needs much more memory than that of JSON.
_MAX_PYTHON_CHARACTERS = 2**22
# numpy separates the objects of an array by line breaks alone, which texts contain only as \\n.
_BETWEEN_ROWS = re.compile(r"\}[ ]*\n[ ]*\{")


def is_null(value: Any) -> bool:
    """Whether a value says that there is none: null or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_filled(value: Any) -> bool:
    """Whether a value contains anything: not null, not NaN, not blank, not empty.

    >>> [is_filled(one) for one in (None, float("nan"), " ", [], b"")], is_filled(0)
    ([False, False, False, False, False], True)
    """
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    if value is None or isinstance(value, list | dict | bytes):
        return bool(value)
    return not is_null(value)


def as_text(value: Any) -> str | None:
    """A scalar as text; None for lists, objects and bytes that are not UTF-8.

    Parquet files of some writers contain texts as bytes.

    >>> as_text("a"), as_text(3), as_text(b"b"), as_text(["c"])
    ('a', '3', 'b', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return str(value) if isinstance(value, _SCALARS) else None


def without_nulls(value: Any) -> Any:
    """A value without the keys that Parquet adds to objects: those that are null.

    >>> without_nulls({"a": None, "b": [{"c": None, "d": 1}]})
    {'b': [{'d': 1}]}
    """
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if not is_null(item)}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def as_json_text(value: Any) -> str:
    """A nested value as JSON that does not depend on the order of keys; a text as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(without_nulls(value), ensure_ascii=False, sort_keys=True, default=str)


def parsed(value: Any) -> Any:
    """A list or an object that a text contains, as in the cells of a CSV file; others unchanged.

    The text is JSON, or Python or numpy as `to_csv` of pandas and of datasets writes it.

    >>> parsed('[{"role": "user"}]'), parsed("[{'role': None}]"), parsed("[1")
    ([{'role': 'user'}], [{'role': None}], '[1')
    """
    if isinstance(value, bytes):
        value = as_text(value)
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        pass
    if len(value) > _MAX_PYTHON_CHARACTERS:
        return value
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            found = ast.literal_eval(_BETWEEN_ROWS.sub("}, {", value.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value
    return found if isinstance(found, list | dict) else value


def as_list(value: Any) -> list[Any] | None:
    """A list, also as text or as an object of columns, such as `{"role": [...], "content": [...]}`.

    Null elements are dropped from lists of objects, in which Parquet pads them. Lists of texts keep
    them, because in them the position says who speaks.
    """
    value = parsed(value)
    if isinstance(value, dict) and value and all(isinstance(one, list) for one in value.values()):
        lengths = {len(column) for column in value.values()}
        if len(lengths) == 1:
            rows = zip(*value.values(), strict=True)
            return [dict(zip(value, row, strict=True)) for row in rows]
    if not isinstance(value, list):
        return None
    if any(isinstance(item, Mapping) for item in value):
        return [item for item in value if not is_null(item) and without_nulls(item) != {}]
    return value
