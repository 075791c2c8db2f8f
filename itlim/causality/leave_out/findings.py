"""Findings of leave-out studies: shares of phrases that disappear, by what was left out."""

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
"""In nats; a removal that lowers a phrase's log-probability by more has a strong effect."""
_REMOVALS: tuple[tuple[str, tuple[Relation, ...]], ...] = (
    ("its only verbatim source", (Relation.UNIQUE_VERBATIM,)),
    ("all sources that share it", (Relation.SHARED_GROUP,)),
    ("one of several sources", (Relation.VERBATIM,)),
    ("another instance of the question's category", (Relation.SAME_CATEGORY,)),
    ("any other instance", (Relation.OTHER,)),
    ("an instance that does not contain it", (Relation.SAME_CATEGORY, Relation.OTHER)),
)


def read_leave_out(path: Path) -> pa.Table:
    """Read stored effects, rows of `schema.LEAVE_OUT`.

    Raises:
        NotFoundError: the file does not exist.
        InputError: the file lacks columns.
    """
    if not path.exists():
        raise NotFoundError(
            f"{path} is missing: create it with `python -m itlim leave-out --out {path}`."
        )
    table = pq.read_table(path)
    missing = [name for name in LEAVE_OUT.names if name not in table.column_names]
    if missing:
        raise InputError(
            f"{path} lacks the columns {', '.join(missing)}: another version wrote the file. Run "
            "`python -m itlim leave-out` again."
        )
    return table.select(LEAVE_OUT.names).cast(LEAVE_OUT)


def leave_out_findings(table: pa.Table) -> list[Finding]:
    """Effects of removals on main answers by seed and split; the group is what was left out.

    Each case counts once, with its mean over the removals of a kind, and intervals resample
    cases. Groups of instances that do not contain the phrase are ignored. Keys: `phrase_gone`,
    `strong_effect` and `becomes_correct` (shares), `logp_drop` (nats).
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
    """Rows with these relations that left out one instance, or all that share the phrase."""
    wanted = pc.is_in(rows["relation"], pa.array([str(one) for one in relations]))
    single = pc.equal(pc.list_value_length(rows["instance_ids"]), 1)
    shared = pc.equal(rows["relation"], str(Relation.SHARED_GROUP))
    return rows.filter(pc.and_(wanted, pc.or_(single, shared)))


def _of_removals(removals: pa.Table, *, group: str, split: str, seed: int) -> Iterator[Finding]:
    cases = np.array(removals["case_id"].to_pylist(), dtype=object)
    drops = _numbers(removals, "logp_drop")
    strong = (drops > STRONG_EFFECT).astype(np.float64)
    correct = _numbers(removals, "becomes_correct")
    large = f"its log-probability drops by over {STRONG_EFFECT:.0f} nat"
    for key, text, unit, values in (
        ("phrase_gone", "the phrase is gone", "share", _numbers(removals, "phrase_gone")),
        ("strong_effect", large, "share", strong),
        ("becomes_correct", "the answer becomes correct", "share", correct),
        ("logp_drop", "mean decrease in its log-probability", "nats", drops),
    ):
        # `becomes_correct` is null if the truth is unknown.
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
    """Mean value per case."""
    names, places = np.unique(cases.astype(str), return_inverse=True)
    sums = np.bincount(places, weights=values, minlength=len(names))
    return list(sums / np.bincount(places, minlength=len(names))) if len(names) else []
