"""Flips: instructions on which exactly one of two pairs' answers has a property, with McNemar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itlim.findings.answers import GOLD, Answer


class FlipKind(StrEnum):
    """Properties of an answer that can flip."""

    RIGHT = "right"
    MARKED = "marked"
    BORROWED = "borrowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """Instructions on which exactly one of two answers has a property."""

    kind: FlipKind
    marks: str
    """What the property is known from, `gold` or `people`; empty for borrowed phrases."""
    only_first: tuple[tuple[str, str], ...]
    """Run ids of both answers; the first one has the property."""
    only_second: tuple[tuple[str, str], ...]
    both: int
    neither: int
    p: float
    """Exact two-sided McNemar test; 1 without flips."""

    @property
    def n(self) -> int:
        """Number of instructions for which the property of both answers is known."""
        return len(self.only_first) + len(self.only_second) + self.both + self.neither


def flips_between(
    answers: Sequence[tuple[Answer, Answer]], *, marks: str, borrowed: Mapping[str, bool]
) -> tuple[Flips, ...]:
    """The flips of each property that is known for both answers to some instruction.

    Args:
        answers: both answers to each instruction.
        marks: common source of both pairs' marked phrases; empty if there is none.
        borrowed: whether an answer has a phrase borrowed beyond chance, by run id.
    """
    has: dict[FlipKind, list[tuple[bool | None, bool | None]]] = {
        FlipKind.RIGHT: [(one.is_right, other.is_right) for one, other in answers],
        FlipKind.MARKED: [(_marked(one, marks), _marked(other, marks)) for one, other in answers],
        FlipKind.BORROWED: [
            (borrowed.get(one.run_id), borrowed.get(other.run_id)) for one, other in answers
        ],
    }
    sources = {FlipKind.RIGHT: GOLD, FlipKind.MARKED: marks, FlipKind.BORROWED: ""}
    ids = [(one.run_id, other.run_id) for one, other in answers]
    found = (_flips(kind, sources[kind], ids, values) for kind, values in has.items())
    return tuple(one for one in found if one.n)


def _marked(answer: Answer, marks: str) -> bool | None:
    return bool(answer.marks) if marks and answer.is_reviewed else None


def _flips(
    kind: FlipKind,
    marks: str,
    ids: Sequence[tuple[str, str]],
    values: Sequence[tuple[bool | None, bool | None]],
) -> Flips:
    from statsmodels.stats.contingency_tables import mcnemar

    only_first = tuple(pair for pair, has in zip(ids, values, strict=True) if has == (True, False))
    only_second = tuple(pair for pair, has in zip(ids, values, strict=True) if has == (False, True))
    both, neither = values.count((True, True)), values.count((False, False))
    table = [[both, len(only_first)], [len(only_second), neither]]
    return Flips(
        kind=kind,
        marks=marks,
        only_first=only_first,
        only_second=only_second,
        both=both,
        neither=neither,
        p=float(mcnemar(table, exact=True).pvalue) if only_first or only_second else 1.0,
    )
