"""A claim with its number: what every report and page shows in the same form."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One estimate, or one comparison with a bar."""

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

    def row(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    def line(self) -> str:
        """As one line of text.

        >>> Finding(claim="accuracy", value=0.5, unit="share", n=4, of="responses").line()
        '            accuracy: 0.500 share (n = 4 responses)'
        """
        number = "undefined" if self.value is None else f"{self.value:.3f} {self.unit}"
        spread = "" if self.interval is None else "[{:.3f}, {:.3f}], ".format(*self.interval)
        verdict = {None: "", True: "holds", False: "FAILS"}[self.holds]
        bar = f"  (bar: {self.bar})" if self.bar else ""
        return f"{verdict:>10}  {self.claim}: {number} ({spread}n = {self.n} {self.of}){bar}"
