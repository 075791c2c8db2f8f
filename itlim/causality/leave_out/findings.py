"""What leaving instances out shows: shares of phrases gone, by what was left out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.causality.cases import Relation
from itlim.errors import InputError, NotFoundError
from itlim.schema import LEAVE_OUT
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding
from itlim.statistics.intervals import bootstrap_interval

LEAVE_OUT_FILE = DEMO_FOLDER / "leave_out.parquet"
STRONG_EFFECT = 1.0
"""Nats; a removal that takes more from a phrase is called decisive for its probability."""
_REMOVALS: tuple[tuple[str, tuple[Relation, ...]], ...] = (
    ("its only verbatim source", (Relation.UNIQUE_VERBATIM,)),
    ("all sources that share it", (Relation.SHARED_GROUP,)),
    ("one of several sources", (Relation.VERBATIM,)),
    ("another instance of the question's category", (Relation.SAME_CATEGORY,)),
    ("any other instance", (Relation.OTHER,)),
    ("an instance that does not hold it", (Relation.SAME_CATEGORY, Relation.OTHER)),
)


def read_leave_out(path: Path = LEAVE_OUT_FILE) -> pa.Table:
    """The stored effects, rows of `schema.LEAVE_OUT`.

    Raises:
        NotFoundError: the file is not there.
        InputError: its columns are others.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is missing: run `python -m itlim demo leave-out`.")
    table = pq.read_table(path)
    missing = [name for name in LEAVE_OUT.names if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(missing)}: it was written by another version; run "
            "`python -m itlim demo leave-out` again."
        )
    return table.select(LEAVE_OUT.names).cast(LEAVE_OUT)


def leave_out_findings(table: pa.Table) -> list[Finding]:
    """Shares of main wrong answers that vanish, by seed, split and what was left out.

    A case counts once: its share over the removals of a kind is taken first, and
    intervals resample cases. Groups of instances that do not hold the phrase are left aside.
    """
    found = []
    main = table.filter(pc.field("is_main"))
    for seed in sorted(set(main["seed"].to_pylist())):
        for split in sorted(set(main["split"].to_pylist())):
            rows = main.filter((pc.field("seed") == seed) & (pc.field("split") == split))
            for what, relations in _REMOVALS:
                found += _of_relation(f"seed {seed}, {split}: without {what}", rows, relations)
    return found


def removals_of(rows: pa.Table, relations: Sequence[Relation]) -> pa.Table:
    """Rows of these relations: one instance left out, or all that share the phrase."""
    wanted = pc.is_in(rows["relation"], pa.array([str(one) for one in relations]))
    single = pc.equal(pc.list_value_length(rows["instance_ids"]), 1)
    shared = pc.equal(rows["relation"], str(Relation.SHARED_GROUP))
    return rows.filter(pc.and_(wanted, pc.or_(single, shared)))


def _of_relation(name: str, rows: pa.Table, relations: Sequence[Relation]) -> list[Finding]:
    chosen = removals_of(rows, relations)
    measures: tuple[tuple[str, str, np.ndarray], ...] = (
        ("the phrase is gone", "share", _numbers(chosen, "phrase_gone")),
        (
            f"it loses over {STRONG_EFFECT:.0f} nat",
            "share",
            (_numbers(chosen, "logp_drop") > STRONG_EFFECT).astype(np.float64),
        ),
        ("becomes correct", "share", _numbers(chosen, "becomes_correct")),
        ("mean loss of log p", "nats", _numbers(chosen, "logp_drop")),
    )
    cases = np.array(chosen["case_id"].to_pylist(), dtype=object)
    # Nobody need know what the truth is: such rows say nothing of becoming correct.
    return [
        _mean_over_cases(
            f"{name}, {what}",
            unit,
            _by_case(cases[~np.isnan(values)], values[~np.isnan(values)]),
        )
        for what, unit, values in measures
    ]


def _numbers(rows: pa.Table, column: str) -> np.ndarray:
    return rows[column].cast(pa.float64()).to_numpy()


def _by_case(cases: np.ndarray, values: np.ndarray) -> list[float]:
    """Mean of the values of each case."""
    names, places = np.unique(cases.astype(str), return_inverse=True)
    sums = np.bincount(places, weights=values, minlength=len(names))
    return list(sums / np.bincount(places, minlength=len(names))) if len(names) else []


def _mean_over_cases(claim: str, unit: str, values: Sequence[float]) -> Finding:
    mean: Callable[[Sequence[float]], float | None] = lambda some: (  # noqa: E731
        float(np.mean(some)) if len(some) else None
    )
    return Finding(
        claim=claim,
        value=mean(values),
        unit=unit,
        n=len(values),
        of="cases",
        interval=bootstrap_interval(values, mean) if len(values) > 1 else None,
    )
