"""Find where runs of a text's words occur in a dataset, in one pass over the suffix array."""

from dataclasses import dataclass
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

    def between(self, first: int, last: int | None = None) -> "Matches":
        """The matches of the query's words [first, last); of all words from `first` on if None."""
        stop = len(self.ids) if last is None else last
        starts, lengths, lows, highs, longest = kernels.cut_levels(*self.intervals, first, stop)
        return Matches(
            index=self.index,
            ids=self.ids[first:stop],
            longest=longest,
            starts=starts,
            lengths=lengths,
            lows=lows,
            highs=highs,
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
        return gathering.instances_with(low, high, self.index.entry_fields)

    def n_instances(self, start: int, stop: int) -> int:
        """How many instances contain the run [start, stop)."""
        low, high = kernels.interval_of(*self.intervals, start, stop - start)
        index = self.index
        return int(gathering.n_instances_with(low, high, index.entry_fields, len(index.groups)))

    def instances_of_runs(
        self, firsts: npt.NDArray[np.int64], lasts: npt.NDArray[np.int64], kept: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The instances that contain each of several runs [firsts[k], lasts[k]).

        Returns:
            (k,) number of instances, (k,) number of distinct contents, and (k, kept) positions of
            the first instances, ascending, -1 beyond the last.
        """
        lows, highs = kernels.intervals_of(*self.intervals, firsts, lasts)
        return gathering.instances_of_runs(
            lows, highs, self.index.entry_fields, self.index.groups, kept
        )

    def run_frequencies(
        self, order: int, *, max_counted: int = MAX_COUNTED
    ) -> npt.NDArray[np.int64]:
        """(q,) number of distinct contents with the run of `order` words that ends at each word.

        Runs with more than `max_counted` occurrences count occurrences instead of contents.
        """
        return gathering.n_contents(
            *kernels.run_intervals(*self.intervals, order),
            self.index.entry_fields,
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
