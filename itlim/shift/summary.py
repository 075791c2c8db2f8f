"""The numbers of one or many scored responses, from their token tables alone."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from itlim.errors import InputError
from itlim.records import Thresholds
from itlim.shift.counts import category_counts
from itlim.shift.sentences import head_and_rest

Response = TypeVar("Response")

_MEAN_COLUMNS = (
    "kl_tuned_base",
    "kl_base_tuned",
    "js",
    "base_entropy",
    "tuned_entropy",
    "base_prob",
    "tuned_prob",
    "emitted_prob",
)


def run_summary(tokens: pa.Table, thresholds: Thresholds) -> dict[str, Any]:
    """A run's numbers as a JSON object.

    The end-of-sequence token counts nowhere. Values without anything to
    average are null, never 0. Divergences and entropies are in nats.

    Args:
        tokens: TOKEN_SHIFTS rows of one or many runs, each run's together and in order.
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
        "mean": {name: _mean(tokens[name].to_numpy()[~is_eos]) for name in _MEAN_COLUMNS},
        "sentences": {
            "metric": "kl_tuned_base",
            "n": len(sentences.heads),
            "n_with_rest": len(sentences.rests),
            "head": sentences.head,
            "rest": sentences.rest,
            "first_sentence_head": sentences.first_head,
            "first_sentence_rest": sentences.first_rest,
        },
    }


def bootstrap_interval(
    responses: Sequence[Response],
    statistic: Callable[[Sequence[Response]], float | None],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of a statistic, resampling whole responses.

    Tokens of one response hang together, so it is responses that are drawn.

    Args:
        responses: one item a response; whatever `statistic` reads.
        statistic: the estimate from some responses; None where undefined.
        level: share of resamples inside the interval.
        resamples: how many to draw.
        seed: of the draws.

    Returns:
        Lower and upper bound; None for fewer than two responses, or where the statistic is
        undefined in more than one resample of twenty.

    >>> bootstrap_interval([1.0, 1.0, 1.0], lambda drawn: sum(drawn) / len(drawn))
    (1.0, 1.0)
    """
    if not 0 < level < 1:
        raise InputError(f"The level is {level}: expected a share between 0 and 1, such as 0.95.")
    if len(responses) < 2:
        return None
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(responses), (resamples, len(responses)))
    estimates = [statistic([responses[place] for place in draw]) for draw in draws.tolist()]
    defined = np.array([value for value in estimates if value is not None], np.float64)
    if len(defined) < 0.95 * resamples:
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
