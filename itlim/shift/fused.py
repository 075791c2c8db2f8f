"""The measures of divergence.py, fused into three passes over each row (row_passes.py).

divergence.py defines the formulas; tests check that both modules agree.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from itlim.errors import NonFiniteError
from itlim.measures import IntArray, TokenShifts
from itlim.shift.row_passes import measure_rows


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="itlim-measure")


def measure(
    base: np.ndarray, tuned: np.ndarray, emitted_ids: IntArray, top_k: int, threads: int = 1
) -> TokenShifts:
    """All measures of n positions; the fast equivalent of `divergence.measure` for the CPU.

    Args:
        base: (n, V) float32, C-contiguous, unnormalized logits of the base model.
        tuned: (n, V) float32, those of the tuned model.
        emitted_ids: (n,) int64, each in [0, V).
        top_k: number of most probable tokens to keep per model, at most V.
        threads: number of threads among which rows are divided.

    Raises:
        NonFiniteError: NaN or infinite logits.
    """
    rows = base.shape[0]
    ranks = np.empty((rows, 2), np.int64)
    values = np.empty((rows, 5), np.float64)
    base_ids, tuned_ids = np.zeros((2, rows, top_k + 2), np.int64)
    base_probs, tuned_probs = np.empty((2, rows, top_k + 2), np.float64)
    given = (base, tuned, emitted_ids)
    arrays = (*given, ranks, values, base_ids, tuned_ids, base_probs, tuned_probs)
    share = -(-rows // min(threads, rows))
    slices = [slice(start, start + share) for start in range(0, rows, share)]
    if len(slices) == 1:
        measure_rows(*arrays)
    else:
        # Python threads: numba's portable threading layer crashes when two threads enter it.
        parts = _threads(threads).map(
            lambda part: measure_rows(*(array[part] for array in arrays)), slices
        )
        list(parts)
    if not np.isfinite(values).all():
        raise NonFiniteError(
            "The logits contain NaN or infinity: choose dtype float32 or bfloat16."
        )
    return TokenShifts(
        token_id=emitted_ids,
        tuned_argmax_id=tuned_ids[:, top_k],
        base_rank=ranks[:, 0],
        emitted_rank=ranks[:, 1],
        base_prob=base_probs[:, top_k],
        tuned_prob=tuned_probs[:, top_k],
        emitted_prob=base_probs[:, top_k + 1],
        emitted_tuned_prob=tuned_probs[:, top_k + 1],
        kl_tuned_base=values[:, 0],
        kl_base_tuned=values[:, 1],
        js=values[:, 2],
        base_entropy=values[:, 3],
        tuned_entropy=values[:, 4],
        top_base_ids=base_ids[:, :top_k],
        top_base_probs=base_probs[:, :top_k],
        top_tuned_ids=tuned_ids[:, :top_k],
        top_tuned_probs=tuned_probs[:, :top_k],
    )
