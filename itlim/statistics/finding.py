"""A claim with its number: what every report and page shows in the same form."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from itlim.errors import NotFoundError
from itlim.statistics.intervals import bootstrap_interval

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One estimate, or one comparison with a bar.

    Key, group, split and seed say which finding it is; look it up by these. The claim is its
    text for readers.
    """

    key: str
    """What was measured, in one word of code such as `phrase_gone`."""
    group: str = ""
    """Of what: a model, a removal, a method; empty where a report has only one."""
    split: str = ""
    """On which part of the questions: dev, test, a kind of wordings; empty for all of them."""
    seed: int | None = None
    """Tuning seed; None where the finding is about all of a report's seeds, or it has only one."""
    claim: str
    value: float | None
    """None where it is undefined; the claim then says why."""
    unit: str
    n: int
    """How many of `of` the estimate rests on."""
    of: str
    """What was counted: responses, hallucinations, …"""
    interval: tuple[float, float] | None = None
    """95% bootstrap interval over responses; None where there is none."""
    bar: str = ""
    """What was hoped for, in words; empty for a plain estimate."""
    holds: bool | None = None
    """Whether the bar is met; None for a plain estimate."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Finding":
        """From a JSON object that `row` gave."""
        interval = row["interval"]
        return cls(**{**row, "interval": None if interval is None else tuple(interval)})

    def row(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    def line(self) -> str:
        """As one line of text.

        >>> Finding(key="a", claim="accuracy", value=0.5, unit="share", n=4, of="responses").line()
        '            accuracy: 0.500 share (n = 4 responses)'
        """
        number = "undefined" if self.value is None else f"{self.value:.3f} {self.unit}"
        spread = "" if self.interval is None else "[{:.3f}, {:.3f}], ".format(*self.interval)
        verdict = {None: "", True: "holds", False: "FAILS"}[self.holds]
        bar = f"  (bar: {self.bar})" if self.bar else ""
        return f"{verdict:>10}  {self.claim}: {number} ({spread}n = {self.n} {self.of}){bar}"


def estimate(
    responses: Sequence[Response],
    statistic: Callable[[Sequence[Response]], float | None],
    *,
    n: int | None = None,
    **said: Any,
) -> Finding:
    """A statistic of some responses with its bootstrap interval.

    Args:
        responses: what the interval resamples; without any, the value is undefined.
        statistic: the estimate from some responses; None where undefined.
        n: how many the estimate rests on, where that is not the number of responses.
        said: the other fields of a `Finding`.
    """
    return Finding(
        value=statistic(responses) if responses else None,
        n=len(responses) if n is None else n,
        interval=bootstrap_interval(responses, statistic),
        **said,
    )


def by_group(findings: Iterable[Finding], key: str, split: str | None = None) -> dict[str, Finding]:
    """Findings of one key, and of one split if it is given, by their group.

    Raises:
        NotFoundError: there is none.
    """
    found = {one.group: one for one in findings if one.key == key and split in (None, one.split)}
    if not found:
        where = "" if split is None else f" on the split {split!r}"
        raise NotFoundError(f"There is no finding {key!r}{where}: recompute the report or table.")
    return found
