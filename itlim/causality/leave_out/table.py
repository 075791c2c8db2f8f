"""All stored readings of a leave-out study as one table, and the file it is written to."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from itlim.causality.leave_out.effects import Effects
from itlim.causality.leave_out.study import SeedStudy
from itlim.schema import LEAVE_OUT


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
        full = study.leave_out.stored(frozenset()).reading
        effects = Effects(
            study.cases,
            study.probes,
            full,
            study.retraining.shell,
            study.retraining.instances,
        )
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
