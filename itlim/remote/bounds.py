"""Lower bounds of divergences from partly known distributions."""

from collections.abc import Mapping
from math import exp, inf, log

SUM_ERROR = 1e-5
"""Error of a sum of probabilities from float32 log-probabilities. The rest of Q is increased by it,
so that rounding cannot raise a bound; more of Q anywhere only lowers it."""


def kl_at_least(p: Mapping[int, float], q: Mapping[int, float]) -> tuple[float, int]:
    """A lower bound of KL(P || Q) in nats, which is not the divergence itself.

    The tokens whose log-probabilities are known under both models are one cell each, and all
    others together are one more cell. Merging tokens into cells never increases a divergence
    (data-processing inequality; Cover & Thomas, Elements of Information Theory, 2nd ed., theorem
    2.7.1, the log-sum inequality), so the divergence between cells is at most KL(P || Q). It is
    equal if every token is a cell.

    Args:
        p: log-probabilities in nats by token id; -inf for 0.
        q: those of the other model. Ids may differ.

    Returns:
        The bound, at least 0, and the number of tokens that have a cell of their own.

    >>> p, q = {1: log(0.5), 2: log(0.25)}, {1: log(0.25), 3: log(0.5)}
    >>> bound, cells = kl_at_least(p, q)
    >>> round(bound, 3), cells
    (0.144, 1)
    """
    cells = [token for token in p.keys() & q.keys() if q[token] > -inf]
    bound = sum(exp(p[token]) * (p[token] - q[token]) for token in cells if p[token] > -inf)
    rest_p = 1.0 - sum(exp(p[token]) for token in cells)
    rest_q = 1.0 - sum(exp(q[token]) for token in cells)
    if rest_p > 0:
        bound += rest_p * (log(rest_p) - log(max(rest_q, 0.0) + SUM_ERROR))
    return max(bound, 0.0), len(cells)
