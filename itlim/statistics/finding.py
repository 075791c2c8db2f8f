"""Findings: a claim with its number, in the form that all reports and pages show."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from itlim.errors import NotFoundError
from itlim.statistics.intervals import bootstrap_interval

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One estimate, optionally compared with a bar (a threshold fixed in advance).

    Key, group, split and seed identify a finding; use them for lookup. The claim is text for
    readers.
    """

    key: str
    """Identifier of the measured quantity, such as `phrase_gone`."""
    group: str = ""
    """The measured model, removal or method; empty if a report has only one."""
    split: str = ""
    """Part of the questions, such as dev, test or a kind of wordings; empty for all questions."""
    seed: int | None = None
    """Tuning seed; None if the finding covers all seeds of a report, or there is only one."""
    claim: str
    value: float | None
    """None if it is undefined."""
    unit: str
    n: int
    """Number of units (`of`) on which the estimate is based."""
    of: str
    """The units that `n` counts, such as responses or hallucinations."""
    interval: tuple[float, float] | None = None
    """95% bootstrap interval over responses; None if it is undefined."""
    bar: str = ""
    """The threshold in words; empty for a plain estimate."""
    holds: bool | None = None
    """Whether the bar is met; None for a plain estimate."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Finding":
        """Build a finding from the JSON object that `row` returns."""
        interval = row["interval"]
        return cls(**{**row, "interval": None if interval is None else tuple(interval)})

    def row(self) -> dict[str, Any]:
        """The finding as a JSON object."""
        return asdict(self)

    def line(self) -> str:
        """The finding as one line of text.

        >>> Finding(key="a", claim="accuracy", value=0.5, unit="share", n=4, of="responses").line()
        '            accuracy: 0.500 share (n = 4 responses)'
        """
        number = "undefined" if self.value is None else f"{self.value:.3f} {self.unit}"
        spread = "" if self.interval is None else "[{:.3f}, {:.3f}], ".format(*self.interval)
        verdict = {None: "", True: "met", False: "NOT MET"}[self.holds]
        bar = f"  (bar: {self.bar})" if self.bar else ""
        return f"{verdict:>10}  {self.claim}: {number} ({spread}n = {self.n} {self.of}){bar}"


def estimate(
    responses: Sequence[Response],
    statistic: Callable[[Sequence[Response]], float | None],
    *,
    n: int | None = None,
    **labels: Any,
) -> Finding:
    """Compute a statistic over responses with its bootstrap interval.

    Args:
        responses: the units that the interval resamples; if empty, the value is undefined.
        statistic: computes the estimate from some responses; returns None if undefined.
        n: number of units of the estimate, if it is not the number of responses.
        labels: the other fields of the `Finding`.
    """
    return Finding(
        value=statistic(responses) if responses else None,
        n=len(responses) if n is None else n,
        interval=bootstrap_interval(responses, statistic),
        **labels,
    )


def by_group(findings: Iterable[Finding], key: str, split: str | None = None) -> dict[str, Finding]:
    """Findings with one key, and one split if given, by group.

    Raises:
        NotFoundError: no finding matches.
    """
    found = {one.group: one for one in findings if one.key == key and split in (None, one.split)}
    if not found:
        where = "" if split is None else f" on the split {split!r}"
        raise NotFoundError(f"There is no finding {key!r}{where}: recompute the report or table.")
    return found
