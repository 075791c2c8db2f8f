"""Witten–Bell n-gram models over one stream of words, counted on some of its texts.

All texts, those that a model is counted on and those that it predicts, are in one stream. So each
n-gram is looked up once, when the stream is numbered, and a model of another selection of texts
costs only a count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from itlim.trace.evidence.background import FloatArray

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

BOUNDARY = 0
"""Id of the marks between texts; word ids are positive."""


def joined_stream(texts: Sequence[IntArray], order: int) -> tuple[IntArray, IntArray]:
    """Join texts, with as many boundaries before each as a context of `order` − 1 words needs.

    Args:
        texts: word ids of each text, positive.
        order: length in words of the longest n-gram.

    Returns:
        The stream, and for each of its positions the number of its text; boundaries belong to the
        text that follows.

    >>> joined_stream([np.array([7, 8]), np.array([9])], 2)
    (array([0, 7, 8, 0, 9]), array([0, 0, 0, 1, 1]))
    """
    gap = order - 1
    lengths = np.array([len(text) + gap for text in texts], dtype=np.int64)
    stream = np.full(int(lengths.sum()), BOUNDARY, dtype=np.int64)
    owner = np.repeat(np.arange(len(texts)), lengths)
    if len(texts):
        offset = np.arange(len(stream)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        stream[offset >= gap] = np.concatenate(texts)
    return stream, owner


@dataclass(frozen=True, slots=True, kw_only=True)
class NgramStream:
    """A stream of words whose n-grams of every length are numbered."""

    is_word: BoolArray
    """(n,) False at boundaries."""
    grams: tuple[IntArray, ...]
    """Per length from 1, (n,) number of the n-gram that ends at each position."""
    contexts: tuple[IntArray, ...]
    """Per length from 1, for each n-gram the number of the one that is a word shorter; for single
    words, that of the group."""

    @classmethod
    def of(cls, stream: IntArray, order: int, groups: IntArray | None = None) -> "NgramStream":
        """Number the n-grams of a stream.

        Args:
            stream: (n,) from `joined_stream` with at least this order.
            order: length in words of the longest n-gram.
            groups: (n,) 0-based; n-grams of different groups are never the same. One if None.
        """
        before = np.zeros(len(stream), np.int64) if groups is None else groups.astype(np.int64)
        base = int(stream.max(initial=BOUNDARY)) + 1
        grams, contexts = [], []
        for _ in range(order):
            number, keys = pd.factorize(before * base + stream)
            grams.append(number)
            contexts.append(keys // base)
            # The context of the next word's longer n-gram is this n-gram.
            before = np.concatenate([number[:1], number[:-1]])
        return cls(
            is_word=stream != BOUNDARY,
            grams=tuple(grams),
            contexts=tuple(contexts),
        )

    def probabilities(self, counted: BoolArray, wanted: BoolArray, *, uniform: float) -> FloatArray:
        """Probability of words under the interpolated model of the counted texts.

        p(w | h) = (c(h w) + t(h) · p(w | h′)) ÷ (c(h) + t(h)), where c counts n-grams, t(h) is the
        number of different words after h, and h′ is h without its first word. Of a context that
        does not occur, p(w | h) = p(w | h′). Single words start from `uniform`.

        Args:
            counted: (n,) positions whose n-grams are counted; boundaries count only as contexts.
            wanted: (n,) positions of the words to predict.
            uniform: probability of every word before anything is counted.

        Returns:
            Probabilities in (0, 1], one per wanted position.

        Source: Witten and Bell 1991 (doi:10.1109/18.87000), interpolated as in Chen and Goodman
        1999 (doi:10.1006/csla.1999.0128).
        """
        counted = counted & self.is_word
        probability = np.full(int(np.count_nonzero(wanted)), uniform)
        for gram, context in zip(self.grams, self.contexts, strict=True):
            count = np.bincount(gram[counted], minlength=len(context))
            total = np.bincount(context, weights=count)
            followers = np.bincount(context, weights=count > 0)
            ends = gram[wanted]
            before = context[ends]
            seen = total[before] + followers[before]
            mixed = (count[ends] + followers[before] * probability) / np.maximum(seen, 1)
            probability = np.where(seen > 0, mixed, probability)
        return probability
