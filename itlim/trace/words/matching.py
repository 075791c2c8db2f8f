"""Where the words of a text stand in a dataset: one pass over the suffix array."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from itlim.trace.words import gathering, kernels
from itlim.trace.words.lexical import LexicalIndex

COUNTED_ONE_BY_ONE = 256
"""Occurrences up to which the instances behind them are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Every run of a query's words that stands in an index, as nested intervals."""

    index: LexicalIndex
    ids: npt.NDArray[np.int32]
    """(q,) word ids; -1 where the dataset lacks the word."""
    longest: npt.NDArray[np.int64]
    """(q,) how many words from each position on stand in the dataset as they are."""
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    lows: npt.NDArray[np.int64]
    highs: npt.NDArray[np.int64]

    @property
    def intervals(self) -> tuple[Any, ...]:
        """The levels as the kernels take them."""
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

    def occurrences(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        """Places in `index.words` where the run [start, stop) stands."""
        low, high = kernels.interval_of(*self.intervals, start, stop - start)
        return self.index.suffixes[low:high]

    def n_occurrences(self, start: int, stop: int) -> int:
        """How often the run [start, stop) stands in the dataset."""
        low, high = kernels.interval_of(*self.intervals, start, stop - start)
        return int(high - low)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """0-based positions of the instances that hold the run, ascending."""
        places = self.occurrences(start, stop)
        return np.unique(field_indices(self.index, places) // 3)

    def run_frequencies(self, order: int) -> npt.NDArray[np.int64]:
        """In how many contents the run of `order` words up to each position stands, (q,)."""
        return gathering.n_contents(
            *kernels.run_intervals(*self.intervals, order),
            *self.index.places,
            self.index.groups,
            COUNTED_ONE_BY_ONE,
        )


def match(index: LexicalIndex, words: list[str]) -> Matches:
    """Look up all runs of a text's words.

    Args:
        index: opened.
        words: the text's normalised words in order.
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


def field_indices(index: LexicalIndex, places: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """3 times the instance's position plus 0 (instruction), 1 (input) or 2 (response)."""
    return np.searchsorted(index.fields, places, side="right") - 1
