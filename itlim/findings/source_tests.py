"""What the stored tests of sources show: rephrasings, retrainings, and leave-out studies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from itlim.causality.cases import Relation
from itlim.causality.leave_out.findings import read_leave_out, rows_of_relations
from itlim.causality.leave_out.marked_instructions import origin_of
from itlim.findings.answers import Answer
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import listing
from itlim.library import Library
from itlim.store.connection import Store
from itlim.store.source_tests import SURVIVAL, drop_query, gone_query, values_of

NATS = "nats"
_UNRELATED = (Relation.SAME_CATEGORY, Relation.OTHER)
_NONE_CHOSEN = "None of the chosen answers has been tested in this way."
_Counted = list[tuple[str, str, float, float]]


def source_test_findings(
    library: Library, store: Store | None, pair: str, among: Sequence[Answer] | None = None
) -> list[Estimate]:
    """What leave-out studies show about a pair and, with a database, the tests stored there.

    Args:
        library: names the families with their studies.
        store: the open database; None for studies alone.
        pair: name of the pair.
        among: answers to which stored tests are limited, and studies to their questions; None for
            all.
    """
    studies = [(family.studied_pair, family.leave_out) for family in library.families.values()]
    stored = [] if store is None else stored_test_findings(store, pair, among)
    return [*left_out_findings(pair, studies, among), *stored]


def stored_test_findings(
    store: Store, pair: str, among: Sequence[Answer] | None = None
) -> list[Estimate]:
    """Survival of phrases in rephrased questions, and what stored retrainings of a pair show."""
    return [_survival(store, pair, among), *_retrained(store, pair, among)]


def _survival(store: Store, pair: str, among: Sequence[Answer] | None) -> Estimate:
    return ratio_estimate(
        _rows(store, SURVIVAL, pair, among),
        finding_id="rephrasing_survival",
        pair=pair,
        scale=100.0,
        claim="tested phrases that recur when the question is rephrased",
        unit=PERCENT,
        of="rephrasings",
        missing="No question of this pair has been rephrased: open one of its answers on Test."
        if among is None
        else _NONE_CHOSEN,
        computed="A phrase recurs if the new answer contains its words, or words with nearly the "
        "same spelling. Rephrasings that a person excluded do not count.",
        query=listing("rephrasings"),
    )


def _retrained(store: Store, pair: str, among: Sequence[Answer] | None) -> Iterable[Estimate]:
    """Stored retrainings: without the chosen instances, and without as many random ones."""
    missing = "Nothing of this pair has been retrained: open one of its answers on Test."
    if among is not None:
        missing = _NONE_CHOSEN
    for kind, whose, of in (
        ("chosen", "the chosen instances", "retrainings"),
        ("control", "as many random instances (control)", "control models"),
    ):
        for name, query_of, scale, unit, what in (
            ("gone", gone_query, 100.0, PERCENT, "tested phrases that are gone"),
            ("drop", drop_query, 1.0, NATS, "decrease of a tested phrase's log-probability"),
        ):
            query = query_of(kind)
            yield ratio_estimate(
                _rows(store, query, pair, among),
                finding_id=f"retrained_{name}_{kind}",
                pair=pair,
                scale=scale,
                claim=f"{what} after retraining without {whose}",
                unit=unit,
                of=of,
                missing=missing,
                computed="Against the full model, tuned again in the same experiment.",
                query=listing("retrainings"),
            )


def left_out_findings(
    pair: str, tables: Sequence[tuple[str, Path]], among: Sequence[Answer] | None = None
) -> Iterable[Estimate]:
    """What leave-out studies show: how often a phrase is gone, and how far its log-probability
    drops, without its only source and without other instances.

    Args:
        pair: name of the pair.
        tables: files of studies, each with the pair that it is about if it does not name one.
        among: answers to whose questions the studies are limited; None for all.
    """
    mine = [_cases(path) for owner, path in tables if path.exists() and _pair(path, owner) == pair]
    rows = pa.concat_tables(mine) if mine else None
    if rows is not None and among is not None:
        asked = pa.array({one.instruction for one in among}, pa.string())
        rows = rows.filter(pc.is_in(rows["instruction"], asked))
    for kind, relations, whose in (
        ("source", (Relation.UNIQUE_VERBATIM,), "its only verbatim source"),
        ("control", _UNRELATED, "an instance that does not contain it (control)"),
    ):
        for name, column, scale, unit, what in (
            ("gone", "phrase_gone", 100.0, PERCENT, "phrases that are gone"),
            ("drop", "logp_drop", 1.0, NATS, "decrease of a phrase's log-probability"),
        ):
            found = ratio_estimate(
                [] if rows is None else _means(rows, relations, column),
                finding_id=f"left_out_{name}_{kind}",
                pair=pair,
                scale=scale,
                claim=f"{what} after retraining without {whose}, in the leave-out study",
                unit=unit,
                of="phrases",
                missing="There is no leave-out study of this pair: `itlim leave-out` makes one."
                if rows is None
                else "No question of the leave-out study is among those chosen.",
                computed="Each phrase counts with its mean over all removals of this kind.",
            )
            # The study's answers are not stored runs.
            yield replace(found, cases=())


def _pair(path: Path, owner: str) -> str:
    """The pair whose model was retrained: named in the file, or else its owner."""
    origin = origin_of(path)
    return owner if origin is None else origin[0]


def _cases(path: Path) -> pa.Table:
    """Main phrases of the study; of a study with dev and test questions, the test questions."""
    table = read_leave_out(path).filter(pc.field("is_main"))
    if "test" in set(table["split"].unique().to_pylist()):
        table = table.filter(pc.field("split") == "test")
    return table.select(
        ["case_id", "seed", "instruction", "instance_ids", "relation", "phrase_gone", "logp_drop"]
    )


def _means(table: pa.Table, relations: Sequence[Relation], column: str) -> _Counted:
    wanted = rows_of_relations(table, relations)
    value = pc.cast(wanted[column], pa.float64())
    grouped = (
        wanted.set_column(wanted.column_names.index(column), column, value)
        .group_by(["seed", "case_id", "instruction"])
        .aggregate([(column, "mean")])
    )
    return [
        (f"{row['seed']}-{row['case_id']}", row["instruction"], row[f"{column}_mean"], 1.0)
        for row in grouped.to_pylist()
    ]


def _rows(store: Store, query: str, pair: str, among: Sequence[Answer] | None) -> _Counted:
    ids = None if among is None else {one.run_id for one in among}
    return [(*row, 1.0) for row in values_of(store, query, pair) if ids is None or row[0] in ids]
