"""The demo family's leave-out cases: phrases of real answers, and what removing instances did.

Read from `data/demo/leave_out.parquet`, whose making `data/demo/README.md` tells. A case is one
wrong phrase of the answer that one tuning seed's full model gave; its truth is measured: the
same seed was retrained without an instance, and log p(phrase) fell by so many nats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.causality.cases import Relation
from itlim.causality.leave_out.findings import read_leave_out


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEffect:
    """What removing all instances that hold a phrase did to it."""

    positions: frozenset[int]
    """0-based places of two or more instances in the dataset."""
    drop: float
    """Nats that log p(phrase) fell by."""
    gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalCase:
    """A wrong phrase of a full model's answer, with the effects of single instances."""

    case_id: str
    seed: int
    split: str
    is_main: bool
    """Whether the phrase is the answer to the question, not a side remark."""
    instruction: str
    response: str
    span_start: int
    """Code points, half-open."""
    span_stop: int
    quote: str
    n_holders: int
    """Instances whose response holds the phrase."""
    positions: np.ndarray
    """(k,) ascending 0-based places of the instances that were left out alone."""
    drops: np.ndarray
    """(k,) nats; above 0: removing the instance made the phrase less likely."""
    gone: np.ndarray
    """(k,) whether the phrase left the answer."""
    holds: np.ndarray
    """(k,) whether the instance's response holds the phrase."""
    group: GroupEffect | None
    """None where fewer than two hold the phrase, or they were not left out together."""

    @property
    def question(self) -> str:
        """What bootstraps resample: cases of one question in several seeds are not independent."""
        return self.instruction


def load_cases(path: Path, positions: dict[str, int]) -> list[CausalCase]:
    """All cases of a leave-out table, in its order.

    Args:
        path: rows of `schema.LEAVE_OUT`.
        positions: 0-based place of each instance id in the dataset.
    """
    return cases_of(read_leave_out(path), positions)


def cases_of(table: pa.Table, positions: dict[str, int]) -> list[CausalCase]:
    """As `load_cases`, of a table in memory; a case's rows need not be together."""
    by_case: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        by_case.setdefault(row["case_id"], []).append(row)
    return [_case(rows, positions) for rows in by_case.values()]


_HOLDS = (Relation.UNIQUE_VERBATIM, Relation.VERBATIM)


def _case(rows: Sequence[dict[str, Any]], positions: dict[str, int]) -> CausalCase:
    first = rows[0]
    single = sorted(
        (positions[row["instance_ids"][0]], row) for row in rows if len(row["instance_ids"]) == 1
    )
    groups = [row for row in rows if row["relation"] == Relation.SHARED_GROUP]
    effects = [row for _, row in single]
    return CausalCase(
        **{
            name: first[name]
            for name in ("case_id", "seed", "split", "is_main", "instruction", "response")
        },
        span_start=first["span_start"],
        span_stop=first["span_stop"],
        quote=first["span_text"],
        n_holders=first["n_holders"],
        positions=np.array([place for place, _ in single], dtype=np.int64),
        drops=np.array([row["logp_drop"] for row in effects], dtype=np.float64),
        gone=np.array([row["phrase_gone"] for row in effects], dtype=bool),
        holds=np.array([row["relation"] in _HOLDS for row in effects], dtype=bool),
        group=_group(groups[0], positions) if groups else None,
    )


def _group(row: dict[str, Any], positions: dict[str, int]) -> GroupEffect:
    return GroupEffect(
        positions=frozenset(positions[one] for one in row["instance_ids"]),
        drop=row["logp_drop"],
        gone=row["phrase_gone"],
    )
