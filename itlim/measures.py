"""The measures of a token: one entry per measure, which all other code reads.

`TokenShifts` is the table. Each of its fields with a `Measure` is a column of the same name
in `schema.TOKEN_SHIFTS`; the schema, summaries, charts and the browser take type, unit, name
and colors from here. `shift/divergence.py` contains the formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from math import inf, log
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.errors import NonFiniteError, ShapeError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DEFAULT_MEASURE = "kl_tuned_base"
"""The column that is shown where a single number represents the shift."""


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

        >>> [measure(name).axis_title for name in ("kl_tuned_base", "base_rank", "base_prob")]
        ['KL(tuned ‖ base) (nats)', 'Base rank (1-based)', 'Base probability']
        """
        unit = self.unit.removeprefix("rank ").strip("()")
        return self.title if not unit or unit in self.title.lower() else f"{self.title} ({unit})"


# Fields of `Measure` as the metadata of a dataclass field; keyword arguments override defaults.


def _entry(subject: Subject, meaning: str, name: str, **overrides: Any) -> dict[str, Any]:
    return {"subject": subject, "meaning": meaning, "name": name, "title": name} | overrides


def _nats(meaning: str, *, name: str, **overrides: Any) -> dict[str, Any]:
    defaults = {"type": pa.float64(), "unit": "nats", "range": (0.0, inf), "summarized": True}
    return _entry(Subject.DISTRIBUTIONS, meaning, name, **defaults | overrides)


def _probability(subject: Subject, meaning: str, *, name: str, **overrides: Any) -> dict[str, Any]:
    defaults = {"type": pa.float64(), "unit": "probability", "range": (0.0, 1.0)}
    return _entry(subject, meaning, name, **defaults | overrides)


def _rank(subject: Subject, meaning: str, *, name: str, **overrides: Any) -> dict[str, Any]:
    defaults = {"type": pa.int32(), "unit": "rank (1-based)", "range": (1.0, inf), "log_axis": True}
    edges = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
    return _entry(subject, meaning, name, **defaults | {"edges": edges} | overrides)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShifts:
    """Shift measures of T response positions. Row t scores token t.

    Ranks are 1-based; ties share the better rank. Probabilities are in [0, 1], divergences and
    entropies in nats, all over the whole shared vocabulary. Every measure has the shape (T,).

    Raises:
        ShapeError: the arrays differ in length.
        NonFiniteError: NaN or infinity.
    """

    token_id: IntArray
    """(T,) emitted ids r_t."""
    tuned_argmax_id: IntArray
    """(T,) y_t = argmax P_tuned; ties go to the lowest id."""

    kl_tuned_base: FloatArray = field(
        metadata=_nats(
            "KL(P_tuned || P_base)",
            name="KL(tuned ‖ base)",
            headline=True,
            place=0,
            label="KL",
            edges=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 6.0),
        )
    )
    kl_base_tuned: FloatArray = field(
        metadata=_nats("KL(P_base || P_tuned)", name="KL(base ‖ tuned)", headline=True)
    )
    js: FloatArray = field(
        metadata=_nats(
            "Jensen-Shannon divergence, at most ln 2",
            range=(0.0, log(2)),
            name="Jensen–Shannon",
            title="Jensen–Shannon divergence",
            place=4,
            label="JS",
            edges=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5),
        )
    )
    base_entropy: FloatArray = field(metadata=_nats("entropy of P_base", name="Base entropy"))
    tuned_entropy: FloatArray = field(metadata=_nats("entropy of P_tuned", name="Tuned entropy"))

    base_rank: IntArray = field(
        metadata=_rank(
            Subject.FIRST_CHOICE,
            "rank of y_t under the base model",
            name="Base rank",
            place=2,
            label="Base rank",
        )
    )
    base_prob: FloatArray = field(
        metadata=_probability(
            Subject.FIRST_CHOICE,
            "P_base(y_t)",
            name="Base probability",
            summarized=True,
            place=1,
            label="Base prob.",
            edges=(0.0001, 0.001, 0.01, 0.1, 0.2, 0.5, 0.9),
            inverted=True,
        )
    )
    tuned_prob: FloatArray = field(
        metadata=_probability(
            Subject.FIRST_CHOICE, "P_tuned(y_t)", name="Tuned probability", summarized=True
        )
    )

    emitted_rank: IntArray = field(
        metadata=_rank(
            Subject.EMITTED,
            "base rank of the emitted token",
            name="Emitted: base rank",
            title="Base rank of the emitted token",
            place=3,
            label="Emitted rank",
        )
    )
    emitted_prob: FloatArray = field(
        metadata=_probability(
            Subject.EMITTED, "P_base(r_t)", name="Emitted: base prob.", summarized=True
        )
    )
    emitted_tuned_prob: FloatArray = field(
        metadata=_probability(Subject.EMITTED, "P_tuned(r_t)", name="Emitted: tuned prob.")
    )

    top_base_ids: IntArray
    """(T, k) ids by descending P_base; ties by ascending id."""
    top_base_probs: FloatArray
    """(T, k)"""
    top_tuned_ids: IntArray
    """(T, k) ids by descending P_tuned; ties by ascending id."""
    top_tuned_probs: FloatArray
    """(T, k)"""

    def __post_init__(self) -> None:
        positions = self.token_id.shape[0]
        for item in fields(self):
            array = getattr(self, item.name)
            if array.shape[0] != positions:
                raise ShapeError(
                    f"{item.name} has {array.shape[0]} rows, token_id has {positions}."
                )
            if not np.isfinite(array).all():
                raise NonFiniteError(
                    f"{item.name} contains NaN or infinity: the logits overflowed."
                )

    def __len__(self) -> int:
        return int(self.token_id.shape[0])

    @classmethod
    def concatenate(cls, parts: "Sequence[TokenShifts]") -> "TokenShifts":
        """Join consecutive parts of one response."""
        return cls(
            **{
                item.name: np.concatenate([getattr(part, item.name) for part in parts])
                for item in fields(cls)
            }
        )

    def split(self, bounds: IntArray) -> "list[TokenShifts]":
        """Split at ascending row numbers; the inverse of `concatenate`."""
        if not len(bounds):
            return [self]
        columns = {item.name: np.split(getattr(self, item.name), bounds) for item in fields(self)}
        return [
            TokenShifts(**{name: pieces[index] for name, pieces in columns.items()})
            for index in range(len(bounds) + 1)
        ]


MEASURES: tuple[Measure, ...] = tuple(
    Measure(column=item.name, **item.metadata) for item in fields(TokenShifts) if item.metadata
)
_BY_COLUMN = {one.column: one for one in MEASURES}


def measure(column: str) -> Measure:
    """The measure of a TOKEN_SHIFTS column.

    Raises:
        KeyError: no measure has this column.
    """
    return _BY_COLUMN[column]


def measures_of(*subjects: Subject) -> list[Measure]:
    """The measures that describe any of these subjects, in the order of `subjects`."""
    return [one for subject in subjects for one in MEASURES if one.subject == subject]
