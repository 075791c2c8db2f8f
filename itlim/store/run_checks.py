"""Checks of runs that come from files: what is accepted is what itlim itself would have written.

Pages and statistics rely on it: on names of enumerations, finite numbers inside their range, and
tokens that are in order and join to the response.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itlim.errors import InputError
from itlim.ids import response_run_id
from itlim.measures import MEASURES
from itlim.schema import RUNS, DecodingMode, FinishReason, ShiftCategory, TuningKind

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Between them, a time can be shown in every time zone."""
_ROUNDING = 1e-6
"""How far a measure may lie outside its range, because of rounding."""
_SHOWN = 60
_AGAIN = "The file was changed after its export, or is damaged. Export it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The numbers that a column may contain, both ends included."""

    least: float
    most: float = inf
    rounding: float = 0.0

    def __str__(self) -> str:
        if self.most == inf:
            return f"a finite number of at least {self.least:g}"
        return f"a number from {self.least:g} to {self.most:g}"


Expected = Between | type[StrEnum]
"""What a column may contain: numbers of a range, or the names of an enumeration."""

_ONE, _ZERO = Between(least=1), Between(least=0)
_PROBABILITY = Between(least=0, most=1, rounding=_ROUNDING)
_OF_RUNS: dict[str, Expected] = {
    "tuning": TuningKind,
    "decoding": DecodingMode,
    "finish_reason": FinishReason,
    "max_new_tokens": _ONE,
    "marginal_above": _ONE,
    "shifted_above": _ONE,
    "top_k": _ONE,
}
_OF_TOKENS: dict[str, Expected] = {
    "token_id": _ZERO,
    "tuned_argmax_id": _ZERO,
    "category": ShiftCategory,
    **{
        one.column: Between(least=one.range[0], most=one.range[1], rounding=_ROUNDING)
        for one in MEASURES
    },
}
_TOP_TOKENS = ("top_base", "top_tuned")
_RESPONSE = ("run_id", "pair", "instruction", "input", "response")


def check_runs(runs: pa.Table) -> None:
    """Check rows of `schema.RUNS`.

    Raises:
        InputError: a value is missing, or not one that itlim writes.
    """
    check_times(runs, "created_at")
    has_models = pc.is_valid(runs["base_hash"])
    measured = runs.filter(has_models)
    is_open = pc.and_(
        pc.is_null(measured["max_new_tokens"]),
        pc.not_equal(measured["decoding"], DecodingMode.PASTED),
    )
    if pc.any(is_open).as_py():
        raise InputError(
            "The run is incomplete: max_new_tokens is null, which only a pasted response may "
            f"have. {_AGAIN}"
        )
    check_complete(measured, optional={"max_new_tokens"})
    check_values(measured, _OF_RUNS)
    _raise_for(
        measured,
        pc.greater(measured["marginal_above"], measured["shifted_above"]),
        "marginal_above",
        "at most shifted_above",
    )
    if any(_has_negative(column) for column in measured["prompt_token_ids"].chunks):
        raise InputError(f"prompt_token_ids contains a negative id. {_AGAIN}")
    given = {field.name for field in RUNS if field.nullable}
    others = runs.filter(pc.invert(has_models))
    check_complete(others, optional=given)
    for name in sorted(given):
        # Without its models, an answer has none of what only they give.
        _raise_for(others, pc.is_valid(others[name]), name, "null, because base_hash is")
    columns = (others[name].to_pylist() for name in _RESPONSE)
    for run_id, *texts in zip(*columns, strict=True):
        if run_id != response_run_id(*texts):
            raise InputError(
                f"The texts are not those of run {_shown(run_id)}: the file was changed after its "
                "export. Export the run again."
            )


def check_tokens(tokens: pa.Table) -> None:
    """Check the values of rows of `schema.TOKEN_SHIFTS`, but not their order.

    Raises:
        InputError: a value is missing, or not one that itlim writes.
    """
    check_complete(tokens)
    check_values(tokens, _OF_TOKENS)
    for name in _TOP_TOKENS:
        _raise_for(tokens, pc.equal(pc.list_value_length(tokens[name]), 0), name, "some tokens")
        flat = pc.list_flatten(tokens[name])
        parts = {part: pc.struct_field(flat, part) for part in ("token_id", "prob")}
        limits: dict[str, Expected] = {"token_id": _ZERO, "prob": _PROBABILITY}
        check_values(pa.table(parts), limits, of=f" in {name}")


