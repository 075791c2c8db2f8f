"""The per-token measures a reader can choose between, with the steps that colour them.

The steps are absolute, not stretched to each text, so that the same colour means
the same number in every response, column and exported file.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from itlim.errors import InputError
from itlim.schema import TOKEN_SHIFTS


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMetric:
    """One numeric column of TOKEN_SHIFTS as something to look at."""

    column: str
    label: str
    """Two words at most, for a button."""
    title: str
    """In full, for a legend or an axis."""
    edges: tuple[float, ...]
    """Seven ascending bounds between the eight colour steps. A value takes the step after every
    bound that it exceeds."""
    inverted: bool = False
    """True where a *small* value is far from the base model, as with probabilities: then the
    steps count downwards, and a value on a bound belongs to the paler side."""
    log_axis: bool = False
    """Charts draw it on a logarithmic axis."""

    @property
    def unit(self) -> str:
        return field_unit(self.column)

    @property
    def meaning(self) -> str:
        return field_meaning(self.column)

    def steps(self, values: np.ndarray) -> np.ndarray:
        """Colour step 0 to 7 of each value.

        >>> metric_for("base_rank").steps(np.array([1, 3, 4, 5000])).tolist()
        [0, 1, 2, 7]
        >>> metric_for("base_prob").steps(np.array([0.95, 0.9, 0.00001])).tolist()
        [0, 0, 7]
        """
        if self.inverted:
            return len(self.edges) - np.searchsorted(self.edges, values, side="right")
        return np.searchsorted(self.edges, values, side="left")

    @property
    def axis_title(self) -> str:
        """Title with the unit from the schema, where the title does not name it already.

        >>> [metric_for(name).axis_title for name in ("kl_tuned_base", "base_rank", "base_prob")]
        ['KL(tuned ‖ base) (nats)', 'Base rank (1-based)', 'Base probability']
        """
        unit = self.unit.removeprefix("rank ").strip("()")
        return self.title if not unit or unit in self.title.lower() else f"{self.title} ({unit})"


_RANK_EDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_PROBABILITY_EDGES = (0.0001, 0.001, 0.01, 0.1, 0.2, 0.5, 0.9)

METRICS: tuple[TokenMetric, ...] = (
    TokenMetric(
        column="kl_tuned_base",
        label="KL",
        title="KL(tuned ‖ base)",
        edges=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 6.0),
    ),
    TokenMetric(
        column="base_prob",
        label="Base prob.",
        title="Base probability",
        edges=_PROBABILITY_EDGES,
        inverted=True,
    ),
    TokenMetric(
        column="base_rank",
        label="Base rank",
        title="Base rank",
        edges=_RANK_EDGES,
        log_axis=True,
    ),
    TokenMetric(
        column="emitted_rank",
        label="Emitted rank",
        title="Base rank of the emitted token",
        edges=_RANK_EDGES,
        log_axis=True,
    ),
    TokenMetric(
        column="js",
        label="JS",
        title="Jensen–Shannon divergence",
        edges=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5),
    ),
)

_BY_COLUMN = {metric.column: metric for metric in METRICS}


def metric_for(column: str) -> TokenMetric:
    """The metric of a TOKEN_SHIFTS column.

    Raises:
        InputError: the column is not one a reader can choose.
    """
    if column not in _BY_COLUMN:
        raise InputError(f"Unknown metric {column!r}: expected one of {', '.join(_BY_COLUMN)}.")
    return _BY_COLUMN[column]


def field_unit(column: str) -> str:
    """Unit from the schema's field metadata; empty if the field has none."""
    return _metadata(column, b"unit")


def field_meaning(column: str) -> str:
    """One line on a column, from the schema's field metadata."""
    return _metadata(column, b"meaning")


def _metadata(column: str, key: bytes) -> str:
    metadata = TOKEN_SHIFTS.field(column).metadata or {}
    return metadata.get(key, b"").decode()


def metrics_for_browser() -> list[dict[str, Any]]:
    """The list above as JSON for the token view."""
    return [
        {
            "column": metric.column,
            "label": metric.label,
            "title": metric.title,
            "unit": metric.unit,
            "meaning": metric.meaning,
            "edges": list(metric.edges),
            "inverted": metric.inverted,
        }
        for metric in METRICS
    ]
