"""Convert `TokenShifts` and texts to a TOKEN_SHIFTS table."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.errors import ShapeError
from itlim.measures import MEASURES
from itlim.records import FloatArray, IntArray, Thresholds, TokenShifts, TokenTexts
from itlim.schema import TOKEN_SHIFTS


def token_table(
    run_id: str,
    shifts: TokenShifts,
    texts: TokenTexts,
    text_of: Callable[[int], str],
    eos_ids: Collection[int],
    thresholds: Thresholds,
    first: int = 0,
) -> pa.Table:
    """One row per token, in the schema TOKEN_SHIFTS.

    Args:
        run_id: the run these tokens belong to.
        shifts: T measured positions.
        texts: token texts of the response from position 0 to the last of these tokens, `first` + T
            of them.
        text_of: returns the text of a token id, for the top tokens.
        eos_ids: ids that end a sequence.
        thresholds: bounds of the categories.
        first: position of the first row; above 0 for the later tokens of a response.

    Raises:
        ShapeError: shifts and texts differ in length.
    """
    count, texts_count = len(shifts), len(texts.texts) - first
    if texts_count != count:
        raise ShapeError(
            f"{count} measured tokens, but {texts_count} token texts: expected one text per token."
        )
    columns: dict[str, Any] = {one.column: getattr(shifts, one.column) for one in MEASURES} | {
        "token_id": shifts.token_id,
        "tuned_argmax_id": shifts.tuned_argmax_id,
        "run_id": [run_id] * count,
        "position": np.arange(first, first + count),
        "text": texts.texts[first:],
        "char_start": texts.char_starts[first:],
        "char_stop": texts.char_stops[first:],
        "is_eos": [int(token) in eos_ids for token in shifts.token_id],
        "category": [str(thresholds.category(int(rank))) for rank in shifts.base_rank],
        "top_base": _top_tokens(shifts.top_base_ids, shifts.top_base_probs, text_of),
        "top_tuned": _top_tokens(shifts.top_tuned_ids, shifts.top_tuned_probs, text_of),
    }
    return pa.table(
        [pa.array(columns[field.name], type=field.type) for field in TOKEN_SHIFTS],
        schema=TOKEN_SHIFTS,
    )


def _top_tokens(
    ids: IntArray, probs: FloatArray, text_of: Callable[[int], str]
) -> list[list[dict[str, Any]]]:
    texts = {token: text_of(token) for token in {int(token) for token in ids.flat}}
    return [
        [
            {"token_id": token, "text": texts[token], "prob": prob}
            for token, prob in zip(row, row_probs, strict=True)
        ]
        for row, row_probs in zip(ids.tolist(), probs.tolist(), strict=True)
    ]
