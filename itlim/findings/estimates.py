"""One number beside the paper's: a ratio of sums over responses, with interval and cases."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from itlim.errors import ShapeError
from itlim.findings.paper import reported
from itlim.findings.queries import QueryOf
from itlim.records import FloatArray
from itlim.statistics.intervals import bootstrap_interval_of_sums, ratio_of_sums, share_interval

PERCENT = "percent"
NO_INDEX = "The tuning dataset is unknown or has no index."
MAX_CASES = 50
"""Number of runs kept per number; `n_responses` counts all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number computed from one pair's answers."""

    finding_id: str
    pair: str
    claim: str
    value: float | None
    """None if it is undefined; `missing` says why."""
    unit: str
    n: int
    """Number of units (`of`) in the denominator."""
    of: str
    """What `n` counts, such as tokens or marked phrases."""
    n_responses: int
    """Number of responses that contribute to the denominator."""
    ci_low: float | None = None
    """95% bootstrap interval over responses; responses to one instruction are drawn together. For a
    percentage of 0 or 100, Wilson's interval over instructions."""
    ci_high: float | None = None
    paper_value: float | None = None
    """The paper's number; None where it reports none."""
    paper_note: str = ""
    """What the paper's number refers to, if it differs."""
    marks: str = ""
    """Source of the marked phrases, `gold` or `people`; empty if none are used."""
    computed: str = ""
    """How the number is computed, in one or two sentences."""
    series: str = ""
    """Name of the curve of which this is one point; empty for a single number."""
    place: str = ""
    """Label of the point on the axis of its curve."""
    query: str = ""
    """SQL for the query box of the Findings page that gives the number or lists its units; empty if
    it can do neither."""
    missing: str = ""
    cases: tuple[str, ...] = ()
    """Ids of the runs that contribute most, at most `MAX_CASES`."""

    def row(self) -> dict[str, Any]:
        """The estimate as a JSON object."""
        return asdict(self) | {"cases": list(self.cases)}


def ratio_estimate(
    counted: Sequence[tuple[str, str, float, float]],
    *,
    finding_id: str,
    pair: str,
    scale: float = 1.0,
    unit: str,
    tuning: str = "",
    missing: str = "",
    query: str | QueryOf = "",
    **labels: Any,
) -> Estimate:
    """Σ numerators / Σ denominators, with an interval clustered by instruction.

    Args:
        counted: run id, instruction, numerator and denominator of each response, or of each part of
            one, such as a marked phrase.
        finding_id: key of the finding, also in `data/paper`.
        pair: name of the pair.
        scale: factor of the value, such as 100 for a percentage.
        unit: unit of the value; the numerators of a percentage count part of the denominators.
        tuning: SFT or LFT, where the paper reports them apart.
        missing: why the number is undefined if no response contributes.
        query: SQL, or a function that makes it from the runs that contribute.
        labels: the other fields of the `Estimate`.

    >>> counted = [("a", "Q1", 1.0, 4.0), ("b", "Q2", 3.0, 4.0)]
    >>> found = ratio_estimate(
    ...     counted, finding_id="x", pair="p", claim="c", unit="percent", of="tokens", scale=100
    ... )
    >>> found.value, found.n, found.cases
    (50.0, 8, ('b', 'a'))
    """
    used = [one for one in counted if one[3] > 0]
    low = high = value = None
    if used:
        sums = clustered([one[1] for one in used], np.array([one[2:] for one in used]))
        value = scale * float(sums[:, 0].sum() / sums[:, 1].sum())
        interval = (
            share_interval(sums)
            if unit == PERCENT
            else bootstrap_interval_of_sums(sums, ratio_of_sums)
        )
        low, high = (scale * interval[0], scale * interval[1]) if interval else (None, None)
    runs: dict[str, float] = {}
    for run_id, _, numerator, _ in used:
        runs[run_id] = runs.get(run_id, 0.0) + numerator
    paper = reported(finding_id, tuning)
    return Estimate(
        finding_id=finding_id,
        pair=pair,
        value=value,
        unit=unit,
        n=round(sum(one[3] for one in used)),
        n_responses=len(runs),
        ci_low=low,
        ci_high=high,
        paper_value=None if paper is None else paper.value,
        paper_note="" if paper is None else paper.note,
        missing="" if used else missing,
        query=query if isinstance(query, str) else query(list(runs)),
        cases=tuple(sorted(runs, key=lambda run_id: -runs[run_id])[:MAX_CASES]),
        **labels,
    )


def clustered(keys: Sequence[str], sums: FloatArray) -> FloatArray:
    """Add the rows of equal keys, (clusters, terms), in the order of first occurrence.

    Raises:
        ShapeError: there is not one row per key.
    """
    if len(keys) != len(sums):
        raise ShapeError(f"{len(sums)} rows for {len(keys)} keys: expected one row per key.")
    places: Mapping[str, int] = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    found = np.zeros((len(places), sums.shape[1]))
    np.add.at(found, [places[key] for key in keys], sums)
    return found
