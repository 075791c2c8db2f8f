"""A leave-out study: cases of one tuning seed, its stored readings, and the table of effects."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from itlim.causality.cases import Case
from itlim.causality.leave_out.effects import Effects
from itlim.causality.leave_out.engine import LeaveOut
from itlim.causality.probes import Probe
from itlim.causality.retraining.without_instances import Retraining
from itlim.schema import LEAVE_OUT

RANDOM_INSTANCES = 20
"""Instances drawn at random and left out one by one, as a control."""

Removals = list[frozenset[str]]
"""What to leave out, in this order: ids of instances that go together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStudy:
    """One tuning seed's cases and the engine that reads removals on them."""

    seed: int
    cases: tuple[Case, ...]
    probes: tuple[Probe, ...]
    leave_out: LeaveOut
    retraining: Retraining

    def effects(self) -> Effects:
        """What compares readings with that of the full model.

        Raises:
            NotFoundError: the full model has no reading yet.
        """
        return Effects(
            self.cases,
            self.probes,
            self.leave_out.stored(frozenset()).reading,
            self.retraining.shell,
            self.retraining.instances,
        )


def leave_out_table(
    studies: Sequence[SeedStudy], only: Collection[frozenset[str]] | None = None
) -> pa.Table:
    """All stored readings of some seeds as rows of `schema.LEAVE_OUT`.

    Sorted by seed, case and removal. The removal of nothing is no row: it is what
    the others are compared with.

    Args:
        studies: one a seed.
        only: these removals; all that are stored if None.

    Raises:
        NotFoundError: a seed's full model has no reading yet.
    """
    tables = []
    for study in studies:
        effects = study.effects()
        parts = [
            effects.of(one.removed, one.reading)
            for one in study.leave_out.all_stored()
            if one.removed and (only is None or one.removed in only)
        ]
        if parts:
            rows = pa.concat_tables(parts)
            # Each part has the cases in one order; a stable sort keeps the removals' order.
            order = np.argsort(np.tile(np.arange(len(study.cases)), len(parts)), kind="stable")
            tables.append(rows.take(pa.array(order)))
    return pa.concat_tables(tables) if tables else LEAVE_OUT.empty_table()


def write_leave_out(table: pa.Table, path: Path) -> None:
    """Write the table whole or not at all, packed tightly: it is committed."""
    unfinished = path.with_suffix(".part")
    pq.write_table(table, unfinished, compression="zstd", compression_level=19)
    unfinished.replace(path)
