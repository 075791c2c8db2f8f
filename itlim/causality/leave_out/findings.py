"""What leaving instances out shows: shares of phrases gone, by what was left out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.causality.cases import Relation
from itlim.errors import InputError, NotFoundError
from itlim.schema import LEAVE_OUT
from itlim.statistics.finding import Finding, estimate
from itlim.statistics.intervals import mean

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


def read_leave_out(path: Path) -> pa.Table:
    """The stored effects, rows of `schema.LEAVE_OUT`.

    Raises:
        NotFoundError: the file is not there.
        InputError: its columns are others.
    """
    if not path.exists():
        raise NotFoundError(
            f"{path} is missing: write it with `python -m itlim leave-out --out {path}`."
        )
    table = pq.read_table(path)
    missing = [name for name in LEAVE_OUT.names if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(missing)}: it was written by another version; run "
            "`python -m itlim leave-out` again."
        )
    return table.select(LEAVE_OUT.names).cast(LEAVE_OUT)


def leave_out_findings(table: pa.Table) -> list[Finding]:
    """What removals do to main wrong answers: by seed, split, and as group what was left out.

    A case counts once: its share over the removals of a kind is taken first, and
    intervals resample cases. Groups of instances that do not hold the phrase are left aside.
    The keys: `phrase_gone`, `strong_effect` and `becomes_correct` in shares, `logp_drop` in nats.
    """
    found: list[Finding] = []
    main = table.filter(pc.field("is_main"))
    for seed in sorted(set(main["seed"].to_pylist())):
        for split in sorted(set(main["split"].to_pylist())):
            rows = main.filter((pc.field("seed") == seed) & (pc.field("split") == split))
            for what, relations in _REMOVALS:
                removals = rows_of_relations(rows, relations)
                found += _of_removals(removals, group=what, split=split, seed=seed)
    return found


def rows_of_relations(rows: pa.Table, relations: Sequence[Relation]) -> pa.Table:
    """Rows of these relations: one instance left out, or all that share the phrase."""
    wanted = pc.is_in(rows["relation"], pa.array([str(one) for one in relations]))
    single = pc.equal(pc.list_value_length(rows["instance_ids"]), 1)
    shared = pc.equal(rows["relation"], str(Relation.SHARED_GROUP))
    return rows.filter(pc.and_(wanted, pc.or_(single, shared)))


def _of_removals(removals: pa.Table, *, group: str, split: str, seed: int) -> Iterator[Finding]:
    cases = np.array(removals["case_id"].to_pylist(), dtype=object)
    drops = _numbers(removals, "logp_drop")
    strong = (drops > STRONG_EFFECT).astype(np.float64)
    for key, text, unit, values in (
        ("phrase_gone", "the phrase is gone", "share", _numbers(removals, "phrase_gone")),
        ("strong_effect", f"it loses over {STRONG_EFFECT:.0f} nat", "share", strong),
        ("becomes_correct", "becomes correct", "share", _numbers(removals, "becomes_correct")),
        ("logp_drop", "mean loss of log p", "nats", drops),
    ):
        # Where the truth is not known, nothing can be said about becoming correct.
        defined = ~np.isnan(values)
        yield estimate(
            _by_case(cases[defined], values[defined]),
            mean,
            key=key,
            group=group,
            split=split,
            seed=seed,
            claim=f"seed {seed}, {split}: without {group}, {text}",
            unit=unit,
            of="cases",
        )


def _numbers(rows: pa.Table, column: str) -> np.ndarray:
    return rows[column].cast(pa.float64()).to_numpy()


def _by_case(cases: np.ndarray, values: np.ndarray) -> list[float]:
    """Mean of the values of each case."""
    names, places = np.unique(cases.astype(str), return_inverse=True)
    sums = np.bincount(places, weights=values, minlength=len(names))
    return list(sums / np.bincount(places, minlength=len(names))) if len(names) else []
