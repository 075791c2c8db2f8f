"""A case as one JSON document, laid out like Tables 6-8 of the paper; the basis of all formats."""

from collections.abc import Mapping, Sequence
from typing import Any

from itlim.causality.rephrasing.recurrence import shared_runs
from itlim.records import CounterfactualCase, CounterfactualRow
from itlim.statistics.intervals import wilson_interval

FORMAT = "itlim-counterfactuals/1"


def case_document(
    case: CounterfactualCase,
    rows: Sequence[CounterfactualRow],
    instances: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Everything about a case as one JSON object.

    Args:
        case: the latest version of the case.
        rows: its counterfactuals; excluded ones are omitted.
        instances: rows of `schema.INSTANCES` by id, for the case's sources and other instances;
            a missing one is represented only by its id.

    Returns:
        `case`, `sources`, `other_instances`, `counterfactuals` (each with `mark`: ✓ if the
        phrase does not recur, ✗ if it does) and `survival` per pair.
    """
    kept = [row for row in rows if row.is_kept]
    return {
        "format": FORMAT,
        "case": {
            "case_id": case.case_id,
            "version": case.version,
            "run_id": case.run_id,
            "pair": case.pair,
            "instruction": case.instruction,
            "input": case.input,
            "response": case.response,
            "span": [case.start, case.stop],
            "quote": case.quote,
            "causality": case.concept,
            "author": case.changed_by,
            "changed_at": case.changed_at.isoformat(),
        },
        "sources": [_instance(one, case, instances) for one in case.source_ids],
        "counterfactuals": [_counterfactual(row, case) for row in kept],
        "other_instances": [_instance(one, case, instances) for one in case.other_ids],
        "survival": survival(kept),
    }


def survival(rows: Sequence[CounterfactualRow]) -> list[dict[str, Any]]:
    """How often the phrase recurs, per pair: count, n, share and 95% Wilson interval."""
    found = []
    for pair in dict.fromkeys(row.counterfactual.pair for row in rows):
        mine = [row.counterfactual for row in rows if row.counterfactual.pair == pair]
        count = sum(not one.recurs.is_gone for one in mine)
        found.append(
            {
                "pair": pair,
                "recurs": count,
                "n": len(mine),
                "share": count / len(mine),
                "interval": wilson_interval(count, len(mine)),
            }
        )
    return found


def _instance(
    instance_id: str, case: CounterfactualCase, instances: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    row = instances.get(instance_id)
    if row is None:
        return {"instance_id": instance_id}
    return {
        "instance_id": instance_id,
        "line": row["source_line"],
        "instruction": row["instruction"],
        "input": row["input"],
        "response": row["response"],
        "borrowed": [list(place) for place in shared_runs(case.quote, row["response"])],
    }


def _counterfactual(row: CounterfactualRow, case: CounterfactualCase) -> dict[str, Any]:
    made = row.counterfactual
    elsewhere = made.elsewhere(case.source_ids)
    return {
        "counterfactual_id": made.counterfactual_id,
        "mark": "✓" if made.recurs.is_gone else "✗",
        "pair": made.pair,
        "instruction": made.instruction,
        "input": made.input,
        "template": made.template,
        "response": made.response,
        "span_recurs": {
            "kind": str(made.recurs.kind),
            "similarity": made.recurs.similarity,
            "span": None if made.recurs.start is None else [made.recurs.start, made.recurs.stop],
        },
        "borrowed_elsewhere": None
        if elsewhere is None
        else [
            {
                "span": [one.start, one.stop],
                "quote": one.quote,
                "nats": one.nats,
                "null_p": one.null_p,
                "instance_ids": list(one.instance_ids),
                "n_instances": one.n_instances,
            }
            for one in elsewhere
        ],
        "answer_correct": None if row.answer_correct is None else str(row.answer_correct),
        "meaning_preserved": None if row.meaning_preserved is None else str(row.meaning_preserved),
        "run_id": made.run_id,
        "base_hash": made.base_hash,
        "tuned_hash": made.tuned_hash,
        "decoding": made.decoding,
        "max_new_tokens": made.max_new_tokens,
        "author": made.author,
        "created_at": made.created_at.isoformat(),
    }
