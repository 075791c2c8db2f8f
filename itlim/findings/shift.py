"""How far tuning moved the distributions: divergence, categories and starts of sentences."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from itlim.findings.answers import Answer, PairAnswers
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import tokens_from
from itlim.schema import ShiftCategory
from itlim.shift.sentences import head_length, sentence_ranges

NO_TOKENS = "No answer of this pair has token measures."
_SENTENCES = (
    "Sentences are split as in the text view; the start of a sentence of n tokens is its first "
    "max(1, ceil(0.05 n)) tokens, and a sentence of one token has no rest."
)


def shift_findings(pair: PairAnswers) -> list[Estimate]:
    """Mean divergence, base rank and probability, category shares, and starts of sentences."""
    scored = list(pair.scored)
    return [
        _mean_of(pair, scored, "kl_mean", "kl_tuned_base", "mean KL(tuned ‖ base)", "nats"),
        _mean_of(pair, scored, "base_prob_mean", "base_prob", "mean base probability of the tuned "
                 "model's token", "probability"),
        _mean_of(pair, scored, "base_rank_mean", "base_rank", "mean base rank of the tuned model's "
                 "token", "rank"),
        *(
            _share_of(pair, scored, category)
            for category in (ShiftCategory.UNSHIFTED, ShiftCategory.MARGINAL, ShiftCategory.SHIFTED)
        ),
        *_sentence_starts(pair, scored),
    ]  # fmt: skip


def _mean_of(
    pair: PairAnswers, scored: Sequence[Answer], finding: str, column: str, claim: str, unit: str
) -> Estimate:
    def sums(answer: Answer) -> tuple[float, float]:
        values = answer.tokens[column].to_numpy()
        return float(values.sum()), float(len(values))

    return _tokens(
        pair,
        scored,
        sums,
        finding_id=finding,
        claim=claim,
        unit=unit,
        computed="The mean over all tokens of all answers; end tokens are not counted.",
        query=f"SELECT avg({column}) {tokens_from(pair)}",
    )


def _share_of(pair: PairAnswers, scored: Sequence[Answer], category: ShiftCategory) -> Estimate:
    def sums(answer: Answer) -> tuple[float, float]:
        found = answer.tokens["category"].to_numpy(zero_copy_only=False)
        return float(np.count_nonzero(found == category)), float(len(found))

    return _tokens(
        pair,
        scored,
        sums,
        finding_id=f"share_{category}",
        claim=f"share of {category} tokens (Fig. 1)",
        unit=PERCENT,
        scale=100.0,
        computed="Unshifted: the tuned model's token is the base model's first choice; marginal: "
        "it ranks second or third; shifted: below.",
        query=f"SELECT 100 * avg((category = '{category}')::INT) {tokens_from(pair)}",
    )


def _tokens(
    pair: PairAnswers, scored: Sequence[Answer], sums: Any, *, scale: float = 1.0, **labels: Any
) -> Estimate:
    counted = [(one.run_id, one.instruction, *sums(one)) for one in scored]
    return ratio_estimate(
        counted, pair=pair.pair, scale=scale, of="tokens", missing=NO_TOKENS, **labels
    )


def _sentence_starts(pair: PairAnswers, scored: Sequence[Answer]) -> list[Estimate]:
    """Mean KL over the first 5% and the remaining 95% of each sentence (Fig. 4)."""
    means = {one.run_id: list(_sentences(one)) for one in scored}
    found = []
    for finding, claim, place, only_first in (
        ("kl_head", "mean KL over the first 5% of each sentence (Fig. 4)", 0, False),
        ("kl_rest", "mean KL over the remaining 95% of each sentence (Fig. 4)", 1, False),
        ("kl_first_head", "mean KL over the first 5% of each response's first sentence", 0, True),
        ("kl_first_rest", "mean KL over the rest of each response's first sentence", 1, True),
    ):
        counted = []
        for one in scored:
            chosen = means[one.run_id][:1] if only_first else means[one.run_id]
            values = [sentence[place] for sentence in chosen]
            known = [value for value in values if value is not None]
            counted.append((one.run_id, one.instruction, float(sum(known)), float(len(known))))
        found.append(
            ratio_estimate(
                counted,
                finding_id=finding,
                pair=pair.pair,
                claim=claim,
                unit="nats",
                of="sentences",
                missing=NO_TOKENS,
                computed=f"The mean over sentences of the mean KL in each. {_SENTENCES}",
                query="-- All tokens; SQL cannot split the sentences.\n"
                "SELECT run_id, position, text, kl_tuned_base "
                f"{tokens_from(pair)}\nORDER BY run_id, position",
            )
        )
    return found


def _sentences(answer: Answer) -> Iterator[tuple[float, float | None]]:
    """Mean KL of the start and of the rest of each sentence; a one-token sentence has no rest."""
    values = answer.tokens["kl_tuned_base"].to_numpy()
    for low, high in sentence_ranges(answer.tokens):
        length = head_length(high - low)
        rest = values[low + length : high]
        yield float(values[low : low + length].mean()), float(rest.mean()) if len(rest) else None
