"""Paired sign-flip tests, and p-values adjusted for several comparisons."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from itlim.errors import InputError


def sign_flip_p(differences: npt.NDArray[np.int64]) -> float:
    """One-sided p of paired differences under exchangeable signs, exact.

    If the two members of each pair are exchangeable, every difference is as likely as its
    negative. p is the share of all 2ⁿ assignments of signs whose sum is at least the observed one.
    The distribution of the sum is computed by convolution, so nothing is sampled.

    Args:
        differences: (n,) whole numbers, positive if the first member is larger.

    Returns:
        A probability in (0, 1]; 1 if all differences are 0 or there is none.

    Raises:
        InputError: the differences are not whole numbers.

    >>> sign_flip_p(np.array([1, 1, 1, 0]))
    0.125
    """
    if not np.issubdtype(np.asarray(differences).dtype, np.integer):
        raise InputError(
            f"Paired differences of type {np.asarray(differences).dtype}: expected whole numbers."
        )
    steps = np.abs(differences[differences != 0])
    # Entry k is the probability that the sum of the differences with a plus sign is k.
    positive = np.ones(1)
    for step in steps.tolist():
        longer = np.zeros(len(positive) + step)
        longer[: len(positive)] += positive / 2
        longer[step:] += positive / 2
        positive = longer
    observed = int(differences[differences > 0].sum())
    return float(min(1.0, positive[observed:].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjustment: rejecting below α keeps the chance of any false rejection below α.

    Args:
        p_values: one per comparison.

    Returns:
        Adjusted p-values in the same order, at most 1.

    Source: Holm 1979 (Scandinavian Journal of Statistics 6, 65–70).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    # Not statsmodels' `multipletests`: it collects garbage at each call, 0.1 s and more in the app.
    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given, kind="stable")
    adjusted = np.empty(len(given))
    adjusted[order] = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    return np.minimum(adjusted, 1).tolist()
