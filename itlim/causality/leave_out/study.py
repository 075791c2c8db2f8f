"""A leave-out study: cases of one tuning seed, stored readings and the table of effects."""

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
"""Number of random instances that are left out one by one, as a control."""

Removals = list[frozenset[str]]
"""Removals in order; each is a set of ids of instances that are left out together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStudy:
    """The cases of one tuning seed and the engine that runs removals for them."""

    seed: int
    cases: tuple[Case, ...]
    probes: tuple[Probe, ...]
    leave_out: LeaveOut
    retraining: Retraining

    def effects(self) -> Effects:
        """Effects relative to the full model's reading.

        Raises:
            NotFoundError: the full model has no stored reading.
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

    Rows are sorted by seed, case and removal. The empty removal has no rows, because it is the
    reference for all others.

    Args:
        studies: one study per seed.
        only: removals to include; None includes all stored ones.

    Raises:
        NotFoundError: the full model of a seed has no stored reading.
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
            # Every part has the same order of cases; a stable sort keeps the order of removals.
            order = np.argsort(np.tile(np.arange(len(study.cases)), len(parts)), kind="stable")
            tables.append(rows.take(pa.array(order)))
    return pa.concat_tables(tables) if tables else LEAVE_OUT.empty_table()


def write_leave_out(table: pa.Table, path: Path) -> None:
    """Write the table atomically, with strong compression because the file is committed."""
    unfinished = path.with_suffix(".part")
    pq.write_table(table, unfinished, compression="zstd", compression_level=19)
    unfinished.replace(path)
