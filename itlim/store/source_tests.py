"""Stored tests of sources, as numbers to average: rephrasings and retrainings of one pair."""

from itlim.store.connection import Store

# A rephrasing that a person excluded from tables does not count (`JudgedQuestion.KEPT`).
SURVIVAL = """
WITH excluded AS (
    SELECT counterfactual_id FROM counterfactual_judgements WHERE question = 'kept'
    GROUP BY counterfactual_id HAVING arg_max(answer, rowid) = 'no'
), cases AS (
    SELECT case_id, any_value(run_id) AS run_id, any_value(instruction) AS instruction
    FROM counterfactual_cases GROUP BY case_id
)
SELECT cases.run_id, cases.instruction, (recurrence <> 'gone')::INTEGER::DOUBLE
FROM counterfactuals JOIN cases USING (case_id)
WHERE pair = $pair AND counterfactual_id NOT IN (SELECT counterfactual_id FROM excluded)
"""
"""Whether the phrase recurs, for each rephrasing."""
_ARMS = """
SELECT r.run_id, r.instruction, {value}
FROM retrainings r
JOIN retraining_arms a USING (experiment_id)
JOIN retraining_arms f ON f.experiment_id = r.experiment_id AND f.kind = 'full'
WHERE r.pair = $pair AND a.kind = '{kind}'
"""


def gone_query(kind: str) -> str:
    """Whether the phrase is gone, for each retrained model of a kind (`ArmKind`)."""
    return _ARMS.format(value="a.phrase_gone::INTEGER::DOUBLE", kind=kind)


def drop_query(kind: str) -> str:
    """Decrease in nats of the phrase's log-probability, for each retrained model of a kind."""
    return _ARMS.format(value="f.logp - a.logp", kind=kind)


def values_of(store: Store, query: str, pair: str) -> list[tuple[str, str, float]]:
    """Run, instruction and number of each row of one of these queries."""
    with store.reading() as cursor:
        rows = cursor.execute(query, {"pair": pair}).fetchall()
    return [(str(run), str(asked), float(value)) for run, asked, value in rows]
