"""The measures of divergence.py, fused into three passes over each row (kernels.py).

Nothing here defines anything: the formulas' home is divergence.py, and the
tests hold the two together.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import log

import numba
import numpy as np

from itlim.errors import NonFiniteError
from itlim.records import FloatArray, IntArray
from itlim.shift.kernels import measure_rows
from itlim.shift.row_measures import RowMeasures


def available() -> bool:
    """Whether numba compiles here; switched off it would run the loops in Python."""
    return not getattr(numba.config, "DISABLE_JIT", False)


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="itlim-measure")


def measure(
    base: np.ndarray, tuned: np.ndarray, emitted_ids: IntArray, top_k: int, threads: int = 1
) -> RowMeasures:
    """All measures of n positions; the fast twin of `divergence.measure`.

    Args:
        base: (n, V) float32, C-contiguous, unnormalised logits of the base model.
        tuned: (n, V) float32, likewise of the tuned model.
        emitted_ids: (n,) int64, each in [0, V).
        top_k: how many of both models' most probable tokens to keep, at most V.
        threads: rows are shared out over so many threads.

    Raises:
        NonFiniteError: NaN or infinite logits.
    """
    rows = base.shape[0]
    ids = np.empty((rows, 3), np.int64)
    values = np.empty((rows, 9), np.float64)
    top_base = np.zeros((rows, top_k), np.int64)
    top_tuned = np.zeros((rows, top_k), np.int64)
    arrays = (base, tuned, emitted_ids, ids, values, top_base, top_tuned)
    share = -(-rows // min(threads, rows))
    slices = [slice(start, start + share) for start in range(0, rows, share)]
    if len(slices) == 1:
        measure_rows(*arrays)
    else:
        # Threads of Python, not numba's: its portable layer dies when two threads enter it.
        list(
            _threads(threads).map(
                lambda part: measure_rows(*(array[part] for array in arrays)), slices
            )
        )
    if not np.isfinite(values).all():
        raise NonFiniteError("The logits hold NaN or infinity: choose dtype float32 or bfloat16.")
    return _row_measures(base, tuned, emitted_ids, ids, values, top_base, top_tuned)


def _row_measures(
    base: np.ndarray,
    tuned: np.ndarray,
    emitted: IntArray,
    ids: IntArray,
    values: FloatArray,
    top_base: IntArray,
    top_tuned: IntArray,
) -> RowMeasures:
    def probs(logits: np.ndarray, token_ids: IntArray, first: int) -> FloatArray:
        chosen = np.take_along_axis(logits, token_ids, axis=1).astype(np.float64)
        largest, log_total = values[:, first, None], values[:, first + 1, None]
        return np.exp(chosen - largest - log_total)

    argmax, emitted = ids[:, :1], emitted[:, None]
    divergences = np.clip(values[:, :5], 0.0, None)
    return RowMeasures(
        argmax_ids=ids[:, 0],
        base_ranks=ids[:, 1],
        emitted_ranks=ids[:, 2],
        base_probs=probs(base, argmax, 5)[:, 0],
        tuned_probs=probs(tuned, argmax, 7)[:, 0],
        emitted_probs=probs(base, emitted, 5)[:, 0],
        emitted_tuned_probs=probs(tuned, emitted, 7)[:, 0],
        kl_tuned_base=divergences[:, 0],
        kl_base_tuned=divergences[:, 1],
        js=np.clip(divergences[:, 2], 0.0, log(2)),
        base_entropies=divergences[:, 3],
        tuned_entropies=divergences[:, 4],
        top_base_ids=top_base,
        top_base_probs=probs(base, top_base, 5),
        top_tuned_ids=top_tuned,
        top_tuned_probs=probs(tuned, top_tuned, 7),
    )
