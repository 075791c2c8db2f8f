"""Summarize one or more scored responses from their token tables."""

from typing import Any

import numpy as np
import pyarrow as pa

from itlim.measures import DEFAULT_MEASURE, MEASURES
from itlim.records import Thresholds
from itlim.shift.counts import category_counts
from itlim.shift.sentences import head_and_rest


def run_summary(tokens: pa.Table, thresholds: Thresholds) -> dict[str, Any]:
    """A run's numbers as a JSON object.

    End-of-sequence tokens are never counted. A mean over nothing is null, not 0. Divergences and
    entropies are in nats.

    Args:
        tokens: TOKEN_SHIFTS rows of one or more runs; the rows of a run are consecutive and in
            order of position.
        thresholds: bounds of the categories.
    """
    is_eos = tokens["is_eos"].to_numpy(zero_copy_only=False)
    counted = category_counts(tokens, thresholds)
    sentences = head_and_rest(tokens)
    emitted = tokens["token_id"].to_numpy() != tokens["tuned_argmax_id"].to_numpy()
    return {
        "n_tokens": counted.n,
        "n_runs": len(set(tokens["run_id"].to_pylist())),
        "marginal_above": thresholds.marginal_above,
        "shifted_above": thresholds.shifted_above,
        "categories": {
            str(category): {"count": count, "share": counted.share(category)}
            for category, count in counted.counts.items()
        },
        "n_emitted_not_argmax": int((emitted & ~is_eos).sum()),
        "mean": {
            one.column: _mean(tokens[one.column].to_numpy()[~is_eos])
            for one in MEASURES
            if one.summarized
        },
        "sentences": {
            "metric": DEFAULT_MEASURE,
            "n": len(sentences.heads),
            "n_with_rest": len(sentences.rests),
            "head": sentences.head,
            "rest": sentences.rest,
            "first_sentence_head": sentences.first_head,
            "first_sentence_rest": sentences.first_rest,
        },
    }


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
