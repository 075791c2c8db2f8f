"""The measures of a token: one entry per measure, which all other code reads.

Each field of `TokenShifts` with a `Measure` is a column of the same name in
`schema.TOKEN_SHIFTS`; the schema, summaries, charts and the browser take type, unit, name and
colors from here. `shift/divergence.py` contains the formulas.
"""

from itlim.measures.definition import Measure, Subject
from itlim.measures.token_shifts import (
    DEFAULT_MEASURE,
    MEASURES,
    BoolArray,
    FloatArray,
    IntArray,
    TokenShifts,
    measure,
    measures_of,
)

__all__ = [
    "DEFAULT_MEASURE",
    "MEASURES",
    "BoolArray",
    "FloatArray",
    "IntArray",
    "Measure",
    "Subject",
    "TokenShifts",
    "measure",
    "measures_of",
]
