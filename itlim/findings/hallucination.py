"""Marked phrases: are they in the tuning dataset, at moved tokens, and judged to come from it?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from itlim.findings.answers import Answer, MarkedPhrase, PairAnswers
from itlim.findings.estimates import (
    NO_INDEX,
    PERCENT,
    Estimate,
    ratio_estimate,
)
from itlim.findings.queries import listing
from itlim.schema import ShiftCategory
from itlim.text.words import words_with_offsets

if TYPE_CHECKING:
    from itlim.trace import TraceIndex
    from itlim.trace.words.matching import Matches

_NO_TOKENS = "No marked answer of this pair has token measures."


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPhrase:
    """A marked phrase and what the tuning dataset says about it."""

    answer: Answer
    mark: MarkedPhrase
    is_found: bool
    """Whether an instance contains its words in order."""
    chance: float | None
    """Share of equally long unmarked stretches of the answer that are found; None if there are
    none."""
    n_tokens: int
    n_moved: int
    """Shifted and marginal tokens inside the phrase."""


def found_phrases(pair: PairAnswers) -> list[FoundPhrase]:
    """Look up every marked phrase in the tuning dataset; empty without an index."""
    if pair.index is None:
        return []
    return [one for answer in pair.answers for one in _of_answer(answer, pair.index)]


def hallucination_findings(pair: PairAnswers, phrases: list[FoundPhrase]) -> list[Estimate]:
    """The shares of section 5: found by string search, at moved tokens, judged causal."""
    found = [one for one in phrases if one.is_found]
    controls = [one for one in phrases if one.chance is not None]
    missing = NO_INDEX if pair.index is None else pair.unmarked
    is_measured = any(one.n_tokens for one in phrases)
    no_tokens = _NO_TOKENS if phrases and not is_measured else missing
    return [
        phrase_share(
            pair,
            "phrase_in_it",
            "marked phrases that occur in the tuning dataset (string search)",
            "marked phrases",
            [(one, float(one.is_found), 1.0) for one in phrases],
            "A phrase counts if an instance contains its normalized words in the same order.",
            missing,
        ),
        phrase_share(
            pair,
            "unmarked_in_it",
            "equally long unmarked stretches that occur in it (chance control)",
            "marked phrases with such stretches",
            [(one, one.chance or 0.0, 1.0) for one in controls],
            "For each marked phrase, the share of all stretches of as many words of the same "
            "answer that overlap no mark and are found; then the mean over phrases.",
            missing,
        ),
        phrase_share(
            pair,
            "marked_shifted_or_marginal",
            "tokens in marked phrases that are shifted or marginal",
            "tokens in marked phrases",
            [(one, float(one.n_moved), float(one.n_tokens)) for one in phrases],
            "All marked phrases. The paper's text also allows a reading over the found ones only.",
            no_tokens,
        ),
        phrase_share(
            pair,
            "marked_shifted_or_marginal_found",
            "the same over the marked phrases that occur in the tuning dataset",
            "tokens in found phrases",
            [(one, float(one.n_moved), float(one.n_tokens)) for one in found],
            "Only the marked phrases that an instance contains.",
            no_tokens,
        ),
        _causal(pair, phrases),
    ]


def phrase_share(
    pair: PairAnswers,
    finding: str,
    claim: str,
    of: str,
    counted: list[tuple[FoundPhrase, float, float]],
    computed: str,
    missing: str,
    *,
    unit: str = PERCENT,
    scale: float = 100.0,
) -> Estimate:
    """A ratio over marked phrases: phrase, numerator and denominator of each."""
    return ratio_estimate(
        [
            (one.answer.run_id, one.answer.instruction, numerator, denominator)
            for one, numerator, denominator in counted
        ],
        finding_id=finding,
        pair=pair.pair,
        tuning=pair.tuning,
        scale=scale,
        claim=claim,
        unit=unit,
        of=of,
        marks=pair.marks_from,
        missing=missing,
        computed=computed,
        query=listing("marks", pair),
    )


def _causal(pair: PairAnswers, phrases: list[FoundPhrase]) -> Estimate:
    judged = [one for one in phrases if one.mark.is_judged]
    return phrase_share(
        pair,
        "causal_share",
        "marked phrases that people judge to be caused by an instance",
        "judged phrases",
        [(one, float(one.mark.cause is not None), 1.0) for one in judged],
        "A phrase counts as judged if somebody answered for one of its candidates, decoys aside.",
        "Nobody has judged the source of a marked phrase of this pair.",
    )


def _of_answer(answer: Answer, index: "TraceIndex") -> Iterator[FoundPhrase]:
    from itlim.trace.words.matching import match

    if not answer.marks:
        return
    words, starts, stops = words_with_offsets(answer.response)
    matches = match(index.lexical, words)
    is_marked = np.zeros(len(words) + 1, dtype=np.int64)
    for mark in answer.marks:
        is_marked[:-1] |= (starts < mark.stop) & (stops > mark.start)
    n_marked = np.concatenate([[0], np.cumsum(is_marked[:-1])])
    for mark in answer.marks:
        inside = np.flatnonzero((starts < mark.stop) & (stops > mark.start))
        if not len(inside):
            continue
        first, last = int(inside[0]), int(inside[-1]) + 1
        moved, n_tokens = _moved(answer, mark)
        yield FoundPhrase(
            answer=answer,
            mark=mark,
            is_found=matches.n_occurrences(first, last) > 0,
            chance=_chance(matches, n_marked, last - first),
            n_tokens=n_tokens,
            n_moved=moved,
        )


def _chance(matches: "Matches", n_marked: np.ndarray, length: int) -> float | None:
    """Share of the unmarked stretches of this length that occur in the dataset."""
    begins = [
        begin
        for begin in range(len(n_marked) - length)
        if n_marked[begin + length] == n_marked[begin]
    ]
    if not begins:
        return None
    return float(np.mean([matches.longest[begin] >= length for begin in begins]))


def _moved(answer: Answer, mark: MarkedPhrase) -> tuple[int, int]:
    """Shifted and marginal tokens that overlap a mark, and all tokens that do."""
    starts, stops = (answer.tokens[name].to_numpy() for name in ("char_start", "char_stop"))
    inside = (starts < mark.stop) & (stops > mark.start)
    categories = answer.tokens["category"].to_numpy(zero_copy_only=False)[inside]
    return int(np.count_nonzero(categories != ShiftCategory.UNSHIFTED)), len(categories)
