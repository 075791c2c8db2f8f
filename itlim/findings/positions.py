"""Where in an answer tuning moved it: divergence by position, and the first token that differs."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from itlim.findings.answers import Answer, PairAnswers
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import tokens_from
from itlim.findings.shift import NO_TOKENS
from itlim.records import IntArray

BY_SHARE, BY_TOKEN = "kl_by_share", "kl_by_token"
"""The two curves: over tenths of an answer, and over token numbers."""
N_PARTS = 10
_TOKEN_EDGES = (0, 1, 2, 4, 8, 16, 32, 64, 128)
"""0-based first token of each bin; the last one has no end."""
_ROWS = (
    "SELECT run_id, position, base_rank, kl_tuned_base, count(*) OVER (PARTITION BY run_id) AS n "
    "{tokens}"
)
_FIRST = (
    "SELECT run_id, min(position) AS first, any_value(n) AS n FROM ({rows}) "
    "WHERE base_rank > 1 GROUP BY run_id"
)


def position_findings(pair: PairAnswers) -> list[Estimate]:
    """Mean divergence by relative and absolute position, and the first divergence."""
    scored = list(pair.scored)
    return [
        *_curve(pair, scored, BY_SHARE, _share_bins(), _part_of),
        *_curve(pair, scored, BY_TOKEN, _token_bins(), _token_bin_of),
        *_first_divergence(pair, scored),
    ]


def _share_bins() -> Iterator[tuple[str, str, str]]:
    """Id, label and SQL condition of each tenth."""
    for part in range(N_PARTS):
        low, high = 100 * part // N_PARTS, 100 * (part + 1) // N_PARTS
        yield f"{low}_{high}", f"{low}–{high}%", f"position * {N_PARTS} // n = {part}"


def _token_bins() -> Iterator[tuple[str, str, str]]:
    """Id, label (1-based token numbers) and SQL condition of each bin."""
    for first, stop in pairwise(_TOKEN_EDGES):
        label = f"{first + 1}" if stop == first + 1 else f"{first + 1}–{stop}"
        yield label.replace("–", "_"), label, f"position BETWEEN {first} AND {stop - 1}"
    last = _TOKEN_EDGES[-1]
    yield f"{last + 1}_end", f"> {last}", f"position >= {last}"


def _part_of(n: int) -> IntArray:
    """(n,) tenth of each token of an answer; the first token is in the first one."""
    return np.arange(n) * N_PARTS // n


def _token_bin_of(n: int) -> IntArray:
    """(n,) bin of each token."""
    return np.searchsorted(_TOKEN_EDGES, np.arange(n), side="right") - 1


def _curve(
    pair: PairAnswers,
    scored: Sequence[Answer],
    series: str,
    bins: Iterator[tuple[str, str, str]],
    bin_of: Callable[[int], IntArray],
) -> list[Estimate]:
    named = list(bins)
    sums = np.zeros((len(scored), len(named)))
    counts = np.zeros_like(sums)
    for row, answer in enumerate(scored):
        places = bin_of(answer.tokens.num_rows)
        sums[row] = np.bincount(
            places, weights=answer.tokens["kl_tuned_base"].to_numpy(), minlength=len(named)
        )
        counts[row] = np.bincount(places, minlength=len(named))
    what = "the answer" if series == BY_SHARE else "all answers"
    rows = _ROWS.format(tokens=tokens_from(pair))
    return [
        ratio_estimate(
            [
                (one.run_id, one.instruction, float(sums[row, place]), float(counts[row, place]))
                for row, one in enumerate(scored)
            ],
            finding_id=f"{series}_{name}",
            series=series,
            place=label,
            pair=pair.pair,
            claim=f"mean KL at {label} of {what}"
            if series == BY_SHARE
            else f"mean KL at token {label} of an answer",
            unit="nats",
            of="tokens",
            missing=NO_TOKENS if not scored else "No answer has a token there.",
            computed="The mean over the tokens of all answers at that place; token t of n (from 0) "
            "is at t ÷ n of its answer, and end tokens are not counted."
            if series == BY_SHARE
            else "The mean over the tokens with that number (from 1) in all answers that are long "
            "enough; end tokens are not counted.",
            query=f"SELECT avg(kl_tuned_base) FROM ({rows}) WHERE {condition}",
        )
        for place, (name, label, condition) in enumerate(named)
    ]


def first_divergence(answer: Answer) -> int | None:
    """0-based place of the first token that the base does not rank first; None if there is none."""
    places = np.flatnonzero(answer.tokens["base_rank"].to_numpy() > 1)
    return int(places[0]) if len(places) else None


def _first_divergence(pair: PairAnswers, scored: Sequence[Answer]) -> list[Estimate]:
    places = {one.run_id: first_divergence(one) for one in scored}
    differing = [(one, place) for one in scored if (place := places[one.run_id]) is not None]
    rows = _ROWS.format(tokens=tokens_from(pair))
    first = _FIRST.format(rows=rows)
    missing = NO_TOKENS if not scored else "The base model ranks every token first."
    without = "Answers without such a token are left out; their share is given apart."
    return [
        ratio_estimate(
            [(one.run_id, one.instruction, place + 1.0, 1.0) for one, place in differing],
            finding_id="first_divergence_token",
            pair=pair.pair,
            claim="number of the first token that the base model does not rank first",
            unit="token number",
            of="answers with such a token",
            missing=missing,
            computed=f"The mean over answers; the first token is number 1. {without}",
            query=f"SELECT avg(first + 1) FROM ({first})",
        ),
        ratio_estimate(
            [
                (one.run_id, one.instruction, place / one.tokens.num_rows, 1.0)
                for one, place in differing
            ],
            finding_id="first_divergence_at",
            pair=pair.pair,
            scale=100.0,
            claim="place in the answer of the first token that the base model does not rank first",
            unit=PERCENT,
            of="answers with such a token",
            missing=missing,
            computed="Tokens before it in percent of the answer's tokens; the mean over answers. "
            f"{without}",
            query=f"SELECT avg(100 * first / n) FROM ({first})",
        ),
        ratio_estimate(
            [(one.run_id, one.instruction, float(places[one.run_id] is None), 1.0)
             for one in scored],
            finding_id="no_divergence",
            pair=pair.pair,
            scale=100.0,
            claim="answers of which the base model ranks every token first",
            unit=PERCENT,
            of="answers",
            missing=NO_TOKENS,
            computed="Greedy decoding of the base model, forced along the answer, would have "
            "chosen the same tokens.",
            query="SELECT 100 * avg((largest = 1)::INT) FROM (SELECT run_id, max(base_rank) AS "
            f"largest FROM ({rows}) GROUP BY run_id)",
        ),
    ]  # fmt: skip
