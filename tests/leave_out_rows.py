"""Rows of a leave-out table with a few chosen values."""

import pyarrow as pa

from itlim.schema import LEAVE_OUT


def leave_out_row(
    case_id, relation, gone, drop=0.0, *, ids=("demo-1",), seed=0, main=True, split="test",
    question="Who?",
):  # fmt: skip
    return {
        "case_id": case_id,
        "seed": seed,
        "split": split,
        "instruction": question,
        "category": "book",
        "response": "By Jane.",
        "attribute": "answer" if main else "year",
        "is_main": main,
        "span_start": 3,
        "span_stop": 7,
        "span_text": "Jane",
        "n_holders": 1,
        "instance_ids": list(ids),
        "relation": relation,
        "logp_drop": drop,
        "phrase_gone": gone,
        "answer_changed": gone,
        "becomes_correct": False,
    }


def leave_out_rows(*rows):
    return pa.Table.from_pylist(list(rows), schema=LEAVE_OUT)
