"""The background of copy evidence: how surprising each word is without the candidate sources.

The background must not come from the instances that compete as sources. So it counts
*distinct contents*, not occurrences (an exact copy adds nothing), and subtracts one, the
candidate's own. A phrase that only a few contents share gets the surprisal of its words
alone: a rare name stays rare if a second instance contains it. Only a phrase that many
contents share is treated as a stock phrase and counts little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.errors import ShapeError
from itlim.text.words import words_with_offsets
from itlim.trace.words import kernels
from itlim.trace.words.matching import Matches

FloatArray = npt.NDArray[np.float64]

FEW = 3
"""Distinct contents that may share a word or phrase while it still counts as maximally rare."""
MANY = 32
"""Distinct contents from which a phrase is scored by its own frequency alone."""
LONGEST_PHRASE = 3
"""Length in words of the longest phrase whose frequency is used."""
DISCOUNT = 0.75
"""Probability mass of a context's continuations that is given to seen ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCounts:
    """How often the words of a query and their phrases occur in one dataset, or in several."""

    total: int
    """Sum of the document frequencies of all words of the datasets."""
    phrases: FloatArray
    """(LONGEST_PHRASE, q) distinct contents with the phrase of 1, 2, … words that ends at each
    word."""

    @classmethod
    def of(cls, matches: Matches) -> "WordCounts":
        """Count the words of a query in one dataset."""
        index, ids = matches.index, matches.ids
        phrases = np.empty((LONGEST_PHRASE, len(ids)))
        phrases[0] = np.where(ids > 0, index.frequency[np.maximum(ids, 0)], 0)
        for order in range(2, LONGEST_PHRASE + 1):
            phrases[order - 1] = matches.run_frequencies(order)
        return cls(total=int(index.total_frequency), phrases=phrases)

    def __add__(self, other: "WordCounts") -> "WordCounts":
        """The counts in both datasets together."""
        return WordCounts(total=self.total + other.total, phrases=self.phrases + other.phrases)


def corpus_surprisal(matches: Sequence[Matches], *, few: int = FEW, many: int = MANY) -> FloatArray:
    """`counted_surprisal` of the words of a query in one or more indexes; the counts are added."""
    first, *others = map(WordCounts.of, matches)
    return counted_surprisal(sum(others, first), few=few, many=many)


def counted_surprisal(counts: WordCounts, *, few: int = FEW, many: int = MANY) -> FloatArray:
    """Surprisal of each word of a query by document frequency in the indexed datasets.

    Args:
        counts: of the query's words and phrases, in all datasets.
        few: document frequency up to which a word or phrase counts as rarest.
        many: document frequency above which a phrase counts by its own frequency alone.

    Returns:
        (q,) nats: −ln p(word), where p is the largest of the word's share of all document
        frequencies and, for 2- and 3-word phrases that end with it, the phrase's share of
        its context. Phrases with `few` to `many` contents are interpolated between the two.
    """
    return kernels.word_surprisal(counts.phrases, counts.total, few, many, DISCOUNT)


def base_surprisal(tokens: pa.Table, response: str) -> FloatArray:
    """Surprisal of each word of a stored response under the base model.

    Args:
        tokens: rows of TOKEN_SHIFTS of the response, in order.
        response: the response's text.

    Returns:
        (q,) nats, one per word of `words_with_offsets(response)`: the sum over the tokens whose
        first letter is in the word. It is near 0 for words that the base model predicts as well.
    """
    _, starts, stops = words_with_offsets(response)
    surprisal = np.zeros(len(starts))
    probs = tokens["emitted_prob"].to_numpy()
    for position, (first, last) in enumerate(
        zip(tokens["char_start"].to_pylist(), tokens["char_stop"].to_pylist(), strict=True)
    ):
        word = int(np.searchsorted(stops, first, side="right"))
        if word < len(starts) and starts[word] < last:
            surprisal[word] -= np.log(max(probs[position], np.finfo(np.float64).tiny))
    return surprisal


def joint_surprisal(corpus: FloatArray, base: FloatArray | None) -> FloatArray:
    """The elementwise minimum: a word that either background predicts is not evidence.

    Raises:
        ShapeError: `base` does not have one value per word.
    """
    if base is None:
        return corpus
    if len(base) != len(corpus):
        raise ShapeError(
            f"{len(base)} base surprisals for {len(corpus)} words: expected one per word of the "
            "response, as `base_surprisal` returns."
        )
    return np.minimum(corpus, base)
