"""Means of a judge's scores by model and task, and agreement between judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.findings.estimates import Estimate, ratio_estimate
from itlim.records.ratings import Aspect

OF = "responses with a score"
UNIT = "points, 1 to 5"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingMean:
    """The mean score of one model for one aspect."""

    model: str
    task: str | None
    """None if all tasks are taken together."""
    aspect: Aspect
    estimate: Estimate


def rating_means(ratings: pa.Table, *, by_task: bool = False) -> list[RatingMean]:
    """Mean score per model and aspect, with intervals clustered by instruction.

    Responses without a score do not count; `n` tells how many have one.

    Args:
        ratings: rows of `judging.RATINGS`.
        by_task: also split by task; responses without a task are then left out.
    """
    groups: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for row in ratings.to_pylist():
        if not by_task or row["task"] is not None:
            groups.setdefault((row["model"], row["task"] if by_task else None), []).append(row)
    return [
        RatingMean(model=model, task=task, aspect=aspect, estimate=_mean(model, aspect, rows))
        for (model, task), rows in groups.items()
        for aspect in Aspect
    ]


def _mean(model: str, aspect: Aspect, rows: Sequence[Mapping[str, Any]]) -> Estimate:
    judges = ", ".join(sorted({row["judge"] for row in rows}))
    return ratio_estimate(
        [
            (row["response_id"], row["instruction"], float(row[aspect]), 1.0)
            for row in rows
            if row[aspect] is not None
        ],
        finding_id=f"judge_{aspect}",
        pair=model,
        claim=f"{aspect}, as rated by {judges}",
        computed=f"Mean of the scores from 1 to 5 of {judges}; responses without a score are left "
        "out.",
        unit=UNIT,
        of=OF,
        missing=f"No response of {model} has a score for {aspect}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMean:
    """The mean score of one model over all aspects, for one task."""

    model: str
    task: str
    estimate: Estimate


def task_means(ratings: pa.Table) -> list[TaskMean]:
    """Mean over all aspects per model and task (Tables 16 and 17), with intervals.

    Each response counts once, with the mean of the scores that it has. Responses without a task
    are left out.

    Args:
        ratings: rows of `judging.RATINGS`.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in ratings.to_pylist():
        if row["task"]:
            groups.setdefault((row["model"], row["task"]), []).append(row)
    return [
        TaskMean(model=model, task=task, estimate=_task_mean(model, task, rows))
        for (model, task), rows in groups.items()
    ]


def _task_mean(model: str, task: str, rows: Sequence[Mapping[str, Any]]) -> Estimate:
    scored = [(row, [row[aspect] for aspect in Aspect if row[aspect] is not None]) for row in rows]
    return ratio_estimate(
        [
            (row["response_id"], row["instruction"], sum(scores) / len(scores), 1.0)
            for row, scores in scored
            if scores
        ],
        finding_id=f"judge_task_{task}",
        pair=model,
        claim=task,
        unit=UNIT,
        of=OF,
        missing=f"No response of {model} has a score for {task}.",
        computed="Mean over responses of the mean of their scores, whatever aspects have one.",
    )


def overall_score(pair: str, rows: Sequence[Mapping[str, Any]]) -> Estimate:
    """The mean over a pair's rated answers of the mean of the scores that each has.

    Args:
        pair: name of the pair.
        rows: `records.ratings.JUDGE_RATINGS` of its answers by one judge; perhaps none.
    """
    scored = [(row, [row[aspect] for aspect in Aspect if row[aspect] is not None]) for row in rows]
    return ratio_estimate(
        [
            (row["run_id"], row["instruction"], sum(scores) / len(scores), 1.0)
            for row, scores in scored
            if scores
        ],
        finding_id="judge_score",
        pair=pair,
        claim="mean score of a judging model",
        unit=UNIT,
        of=OF,
        missing="no judging model has scored its answers.",
        computed="Mean over answers of the mean of their scores, whatever aspects have one.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two raters agree on the same responses."""

    n: int
    """Responses that both have rated."""
    same: float | None
    """Share of equal scores."""
    kappa: float | None
    """Cohen's κ with squared weights for scores, unweighted for categories."""
    alpha: float | None
    """Krippendorff's α, ordinal for scores, nominal for categories."""


def agreement(
    first: Mapping[str, int], second: Mapping[str, int], *, ordinal: bool = True
) -> Agreement:
    """Compare two raters on the responses that both have rated.

    Args:
        first: scores by response.
        second: the other rater's.
        ordinal: whether the values are ordered, such as scores from 1 to 5.

    >>> one = {"a": 1, "b": 2, "c": 3, "d": 1}
    >>> found = agreement(one, {"a": 1, "b": 2, "c": 3, "d": 3, "e": 5}, ordinal=False)
    >>> found.n, found.same, round(found.kappa, 3)
    (4, 0.75, 0.636)
    """
    both = [(value, second[name]) for name, value in first.items() if name in second]
    if not both:
        return Agreement(n=0, same=None, kappa=None, alpha=None)
    return Agreement(
        n=len(both),
        same=sum(one == other for one, other in both) / len(both),
        kappa=_kappa(both, ordinal=ordinal),
        alpha=_alpha(both, ordinal=ordinal),
    )


def _kappa(both: Sequence[tuple[int, int]], *, ordinal: bool) -> float | None:
    from statsmodels.stats.inter_rater import cohens_kappa

    values = sorted({value for pair in both for value in pair})
    if len(values) < 2:
        return None  # chance expects no disagreement: undefined
    if ordinal:
        values = list(range(values[0], values[-1] + 1))
    table = np.zeros((len(values), len(values)))
    for one, other in both:
        table[values.index(one), values.index(other)] += 1
    weights = "quadratic" if ordinal else None
    return float(cohens_kappa(table, wt=weights, return_results=False))


def _alpha(both: Sequence[tuple[int, int]], *, ordinal: bool) -> float | None:
    import krippendorff

    if len({value for pair in both for value in pair}) < 2:
        return None  # no variation: undefined
    rows = [[pair[rater] for pair in both] for rater in (0, 1)]
    return float(
        krippendorff.alpha(
            reliability_data=rows, level_of_measurement="ordinal" if ordinal else "nominal"
        )
    )
