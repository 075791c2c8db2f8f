"""The background of copy evidence: how surprising each word is without the candidate sources.

The background must not come from the instances that compete as sources. So it counts
*distinct contents*, not occurrences (an exact copy adds nothing), and subtracts one, the
candidate's own. A phrase that only a few contents share gets the surprisal of its words
alone: a rare name stays rare if a second instance contains it. Only a phrase that many
contents share is treated as a stock phrase and counts little.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.errors import ShapeError
from itlim.text.words import words_with_offsets
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


def corpus_surprisal(matches: Sequence[Matches], *, few: int = FEW, many: int = MANY) -> FloatArray:
    """Surprisal of each word of a query by document frequency in the indexed datasets.

    Args:
        matches: the same query in one or more indexes; their counts are added.
        few: document frequency up to which a word or phrase counts as rarest.
        many: document frequency above which a phrase counts by its own frequency alone.

    Returns:
        (q,) nats: −ln p(word), where p is the largest of the word's share of all document
        frequencies and, for 2- and 3-word phrases that end with it, the phrase's share of
        its context. Phrases with `few` to `many` contents are interpolated between the two.
    """
    frequency = np.sum([_frequency(one) for one in matches], axis=0)
    total = sum(one.index.total_frequency for one in matches)
    alone = -np.log(np.maximum(frequency - 1, few) / total)
    surprisal = alone.copy()
    context = frequency
    for order in range(2, LONGEST_PHRASE + 1):
        phrase = np.sum([one.run_frequencies(order) for one in matches], axis=0)
        seen = np.flatnonzero(phrase - 1 > few)
        others, as_word = phrase[seen] - 1, alone[seen]
        share = DISCOUNT * others / np.maximum(context[seen - 1] - 1, 1)
        stock = np.minimum(np.log(others / few) / np.log(many / few), 1)
        as_phrase = np.minimum(as_word, -np.log(share))
        surprisal[seen] = np.minimum(surprisal[seen], (1 - stock) * as_word + stock * as_phrase)
        context = phrase
    return surprisal


def _frequency(matches: Matches) -> FloatArray:
    found = matches.index.frequency[np.maximum(matches.ids, 0)]
    return np.where(matches.ids > 0, found, 0).astype(np.float64)


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
