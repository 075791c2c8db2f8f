"""Hand-made answers of pairs behind servers."""

from datetime import UTC, datetime

import pyarrow as pa

from itlim.records import RemoteRun
from itlim.schema import REMOTE_TOKENS


def remote_token(position, text, category, **changes):
    """A row of REMOTE_TOKENS; keyword arguments replace columns."""
    row = {field.name: None for field in REMOTE_TOKENS} | {
        "run_id": "r",
        "position": position,
        "token_id": position,
        "text": text,
        "char_start": 0,
        "char_stop": 0,
        "is_eos": False,
        "emitted_prob": 0.25,
        "emitted_tuned_prob": 0.5,
        "emitted_rank": 7,
        "emitted_rank_decided": False,
        "base_rank_decided": False,
        "category": category,
        "category_decided": False,
        "kl_tuned_base_at_least": 0.125,
        "kl_base_tuned_at_least": 0.0,
        "kl_cells": 1,
    }
    return row | changes


def remote_run(rows, **changes):
    """A run of these tokens; keyword arguments replace its columns."""
    names = ("run_id", "pair", "base", "tuned", "template", "instruction", "input", "prompt")
    columns = dict.fromkeys(names, "x") | {
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "prompt_token_ids": [1],
        "response": "".join(row["text"] for row in rows),
        "decoding": "pasted",
        "max_new_tokens": None,
        "finish_reason": "pasted",
        "marginal_above": 1,
        "shifted_above": 3,
        "base_top_k": 1,
        "tuned_top_k": 1,
        "itlim_version": "0",
    }
    return RemoteRun(**(columns | changes), tokens=pa.Table.from_pylist(rows, schema=REMOTE_TOKENS))
