"""Export a retraining experiment as JSON (complete) or as CSV (one line per model)."""

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from itlim.causality.retraining.verdict import verdict
from itlim.records.retrainings import Arm, RetrainExperiment
from itlim.text.csv_cells import csv_cell

FORMAT = "itlim-retraining/1"
_ARM_COLUMNS = ("kind", "logp", "phrase_gone", "answer_changed", "seconds", "answer")


def experiment_document(experiment: RetrainExperiment) -> dict[str, Any]:
    """One JSON object; offsets are half-open code points, log-probabilities are in nats."""
    question = asdict(experiment.question)
    start, stop = question.pop("span_start"), question.pop("span_stop")
    names = [
        name for name in RetrainExperiment.__dataclass_fields__ if name not in {"question", "arms"}
    ]
    document: dict[str, Any] = {"format": FORMAT}
    document |= {name: getattr(experiment, name) for name in names}
    document["created_at"] = experiment.created_at.isoformat()
    document["question"] = question | {"span": [start, stop], "quote": experiment.question.quote}
    document["repeats_run"] = experiment.repeats_run
    document["verdict"] = verdict(experiment)
    document["arms"] = [_arm(experiment, arm) for arm in experiment.arms]
    return document


def experiment_to_json(experiment: RetrainExperiment) -> str:
    """The document as JSON text with a final newline."""
    document = experiment_document(experiment)
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def experiment_to_csv(experiment: RetrainExperiment) -> str:
    """One line per model and a header, with CRLF line endings (RFC 4180)."""
    question = experiment.question
    shared = {
        "experiment_id": experiment.experiment_id,
        "run_id": question.run_id,
        "pair": experiment.pair,
        "quote": question.quote,
    }
    rows = [
        shared
        | {name: getattr(arm, name) for name in _ARM_COLUMNS}
        | {"instance_ids": " ".join(arm.instance_ids), "logp_drop": experiment.drop(arm)}
        for arm in experiment.arms
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*shared, "instance_ids", "logp_drop", *_ARM_COLUMNS])
    writer.writeheader()
    writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _arm(experiment: RetrainExperiment, arm: Arm) -> dict[str, Any]:
    columns = {name: getattr(arm, name) for name in _ARM_COLUMNS}
    tokens = arm.tokens.drop_columns(["run_id"]).to_pylist()
    return {
        **columns,
        "instance_ids": list(arm.instance_ids),
        "logp_drop": experiment.drop(arm),
        "tokens": tokens,
    }
