"""Leave-out against control: a phrase without what holds it, and without what does not."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itlim.causality.cases import Relation
from itlim.causality.leave_out.findings import rows_of_relations
from itlim.statistics.finding import Finding, estimate

SOURCES = (Relation.UNIQUE_VERBATIM, Relation.SHARED_GROUP)
"""Every instance that holds the phrase is left out."""
CONTROLS = (Relation.SAME_CATEGORY, Relation.OTHER)
_MEASURES = (("the phrase is gone", "share", "phrase_gone"), ("it loses", "nats", "logp_drop"))
_ARMS = {
    "sources": "without all that hold it",
    "controls": "without an instance that does not hold it",
    "difference": "the difference",
}


def contrast_findings(table: pa.Table) -> list[Finding]:
    """What leaving the sources out does beyond leaving anything out, over all seeds, by split.

    Main phrases that some instance holds; a case counts once, with its mean over the removals
    of an arm. Tunings answer the same questions, so intervals resample questions.

    Args:
        table: rows of `schema.LEAVE_OUT`.

    Returns:
        For each split, `phrase_gone` in shares and `logp_drop` in nats, of the groups
        `sources`, `controls` and `difference`, which is paired.
    """
    main = table.filter(pc.field("is_main"))
    found = []
    for split in sorted(set(main["split"].to_pylist())):
        rows = main.filter(pc.field("split") == split)
        for what, unit, column in _MEASURES:
            questions = _paired(rows, column)
            found += [
                estimate(
                    questions,
                    _mean_of_column(place),
                    n=sum(map(len, questions)),
                    key=column,
                    group=arm,
                    split=split,
                    claim=f"{split}, {_ARMS[arm]}: {what}",
                    unit=unit,
                    of=f"cases, {len(questions)} questions",
                )
                for place, arm in enumerate(_ARMS)
            ]
    return found


def _paired(rows: pa.Table, column: str) -> list[np.ndarray]:
    """By question, an array (case, 3): source arm, control arm, their difference."""
    sources, controls = (
        _case_means(rows_of_relations(rows, relations), column) for relations in (SOURCES, CONTROLS)
    )
    by_question: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for case in sorted(sources.keys() & controls.keys()):
        without, other = sources[case], controls[case]
        by_question[case[1]].append((without, other, without - other))
    return [np.array(cases) for cases in by_question.values()]


def _case_means(rows: pa.Table, column: str) -> dict[tuple[str, str], float]:
    """Mean of a column by case and question."""
    numbers = rows.set_column(
        rows.column_names.index(column), column, rows[column].cast(pa.float64())
    )
    means = numbers.group_by(["case_id", "instruction"]).aggregate([(column, "mean")])
    keys = zip(means["case_id"].to_pylist(), means["instruction"].to_pylist(), strict=True)
    return dict(zip(keys, means[f"{column}_mean"].to_pylist(), strict=True))


def _mean_of_column(place: int) -> Callable[[Sequence[np.ndarray]], float]:
    """Mean over the cases of some questions, each an array (case, 3)."""

    def mean(some: Sequence[np.ndarray]) -> float:
        return float(np.concatenate(some)[:, place].mean())

    return mean
