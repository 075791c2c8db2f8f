"""Numbers from ratings, computed once per set of ratings: bootstraps take seconds."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import streamlit as st

from itlim.findings.estimates import Estimate
from itlim.findings.reviewed import Reviewed
from itlim.records.ratings import Aspect

if TYPE_CHECKING:
    from itlim.remedies.calibration import Calibration
    from itlim.remedies.judge_scores import RatingMean, TaskMean

_MAX_ENTRIES = 20


def rating_means(table: pa.Table) -> "list[RatingMean]":
    """Means by pair and aspect of `records.ratings.JUDGE_RATINGS` rows."""
    return _rating_means(_key(table), table)


def task_means(table: pa.Table) -> "list[TaskMean]":
    """Means by pair and task."""
    return _task_means(_key(table), table)


def overall_scores(pairs: Sequence[str], table: pa.Table) -> dict[str, Estimate]:
    """The mean score of each of these pairs over all aspects."""
    return _overall_scores((_key(table), tuple(pairs)), table)


def calibrated(
    table: pa.Table, reviewed: Reviewed, *, wrong_at: int, marks_from: str, pair: str
) -> "Calibration":
    """See `remedies.calibration.calibrate`."""
    marks = hash(tuple(sorted((run, tuple(found)) for run, found in reviewed.items())))
    return _calibrated((_key(table), marks, wrong_at, marks_from, pair), table, reviewed)


def compared(first: pa.Table, second: pa.Table, *, names: str) -> list[Estimate]:
    """See `remedies.calibration.compare_raters`."""
    return _compared((_key(first), _key(second), names), first, second)


def compared_preferences(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], *, names: str
) -> list[Estimate]:
    """See `remedies.preferences.compare_preferences`."""
    return _compared_preferences((_verdicts(first), _verdicts(second), names), first, second)


@st.cache_data(show_spinner="Computing the means …", max_entries=_MAX_ENTRIES)
def _rating_means(key: int, _table: pa.Table) -> "list[RatingMean]":
    from itlim.remedies import judge_scores
    from itlim.remedies.judging import file_rows

    return judge_scores.rating_means(file_rows(_table))


@st.cache_data(show_spinner="Computing the means …", max_entries=_MAX_ENTRIES)
def _task_means(key: int, _table: pa.Table) -> "list[TaskMean]":
    from itlim.remedies import judge_scores
    from itlim.remedies.judging import file_rows

    return judge_scores.task_means(file_rows(_table))


@st.cache_data(show_spinner="Computing the means …", max_entries=_MAX_ENTRIES)
def _overall_scores(key: tuple[int, tuple[str, ...]], _table: pa.Table) -> dict[str, Estimate]:
    from itlim.remedies.judge_scores import overall_score

    rows = _table.to_pylist()
    return {
        pair: overall_score(pair, [row for row in rows if row["pair"] == pair]) for pair in key[1]
    }


@st.cache_data(show_spinner="Comparing with marks …", max_entries=_MAX_ENTRIES)
def _calibrated(
    key: tuple[int, int, int, str, str], _table: pa.Table, _reviewed: Reviewed
) -> "Calibration":
    from itlim.remedies.calibration import calibrate

    _, _, wrong_at, marks_from, pair = key
    return calibrate(
        _table.to_pylist(), _reviewed, wrong_at=wrong_at, marks_from=marks_from, pair=pair
    )


@st.cache_data(show_spinner="Comparing the judges …", max_entries=_MAX_ENTRIES)
def _compared(key: tuple[int, int, str], _first: pa.Table, _second: pa.Table) -> list[Estimate]:
    from itlim.remedies.calibration import compare_raters

    return compare_raters(_first.to_pylist(), _second.to_pylist(), names=key[2])


@st.cache_data(show_spinner="Comparing the judges …", max_entries=_MAX_ENTRIES)
def _compared_preferences(
    key: tuple[int, int, str],
    _first: Sequence[Mapping[str, Any]],
    _second: Sequence[Mapping[str, Any]],
) -> list[Estimate]:
    from itlim.remedies.preferences import compare_preferences

    return compare_preferences(_first, _second, names=key[2])


def _verdicts(rows: Sequence[Mapping[str, Any]]) -> int:
    """A number that changes with the compared answers and their verdicts."""
    names = ("run_first", "run_second", "instruction", "preference")
    return hash(tuple(tuple(row[name] for name in names) for row in rows))


def _key(table: pa.Table) -> int:
    """A number that changes with everything in the ratings on which numbers and lists depend."""
    names = ["run_id", "pair", "instruction", "task", "judge", *map(str, Aspect),
             "factuality_reason"]  # fmt: skip
    return hash(tuple(tuple(row.values()) for row in table.select(names).to_pylist()))
