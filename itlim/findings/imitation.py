"""Tone imitation: do the words that tuning moved occur in the tuning dataset?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from itlim.findings.answers import Answer, PairAnswers
from itlim.findings.estimates import NO_INDEX, PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import tokens_from
from itlim.findings.shift import NO_TOKENS
from itlim.records import BoolArray
from itlim.schema import ShiftCategory
from itlim.text.words import normalize, words_with_offsets

TOP_TOKENS = 125
"""Number of tokens in the paper's Figure 12; its caption names LIMA 1k, the text Alpaca 52k."""
_WORDS_QUERY = (
    "-- The tokens at which the words start; the tuning dataset is not in the views.\n"
    "SELECT run_id, position, text, category {tokens} AND category = '{category}'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedToken:
    """How often a token was emitted at shifted or marginal positions."""

    text: str
    n_shifted: int
    n_marginal: int
    n_unshifted: int
    is_style: bool
    """A function word or punctuation, as opposed to a content word."""


def word_findings(pair: PairAnswers) -> list[Estimate]:
    """Shares of words that start at shifted, marginal and unshifted tokens and are in the dataset.

    The unshifted words are the chance control: a large dataset contains nearly every word.
    """
    return [
        _found_words(pair, ShiftCategory.SHIFTED, "shifted_in_it"),
        _found_words(pair, ShiftCategory.MARGINAL, "marginal_in_it"),
        _found_words(pair, ShiftCategory.UNSHIFTED, "unshifted_in_it"),
    ]


def _found_words(pair: PairAnswers, category: ShiftCategory, finding: str) -> Estimate:
    counted = []
    for answer in pair.scored if pair.index is not None else ():
        starts_there, known = _words_of(pair, answer, category)
        counted.append(
            (
                answer.run_id,
                answer.instruction,
                float(np.count_nonzero(starts_there & known)),
                float(np.count_nonzero(starts_there)),
            )
        )
    control = " (chance control)" if category is ShiftCategory.UNSHIFTED else ""
    return ratio_estimate(
        counted,
        finding_id=finding,
        pair=pair.pair,
        scale=100.0,
        claim=f"words that start at {'an' if category[0] == 'u' else 'a'} {category} token and "
        f"occur in the tuning dataset{control}",
        unit=PERCENT,
        of="words",
        missing=_missing(pair, category),
        computed="A word counts if its first letter is in a token of the category; it is looked "
        "up among the normalized words of all instances.",
        query=_WORDS_QUERY.format(tokens=tokens_from(pair), category=category),
    )


def _missing(pair: PairAnswers, category: ShiftCategory) -> str:
    if not any(pair.scored):
        return NO_TOKENS
    return NO_INDEX if pair.index is None else f"No word starts at a {category} token."


def _words_of(
    pair: PairAnswers, answer: Answer, category: ShiftCategory
) -> tuple[BoolArray, BoolArray]:
    """(words,) which words start at a token of the category, and which the dataset contains."""
    assert pair.index is not None
    words, starts, _ = words_with_offsets(answer.response)
    token_starts, token_stops = (
        answer.tokens[name].to_numpy() for name in ("char_start", "char_stop")
    )
    place = np.searchsorted(token_starts, starts, side="right") - 1
    inside = (place >= 0) & (starts < token_stops[np.maximum(place, 0)])
    of_category = answer.tokens["category"].to_numpy(zero_copy_only=False) == category
    return inside & of_category[np.maximum(place, 0)], pair.index.lexical.ids(words) > 0


def moved_tokens(answers: Sequence[Answer], top: int = TOP_TOKENS) -> list[MovedToken]:
    """The tokens that are most often shifted or marginal (Fig. 12), most frequent first."""
    counts: dict[str, Counter[str]] = {}
    for answer in answers:
        texts, categories = (answer.tokens[name].to_pylist() for name in ("text", "category"))
        for text, category in zip(texts, categories, strict=True):
            counts.setdefault(text.strip(), Counter())[category] += 1
    found = [
        MovedToken(
            text=text,
            n_shifted=number[ShiftCategory.SHIFTED],
            n_marginal=number[ShiftCategory.MARGINAL],
            n_unshifted=number[ShiftCategory.UNSHIFTED],
            is_style=_is_style(text),
        )
        for text, number in counts.items()
        if text and number[ShiftCategory.SHIFTED] + number[ShiftCategory.MARGINAL]
    ]
    found.sort(key=lambda one: (-one.n_shifted - one.n_marginal, one.text))
    return found[:top]


def _is_style(text: str) -> bool:
    """Whether a token is an English function word or has no letter or digit."""
    from itlim.trace.evidence.foreign import function_words

    return not any(map(str.isalnum, text)) or normalize(text) in function_words()["en"]
