"""Count the tokens of each shift category.

Counts use the base ranks, not the stored category column, so that thresholds can change without
measuring again.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from itlim.records import Thresholds
from itlim.schema import ShiftCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCounts:
    """Number of tokens of each category in one or more responses."""

    counts: dict[ShiftCategory, int]
    includes_end: bool
    """Whether end-of-sequence tokens were counted."""

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    def share(self, category: ShiftCategory) -> float | None:
        """Share of the n tokens; None if there are none."""
        return self.counts[category] / self.n if self.n else None


def category_counts(
    tokens: pa.Table, thresholds: Thresholds | None = None, *, include_end: bool = False
) -> CategoryCounts:
    """Count the shift categories of a TOKEN_SHIFTS table.

    Args:
        tokens: `base_rank` and `is_eos` of TOKEN_SHIFTS, any number of rows.
        thresholds: base ranks that bound the categories; the paper's 1 and 3 if None.
        include_end: also count end-of-sequence tokens.
    """
    limits = thresholds or Thresholds()
    ranks = tokens["base_rank"].to_numpy()
    if not include_end:
        ranks = ranks[~tokens["is_eos"].to_numpy()]
    unshifted = int(np.count_nonzero(ranks <= limits.marginal_above))
    shifted = int(np.count_nonzero(ranks > limits.shifted_above))
    return CategoryCounts(
        counts={
            ShiftCategory.UNSHIFTED: unshifted,
            ShiftCategory.MARGINAL: len(ranks) - unshifted - shifted,
            ShiftCategory.SHIFTED: shifted,
        },
        includes_end=include_end,
    )
