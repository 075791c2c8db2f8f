"""Join what is known of both models: the columns of `schema.REMOTE_TOKENS`."""

from collections.abc import Collection, Sequence
from math import inf
from typing import Any

import pyarrow as pa

from itlim.errors import ShapeError
from itlim.records import Thresholds, TokenTexts
from itlim.remote.bounds import kl_at_least
from itlim.remote.readout import Position, Rank
from itlim.schema import REMOTE_TOKENS, ShiftCategory


def remote_tokens(
    run_id: str,
    base: Sequence[Position],
    tuned: Sequence[Position],
    texts: TokenTexts,
    eos_ids: Collection[int],
    thresholds: Thresholds,
) -> pa.Table:
    """One row per token, in the schema REMOTE_TOKENS.

    Args:
        run_id: the run these tokens belong to.
        base: T positions of the response under the base model.
        tuned: the same positions under the tuned model.
        texts: their T texts.
        eos_ids: ids that end a sequence.
        thresholds: bounds of the categories.

    Raises:
        ShapeError: the lengths differ.
    """
    if not len(base) == len(tuned) == len(texts.texts):
        raise ShapeError(
            f"{len(base)} positions of the base model, {len(tuned)} of the tuned model and "
            f"{len(texts.texts)} token texts: expected the same number."
        )
    rows = [
        {
            "run_id": run_id,
            "position": place,
            "text": texts.texts[place],
            "char_start": texts.char_starts[place],
            "char_stop": texts.char_stops[place],
            "is_eos": base[place].token_id in eos_ids,
            **figures(base[place], tuned[place], thresholds),
        }
        for place in range(len(base))
    ]
    return pa.Table.from_pylist(rows, schema=REMOTE_TOKENS)


def figures(base: Position, tuned: Position, thresholds: Thresholds) -> dict[str, Any]:
    """The figures of one position, by column.

    `category` is that of the tuned model's first choice y_t, as for local models. Where the tuned
    model's server does not say what y_t is, or the base model's does not say where it ranks, the
    figures of y_t are None.
    """
    token = base.token_id
    first, first_decided = tuned.first_choice()
    emitted = base.rank(token)
    rank = None if first is None else base.rank(first)
    category, category_decided = category_of(rank, thresholds)
    forward, cells = kl_at_least(tuned.listed, base.listed)
    backward, _ = kl_at_least(base.listed, tuned.listed)
    return {
        "token_id": token,
        "emitted_log_prob": _finite(base.log_prob),
        "emitted_prob": base.prob(token),
        "emitted_tuned_log_prob": _finite(tuned.log_prob),
        "emitted_tuned_prob": tuned.prob(token),
        "emitted_rank": emitted.at_most,
        "emitted_rank_decided": emitted.is_decided,
        "tuned_argmax_id": first,
        "base_prob": None if first is None else base.prob(first),
        "tuned_prob": None if first is None else tuned.prob(first),
        "base_rank": None if rank is None else rank.at_most,
        "base_rank_decided": rank is not None and rank.is_decided and first_decided,
        "category": category,
        "category_decided": category_decided and first_decided,
        "kl_tuned_base_at_least": forward,
        "kl_base_tuned_at_least": backward,
        "kl_cells": cells,
    }


def category_of(rank: Rank | None, thresholds: Thresholds) -> tuple[ShiftCategory | None, bool]:
    """The category of a rank within bounds, and whether ties cannot change it.

    >>> category_of(Rank(at_least=4, at_most=None), Thresholds())
    (<ShiftCategory.SHIFTED: 'shifted'>, True)
    >>> category_of(Rank(at_least=2, at_most=None), Thresholds())
    (None, False)
    >>> category_of(Rank(at_least=2, at_most=5), Thresholds())
    (<ShiftCategory.SHIFTED: 'shifted'>, False)
    """
    if rank is None:
        return None, False
    lowest = thresholds.category(rank.at_least)
    if lowest is ShiftCategory.SHIFTED:
        return lowest, True
    if rank.at_most is None:
        return None, False
    highest = thresholds.category(rank.at_most)
    return highest, highest is lowest


def _finite(log_prob: float) -> float | None:
    """None for the logarithm of 0."""
    return None if log_prob == -inf else log_prob
