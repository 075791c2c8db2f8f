"""The measures in the token view: which ones can color the text, and their JSON."""

from typing import Any

from itlim.errors import InputError
from itlim.measures import MEASURES, Measure

METRICS: tuple[Measure, ...] = tuple(
    sorted((one for one in MEASURES if one.place is not None), key=lambda one: one.place or 0)
)
"""The measures that can color the text, in the order of their buttons."""

_BY_COLUMN = {metric.column: metric for metric in METRICS}


def metric_for(column: str) -> Measure:
    """The measure of a TOKEN_SHIFTS column that can color the text.

    Raises:
        InputError: the column is not one that readers can choose.
    """
    if column not in _BY_COLUMN:
        raise InputError(f"Unknown metric {column!r}: expected one of {', '.join(_BY_COLUMN)}.")
    return _BY_COLUMN[column]


def measures_for_browser() -> list[dict[str, Any]]:
    """All measures as JSON for the token view: names, units and color steps."""
    return [
        {
            "column": one.column,
            "subject": one.subject,
            "name": one.name,
            "title": one.title,
            "meaning": one.meaning,
            "unit": one.unit,
            "place": one.place,
            "label": one.label,
            "edges": list(one.edges),
            "inverted": one.inverted,
        }
        for one in MEASURES
    ]
