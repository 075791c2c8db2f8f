"""Compare removals of a phrase's sources with control removals of unrelated instances."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itlim.causality.cases import Relation
from itlim.causality.leave_out.findings import rows_of_relations
from itlim.statistics.finding import Finding, estimate
from itlim.text.messages import plural

SOURCES = (Relation.UNIQUE_VERBATIM, Relation.SHARED_GROUP)
"""Relations for which every instance that contains the phrase is left out."""
CONTROLS = (Relation.SAME_CATEGORY, Relation.OTHER)
_MEASURES = (
    ("the phrase is gone", "share", "phrase_gone"),
    ("decrease in its log-probability", "nats", "logp_drop"),
)
_ARMS = {
    "sources": "without all instances that contain the phrase",
    "controls": "without an instance that does not contain the phrase",
    "difference": "difference between these two",
}


def contrast_findings(table: pa.Table) -> list[Finding]:
    """Effect of removing a phrase's sources compared with controls, over all seeds, by split.

    Uses the main phrases that occur in at least one instance. Each case counts once, with its
    mean over the removals of an arm. All seeds answer the same questions, so intervals resample
    questions.

    Args:
        table: rows of `schema.LEAVE_OUT`.

    Returns:
        For each split, `phrase_gone` (shares) and `logp_drop` (nats) of the groups `sources`,
        `controls` and `difference`; the difference is paired by case.
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
                    of=f"cases from {plural(len(questions), 'question')}",
                )
                for place, arm in enumerate(_ARMS)
            ]
    return found


def _paired(rows: pa.Table, column: str) -> list[np.ndarray]:
    """Per question, an array (case, 3): source arm, control arm, difference."""
    sources, controls = (
        _case_means(rows_of_relations(rows, relations), column) for relations in (SOURCES, CONTROLS)
    )
    by_question: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for case in sorted(sources.keys() & controls.keys()):
        without, other = sources[case], controls[case]
        by_question[case[1]].append((without, other, without - other))
    return [np.array(cases) for cases in by_question.values()]


def _case_means(rows: pa.Table, column: str) -> dict[tuple[str, str], float]:
    """Mean of a column for each (case, question)."""
    numbers = rows.set_column(
        rows.column_names.index(column), column, rows[column].cast(pa.float64())
    )
    means = numbers.group_by(["case_id", "instruction"]).aggregate([(column, "mean")])
    keys = zip(means["case_id"].to_pylist(), means["instruction"].to_pylist(), strict=True)
    return dict(zip(keys, means[f"{column}_mean"].to_pylist(), strict=True))


def _mean_of_column(place: int) -> Callable[[Sequence[np.ndarray]], float]:
    """Statistic over questions, each an array (case, 3): the mean of one column."""

    def mean(some: Sequence[np.ndarray]) -> float:
        return float(np.concatenate(some)[:, place].mean())

    return mean
