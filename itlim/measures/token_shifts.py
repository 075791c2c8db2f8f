"""The table of measures: each field of `TokenShifts` with a `Measure` is one measure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from math import log

import numpy as np
import numpy.typing as npt

from itlim.errors import NonFiniteError, ShapeError
from itlim.measures.definition import Measure, Subject, nats, probability, rank

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DEFAULT_MEASURE = "kl_tuned_base"
"""The column that is shown where a single number represents the shift."""


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
        metadata=nats(
            "KL(P_tuned || P_base)",
            name="KL(tuned ‖ base)",
            headline=True,
            place=0,
            label="KL",
            edges=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 6.0),
        )
    )
    kl_base_tuned: FloatArray = field(
        metadata=nats("KL(P_base || P_tuned)", name="KL(base ‖ tuned)", headline=True)
    )
    js: FloatArray = field(
        metadata=nats(
            "Jensen-Shannon divergence, at most ln 2",
            range=(0.0, log(2)),
            name="Jensen–Shannon",
            title="Jensen–Shannon divergence",
            place=4,
            label="JS",
            edges=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5),
        )
    )
    base_entropy: FloatArray = field(metadata=nats("entropy of P_base", name="Base entropy"))
    tuned_entropy: FloatArray = field(metadata=nats("entropy of P_tuned", name="Tuned entropy"))

    base_rank: IntArray = field(
        metadata=rank(
            Subject.FIRST_CHOICE,
            "rank of y_t under the base model",
            name="Base rank",
            place=2,
            label="Base rank",
        )
    )
    base_prob: FloatArray = field(
        metadata=probability(
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
        metadata=probability(
            Subject.FIRST_CHOICE, "P_tuned(y_t)", name="Tuned probability", summarized=True
        )
    )

    emitted_rank: IntArray = field(
        metadata=rank(
            Subject.EMITTED,
            "base rank of the emitted token",
            name="Emitted: base rank",
            title="Base rank of the emitted token",
            place=3,
            label="Emitted rank",
        )
    )
    emitted_prob: FloatArray = field(
        metadata=probability(
            Subject.EMITTED, "P_base(r_t)", name="Emitted: base prob.", summarized=True
        )
    )
    emitted_tuned_prob: FloatArray = field(
        metadata=probability(Subject.EMITTED, "P_tuned(r_t)", name="Emitted: tuned prob.")
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