def check_response(response: str, tokens: pa.Table) -> None:
    """Check that the tokens of one run are in order and join to its response.

    Args:
        response: the run's response.
        tokens: all rows of the run, with position, text, char_start and char_stop.

    Raises:
        InputError: they are not.
    """
    if tokens["position"].to_pylist() != list(range(tokens.num_rows)):
        raise InputError(
            f"The positions of the tokens are not 0 to {tokens.num_rows - 1} in order. {_AGAIN}"
        )
    texts = tokens["text"].to_pylist()
    joined = "".join(texts)
    if joined != response:
        raise InputError(
            f"The token texts join to {len(joined)} characters that differ from the response of "
            f"{len(response)}: the file was changed after its export. Export the run again."
        )
    places = zip(
        texts, tokens["char_start"].to_pylist(), tokens["char_stop"].to_pylist(), strict=True
    )
    for position, (text, start, stop) in enumerate(places):
        if not 0 <= start <= stop <= len(response) or (text and response[start:stop] != text):
            raise InputError(
                f"Token {position} is said to be at the characters {start} to {stop} of the "
                f"response, where its text is not. {_AGAIN}"
            )


def check_times(table: pa.Table, name: str) -> None:
    """Check that the times of a column can be shown in every time zone; null is accepted.

    Raises:
        InputError: they cannot.
    """
    times = table[name]
    if pc.any(pc.or_(pc.less(times, _FIRST), pc.greater(times, _LAST))).as_py():
        raise InputError(f"{name} is not between the years 1970 and 9998. {_AGAIN}")


def check_complete(table: pa.Table, *, optional: Iterable[str] = ()) -> None:
    """Check that no cell is null, nor a part of one.

    Args:
        table: any table.
        optional: columns that may contain null.

    Raises:
        InputError: a value is missing.
    """
    for name in table.schema.names:
        if name not in optional and any(_has_null(chunk) for chunk in table[name].chunks):
            raise InputError(
                f"The run is incomplete: {name} is null somewhere, expected a value. {_AGAIN}"
            )


def check_values(table: pa.Table, expected: Mapping[str, Expected], *, of: str = "") -> None:
    """Check numbers and names of enumerations; null is accepted.

    Args:
        table: has the columns.
        expected: what each column may contain.
        of: where the columns are, for the message.

    Raises:
        InputError: a column contains another value.
    """
    for name, values in expected.items():
        column = table[name]
        if isinstance(values, Between):
            low, high = values.least - values.rounding, values.most + values.rounding
            number = column.cast(pa.float64())
            inside = pc.and_(pc.greater_equal(number, low), pc.less_equal(number, high))
            # A comparison with NaN is false; the open end excludes infinity here.
            bad = pc.invert(pc.and_(inside, pc.is_finite(number)))
            wanted = str(values)
        else:
            bad = pc.invert(pc.is_in(column, pa.array(list(map(str, values)), pa.string())))
            bad = pc.and_(bad, pc.is_valid(column))
            wanted = "one of " + ", ".join(values)
        _raise_for(table, bad, name, wanted, of)


def require_single(names: Iterable[Any], what: str) -> None:
    """Check that nothing occurs twice.

    Raises:
        InputError: something does.
    """
    seen = set()
    for name in names:
        if name in seen:
            raise InputError(f"{what} {_shown(name)} is there twice, expected once. {_AGAIN}")
        seen.add(name)


def _raise_for(table: pa.Table, bad: Any, name: str, wanted: str, of: str = "") -> None:
    found = table[name].filter(bad)
    if len(found):
        value = _shown(found[0].as_py())
        raise InputError(f"{name}{of} is {value}, expected {wanted}. {_AGAIN}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _has_null(array: pa.Array) -> bool:
    """Whether a cell, or a part of one, has no value."""
    if array.null_count:
        return True
    if pa.types.is_list(array.type):
        return _has_null(array.flatten())
    return pa.types.is_struct(array.type) and any(map(_has_null, array.flatten()))


def _has_negative(array: pa.ListArray) -> bool:
    least = pc.min(array.flatten()).as_py()
    return least is not None and least < 0
