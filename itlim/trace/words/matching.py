"""Find where runs of a text's words occur in a dataset, in one pass over the suffix array."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.trace.words import gathering, kernels
from itlim.trace.words.lexical_index import LexicalIndex

MAX_COUNTED = 256
"""Maximum number of occurrences for which distinct contents are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Every run of a query's words that occurs in an index, as nested suffix-array intervals."""

    index: LexicalIndex
    ids: npt.NDArray[np.int32]
    """(q,) word ids; -1 where the dataset lacks the word."""
    longest: npt.NDArray[np.int64]
    """(q,) length of the longest run from each position that occurs in the dataset."""
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    lows: npt.NDArray[np.int64]
    highs: npt.NDArray[np.int64]

    @property
    def intervals(self) -> tuple[Any, ...]:
        """The levels, as arguments for the kernels."""
        return self.starts, self.lengths, self.lows, self.highs, self.longest

    def after(self, first: int) -> "Matches":
        """The matches of the query's words from `first` on."""
        begin = self.starts[first]
        return replace(
            self,
            ids=self.ids[first:],
            longest=self.longest[first:],
            starts=self.starts[first:] - begin,
            lengths=self.lengths[begin:],
            lows=self.lows[begin:],
            highs=self.highs[begin:],
        )

    def first(self, n_words: int) -> "Matches":
        """The matches of the query's first words."""
        reach = n_words - np.arange(n_words)
        return replace(
            self, ids=self.ids[:n_words], longest=np.minimum(self.longest[:n_words], reach)
        )

    def occurrences(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """Offsets in `index.words` at which the run [start, stop) occurs."""
        low, high = kernels.interval_of(*self.intervals, start, stop - start)
        return self.index.suffixes[low:high]

    def n_occurrences(self, start: int, stop: int) -> int:
        """How often the run [start, stop) occurs in the dataset."""
        low, high = kernels.interval_of(*self.intervals, start, stop - start)
        return int(high - low)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """0-based positions of the instances that contain the run, ascending."""
        low, high = kernels.interval_of(*self.intervals, start, stop - start)
        return gathering.instances_with(low, high, *self.index.field_lookup)

    def run_frequencies(
        self, order: int, *, max_counted: int = MAX_COUNTED
    ) -> npt.NDArray[np.int64]:
        """(q,) number of distinct contents with the run of `order` words that ends at each word.

        Runs with more than `max_counted` occurrences count occurrences instead of contents.
        """
        return gathering.n_contents(
            *kernels.run_intervals(*self.intervals, order),
            *self.index.field_lookup,
            self.index.groups,
            max_counted,
        )


def match(index: LexicalIndex, words: list[str]) -> Matches:
    """Look up all runs of a text's words.

    Args:
        index: opened.
        words: normalized words of the text, in order.
    """
    ids = index.ids(words)
    starts, lengths, lows, highs, longest = kernels.levels(
        ids, index.words, index.suffixes, index.first_suffix
    )
    return Matches(
        index=index,
        ids=ids,
        longest=longest,
        starts=starts,
        lengths=lengths,
        lows=lows,
        highs=highs,
    )


def field_indices(index: LexicalIndex, offsets: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """The field of each word offset.

    Returns:
        3 times the instance's position plus 0 (instruction), 1 (input) or 2 (response).
    """
    return np.searchsorted(index.fields, offsets, side="right") - 1
