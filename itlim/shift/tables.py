"""`TokenShifts` and texts to the TOKEN_SHIFTS table, and back."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pyarrow as pa

from itlim.errors import ShapeError
from itlim.records import FloatArray, IntArray, Thresholds, TokenShifts, TokenTexts
from itlim.schema import TOKEN_SHIFTS

# Column of the table to field of TokenShifts, for those that are copied as they are.
_COLUMNS = {
    "token_id": "token_ids",
    "tuned_argmax_id": "tuned_argmax_ids",
    "base_rank": "base_ranks",
    "base_prob": "base_probs",
    "tuned_prob": "tuned_probs",
    "emitted_rank": "emitted_ranks",
    "emitted_prob": "emitted_probs",
    "emitted_tuned_prob": "emitted_tuned_probs",
    "kl_tuned_base": "kl_tuned_base",
    "kl_base_tuned": "kl_base_tuned",
    "js": "js",
    "base_entropy": "base_entropies",
    "tuned_entropy": "tuned_entropies",
}


def token_table(
    run_id: str,
    shifts: TokenShifts,
    texts: TokenTexts,
    text_of: Callable[[int], str],
    eos_ids: Collection[int],
    thresholds: Thresholds,
) -> pa.Table:
    """One row a token, in the schema TOKEN_SHIFTS.

    Args:
        run_id: the run these tokens belong to.
        shifts: T measured positions.
        texts: T texts of the same tokens.
        text_of: text of a top token, by id.
        eos_ids: ids that end a sequence.
        thresholds: bounds of the categories.

    Raises:
        ShapeError: shifts and texts differ in length.
    """
    count = len(shifts)
    if len(texts.texts) != count:
        raise ShapeError(f"{count} measured tokens, {len(texts.texts)} token texts.")
    columns: dict[str, Any] = {
        column: getattr(shifts, name) for column, name in _COLUMNS.items()
    } | {
        "run_id": [run_id] * count,
        "position": np.arange(count),
        "text": texts.texts,
        "char_start": texts.char_starts,
        "char_stop": texts.char_stops,
        "is_eos": [int(token) in eos_ids for token in shifts.token_ids],
        "category": [str(thresholds.category(int(rank))) for rank in shifts.base_ranks],
        "top_base": _top_tokens(shifts.top_base_ids, shifts.top_base_probs, text_of),
        "top_tuned": _top_tokens(shifts.top_tuned_ids, shifts.top_tuned_probs, text_of),
    }
    return pa.table(
        [pa.array(columns[field.name], type=field.type) for field in TOKEN_SHIFTS],
        schema=TOKEN_SHIFTS,
    )


def shifts_of(table: pa.Table) -> TokenShifts:
    """The measures of a TOKEN_SHIFTS table, rows in its order; the inverse of `token_table`."""
    columns = {name: table[column].to_numpy() for column, name in _COLUMNS.items()}
    integers = {"token_ids", "tuned_argmax_ids", "base_ranks", "emitted_ranks"}
    base_ids, base_probs = _top_arrays(table["top_base"])
    tuned_ids, tuned_probs = _top_arrays(table["top_tuned"])
    return TokenShifts(
        **{
            name: values.astype(np.int64 if name in integers else np.float64)
            for name, values in columns.items()
        },
        top_base_ids=base_ids,
        top_base_probs=base_probs,
        top_tuned_ids=tuned_ids,
        top_tuned_probs=tuned_probs,
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


def _top_arrays(column: pa.ChunkedArray) -> tuple[IntArray, FloatArray]:
    tops = column.combine_chunks()
    rows = len(tops)
    flat = tops.flatten()
    ids = flat.field("token_id").to_numpy().astype(np.int64).reshape(rows, -1)
    probs = flat.field("prob").to_numpy().astype(np.float64).reshape(rows, -1)
    return ids, probs
