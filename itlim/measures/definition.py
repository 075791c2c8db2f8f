"""The properties of a measure, and the metadata of the `TokenShifts` field that declares it.

`nats`, `probability` and `rank` return this metadata; keyword arguments override their defaults.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

import numpy as np
import pyarrow as pa


class Subject(StrEnum):
    """What a measure describes."""

    DISTRIBUTIONS = "distributions"
    """Both models' distributions at the position."""
    FIRST_CHOICE = "first choice"
    """The tuned model's top token y_t."""
    EMITTED = "emitted"
    """The token r_t of the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure: its definition and how it is shown."""

    column: str
    """Name of the column of TOKEN_SHIFTS and of the field of `TokenShifts`."""
    type: pa.DataType
    subject: Subject
    meaning: str
    unit: str
    range: tuple[float, float]
    """Smallest and largest possible value, both inclusive."""
    name: str
    """Label next to its value in a list of numbers."""
    title: str
    """Full name, for a legend or an axis."""
    summarized: bool = False
    """Whether its mean is part of a run's summary."""
    headline: bool = False
    """Whether its mean is shown next to the response."""
    place: int | None = None
    """Rank among the measures that can color the text; None if it cannot."""
    label: str = ""
    """Label of the button that chooses it, at most two words."""
    edges: tuple[float, ...] = ()
    """Seven ascending bounds between the eight color steps; the step of a value is the number of
    bounds that it exceeds. Bounds are absolute, so that a color means the same number in every
    response, column and exported file."""
    inverted: bool = False
    """Whether a *small* value is far from the base model, as with probabilities. Steps then count
    down, and a value on a bound belongs to the paler side."""
    log_axis: bool = False
    """Whether charts draw it on a logarithmic axis."""

    def steps(self, values: np.ndarray) -> np.ndarray:
        """Color step, 0 to 7, of each value.

        >>> from itlim.measures import measure
        >>> measure("base_rank").steps(np.array([1, 3, 4, 5000])).tolist()
        [0, 1, 2, 7]
        >>> measure("base_prob").steps(np.array([0.95, 0.9, 0.00001])).tolist()
        [0, 0, 7]
        """
        if self.inverted:
            return len(self.edges) - np.searchsorted(self.edges, values, side="right")
        return np.searchsorted(self.edges, values, side="left")

    @property
    def axis_title(self) -> str:
        """Title with the unit, unless the title already names it.

        >>> from itlim.measures import measure
        >>> [measure(name).axis_title for name in ("kl_tuned_base", "base_rank", "base_prob")]
        ['KL(tuned ‖ base) (nats)', 'Base rank (1-based)', 'Base probability']
        """
        unit = self.unit.removeprefix("rank ").strip("()")
        return self.title if not unit or unit in self.title.lower() else f"{self.title} ({unit})"


def _entry(subject: Subject, meaning: str, name: str, **overrides: Any) -> dict[str, Any]:
    return {"subject": subject, "meaning": meaning, "name": name, "title": name} | overrides


def nats(meaning: str, *, name: str, **overrides: Any) -> dict[str, Any]:
    """Metadata of a divergence or entropy."""
    defaults = {"type": pa.float64(), "unit": "nats", "range": (0.0, inf), "summarized": True}
    return _entry(Subject.DISTRIBUTIONS, meaning, name, **defaults | overrides)


def probability(subject: Subject, meaning: str, *, name: str, **overrides: Any) -> dict[str, Any]:
    """Metadata of a probability."""
    defaults = {"type": pa.float64(), "unit": "probability", "range": (0.0, 1.0)}
    return _entry(subject, meaning, name, **defaults | overrides)


def rank(subject: Subject, meaning: str, *, name: str, **overrides: Any) -> dict[str, Any]:
    """Metadata of a rank."""
    defaults = {"type": pa.int32(), "unit": "rank (1-based)", "range": (1.0, inf), "log_axis": True}
    edges = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    return _entry(subject, meaning, name, **defaults | {"edges": edges} | overrides)
