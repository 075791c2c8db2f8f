"""Convert TOKEN_SHIFTS rows to the JSON that the token view draws.

The JSON is columnar, with one vocabulary for both models' top tokens: 2,000 tokens with two top-10
lists take about 0.6 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from itlim.components.tokens.metrics import measures_for_browser
from itlim.errors import InputError, NonFiniteError
from itlim.measures import MEASURES
from itlim.schema import TOKEN_SHIFTS

DIGITS = 6
"""Significant digits sent; more than are shown, because the browser sums log-probabilities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A box around tokens, for example a traced or marked span."""

    id: str
    start: int
    stop: int
    """Half-open: the box covers tokens [start, stop)."""
    kind: int = 0
    """Index of the palette's layer color and line style, 0 to 3."""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Underline:
    """A line below tokens, in addition to their shift colors: words that occur in the dataset."""

    start: int
    stop: int
    """Half-open: the line runs below tokens [start, stop)."""
    kind: int = 0
    """0 solid, 1 dashed, 2 dotted."""


def model_label(path: str) -> str:
    """The last part of a path or hub id.

    >>> model_label("meta-llama/Llama-2-7b-hf"), model_label("data/demo/models/sft/")
    ('Llama-2-7b-hf', 'sft')
    """
    return path.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or path


def token_payload(tokens: pa.Table, *, doc: str, base_name: str, tuned_name: str) -> dict[str, Any]:
    """Pack the tokens of one response for the browser.

    Args:
        tokens: rows of TOKEN_SHIFTS in order of position, from 0. May be the first rows
            of a response that is still being generated, or none.
        doc: id of the response, normally the run id. It stays the same while a response grows, so
            that the view appends tokens instead of rebuilding them (feed.py).
        base_name: label of the base model's top tokens.
        tuned_name: label of the tuned model's top tokens.

    Returns:
        `rows_payload` with `models` (`base`, `tuned`) and `measures` (metrics.py).

    Raises:
        InputError: columns are missing, or positions are not 0, 1, 2, …
        NonFiniteError: a measure is NaN or infinite.
    """
    models = {"base": base_name, "tuned": tuned_name}
    payload = rows_payload(tokens, doc=doc, start=0)
    return payload | {"models": models, "measures": measures_for_browser()}


def rows_payload(tokens: pa.Table, *, doc: str, start: int | None = None) -> dict[str, Any]:
    """The part of a payload that grows with the tokens.

    Args:
        tokens: consecutive rows of TOKEN_SHIFTS in order of position.
        doc: as in `token_payload`.
        start: position that the first row must have; None allows any.

    Returns:
        A JSON-ready dict: `doc`, `texts`, `token_ids`, `argmax_ids`, `ends` (positions of
        end-of-sequence tokens), `columns` (one list per measure), `vocabulary` (`ids`,
        `texts`), `top_base` and `top_tuned` (per token a flat list that alternates vocabulary
        index and probability).

    Raises:
        InputError: columns are missing, or positions are not consecutive from `start`.
        NonFiniteError: a measure is NaN or infinite.
    """
    _check(tokens, start)
    tops = [_Top.of(tokens[name]) for name in ("top_base", "top_tuned")]
    vocabulary_ids, indices, vocabulary_texts = _vocabulary(tops)
    columns = {one.column: tokens[one.column].to_numpy() for one in MEASURES}
    return {
        "doc": doc,
        "texts": tokens["text"].to_pylist(),
        "token_ids": tokens["token_id"].to_pylist(),
        "argmax_ids": tokens["tuned_argmax_id"].to_pylist(),
        "ends": tokens["position"].filter(tokens["is_eos"]).to_pylist(),
        "columns": {name: _for_json(values).tolist() for name, values in columns.items()},
        "vocabulary": {"ids": vocabulary_ids, "texts": vocabulary_texts},
        "top_base": tops[0].packed(indices[0]),
        "top_tuned": tops[1].packed(indices[1]),
    }


def run_payload(run: dict[str, Any], tokens: pa.Table) -> dict[str, Any]:
    """`token_payload` of a stored run, with its id and the names of its models."""
    return token_payload(
        tokens,
        doc=run["run_id"],
        base_name=model_label(run["base_model"]),
        tuned_name=model_label(run["tuned_model"]),
    )


def _check(tokens: pa.Table, start: int | None) -> None:
    missing = [name for name in TOKEN_SHIFTS.names if name not in tokens.column_names]
    if missing:
        raise InputError(
            f"The token table lacks {', '.join(missing)}: expected the columns of TOKEN_SHIFTS."
        )
    positions = tokens["position"].to_numpy()
    first = (positions[0] if len(positions) else 0) if start is None else start
    if not np.array_equal(positions, first + np.arange(len(positions))):
        raise InputError(
            f"The positions of the token table are not {first}, {first + 1}, {first + 2}, …: "
            "give the rows of one run, ordered by position."
        )
    for one in MEASURES:
        if not np.isfinite(tokens[one.column].to_numpy()).all():
            raise NonFiniteError(f"{one.column} contains NaN or infinity: measure the run again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Top:
    """One `top_*` column, flattened: token t has the entries [offsets[t], offsets[t + 1])."""

    offsets: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    texts: pa.Array
    probs: npt.NDArray[np.float64]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "_Top":
        lists = column.combine_chunks()
        lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
        entries = lists.flatten()
        return cls(
            offsets=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            ids=entries.field("token_id").to_numpy(zero_copy_only=False),
            texts=entries.field("text"),
            probs=entries.field("prob").to_numpy(zero_copy_only=False),
        )

    def packed(self, indices: npt.NDArray[np.int64]) -> list[list[float]]:
        """Per token a flat list that alternates vocabulary index and probability."""
        probs = _rounded(self.probs, 4).tolist()
        flat: list[float] = [
            item for pair in zip(indices.tolist(), probs, strict=True) for item in pair
        ]
        bounds = (2 * self.offsets).tolist()
        return [flat[start:stop] for start, stop in pairwise(bounds)]


def _vocabulary(
    tops: Sequence[_Top],
) -> tuple[list[int], list[npt.NDArray[np.int64]], list[str]]:
    """Ids (ascending) and texts of all top entries, and each entry's index into them."""
    ids = np.concatenate([top.ids for top in tops])
    texts = pa.concat_arrays([top.texts for top in tops])
    unique, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    indices = np.split(inverse, [len(tops[0].ids)])
    return unique.tolist(), indices, texts.take(pa.array(first)).to_pylist()


def _for_json(values: np.ndarray) -> np.ndarray:
    """A column as it is sent: integers unchanged, other numbers rounded."""
    return values if values.dtype.kind == "i" else _rounded(values, DIGITS)


def _rounded(values: npt.NDArray[np.float64], digits: int) -> npt.NDArray[np.float64]:
    """Round to `digits` significant digits, so that the JSON is short.

    >>> _rounded(np.array([0.123456789, 1234.5678, 0.0]), 3).tolist()
    [0.123, 1230.0, 0.0]
    """
    magnitudes = np.floor(np.log10(np.abs(values), where=values != 0, out=np.zeros(len(values))))
    scale = 10.0 ** np.clip(digits - 1 - magnitudes, -290, 290)
    return np.round(values * scale) / scale
