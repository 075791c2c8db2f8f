"""Numbers that may be undefined (with the reason) and shares with intervals, also as text."""

from dataclasses import dataclass

from itlim.statistics.intervals import wilson_interval

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, or the reason why it is undefined."""

    value: float | None
    undefined: str = ""
    """Why `value` is None; empty if it is not None."""
    interval: Interval | None = None
    """95% confidence interval."""
    no_interval: str = ""
    """Why a requested interval is missing; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A count out of a total."""

    count: int
    n: int

    @property
    def value(self) -> float | None:
        """The share, in [0, 1]; None if `n` is 0."""
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """95% Wilson interval; None if `n` is 0."""
        return wilson_interval(self.count, self.n)


def make_figure(value: float | None, why_not: str) -> Figure:
    """A figure without an interval; `why_not` is used only if the value is None."""
    return Figure(value=value, undefined=why_not if value is None else "")


def format_figure(figure: Figure | Share) -> str:
    """Format a figure for panels; undefined ones give their reason instead of a number.

    >>> format_figure(Figure(value=None, undefined="nobody marked"))
    'undefined: nobody marked'
    >>> format_figure(Figure(value=0.25, no_interval="one response only"))
    '0.250 (no interval: one response only)'
    >>> format_figure(Share(count=1, n=10))
    '1 of 10 (10%, 95% interval 2% to 40%)'
    >>> format_figure(Share(count=0, n=0))
    'undefined: 0 of 0'
    """
    if isinstance(figure, Share):
        if figure.value is None or figure.interval is None:
            return "undefined: 0 of 0"
        low, high = figure.interval
        edges = f"95% interval {low:.0%} to {high:.0%}"
        return f"{figure.count} of {figure.n} ({figure.value:.0%}, {edges})"
    if figure.value is None:
        return f"undefined: {figure.undefined}"
    if figure.interval is not None:
        low, high = figure.interval
        return f"{figure.value:.3f} (95% interval {low:.3f} to {high:.3f})"
    return f"{figure.value:.3f}" + (
        f" (no interval: {figure.no_interval})" if figure.no_interval else ""
    )
