"""Split responses into sentences and compare their starts with the rest (paper, Figure 4).

Works on token tables; no model is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import pyarrow as pa

from itlim.errors import InputError
from itlim.measures import DEFAULT_MEASURE
from itlim.records import FloatArray, IntArray
from itlim.text.sentences import sentence_ends

# Share of a sentence's tokens that counts as its start (paper, section 4.1).
HEAD_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAndRest:
    """Means of a metric over the starts of sentences and over the rests.

    The start of a sentence of n tokens is its first `max(1, ceil(0.05 n))` tokens; a one-token
    sentence has no rest.
    """

    heads: FloatArray
    """(S,) mean over each sentence's start."""
    rests: FloatArray
    """(R,) mean over each rest; R <= S, since one-token sentences have none."""
    first_heads: FloatArray
    """(N,) mean over the start of the first sentence of each response."""
    first_rests: FloatArray

    @property
    def head(self) -> float | None:
        """Mean over all sentences; None if there are none."""
        return _mean(self.heads)

    @property
    def rest(self) -> float | None:
        """Mean over all sentences that have a rest; None if there are none."""
        return _mean(self.rests)

    @property
    def first_head(self) -> float | None:
        return _mean(self.first_heads)

    @property
    def first_rest(self) -> float | None:
        return _mean(self.first_rests)

    @property
    def ratio(self) -> float | None:
        """Head divided by rest; None if there is no rest or it is 0."""
        head, rest = self.head, self.rest
        return None if head is None or not rest else head / rest


def head_length(tokens: int) -> int:
    """Number of tokens in the start of a sentence.

    >>> [head_length(n) for n in (1, 20, 21)]
    [1, 1, 2]
    """
    if tokens < 1:
        raise InputError(f"A sentence of {tokens} tokens has no start: expected at least 1 token.")
    # Integer arithmetic, so that 0.05 * 20 is not rounded up to 2.
    return max(1, ceil(tokens / round(1 / HEAD_SHARE)))


def split_tokens(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Sentences as half-open token ranges that cover all tokens.

    A token belongs to the sentence in which its text begins, ignoring leading space; an empty
    token belongs to the sentence of the previous one.

    >>> split_tokens(["Yes", ".", " The", " Nile", "!"])
    ((0, 2), (2, 5))
    """
    if not texts:
        return ()
    ends = sentence_ends("".join(texts))
    starts = [0]
    offset = sentence = 0
    for index, text in enumerate(texts):
        begins = offset + (len(text) - len(text.lstrip()) if text.strip() else 0)
        while text and sentence < len(ends) and begins >= ends[sentence]:
            sentence += 1
            if index > starts[-1]:
                starts.append(index)
        offset += len(text)
    return tuple(zip(starts, [*starts[1:], len(texts)], strict=True))


def sentence_ranges(tokens: pa.Table) -> tuple[tuple[int, int], ...]:
    """Sentences of one response as half-open row ranges, without the end-of-sequence token.

    Args:
        tokens: `text` and `is_eos` of TOKEN_SHIFTS, one run in order of position.
    """
    texts = tokens["text"].to_pylist()
    ends = tokens["is_eos"].to_pylist()
    count = ends.index(True) if True in ends else len(ends)
    return split_tokens(texts[:count])


def head_and_rest(tokens: pa.Table, metric: str = DEFAULT_MEASURE) -> HeadAndRest:
    """Compare the starts of sentences with the rests, over one or more responses.

    Args:
        tokens: `run_id`, `text`, `is_eos` and `metric` of TOKEN_SHIFTS; the rows of a run are
            consecutive and in order of position.
        metric: a numeric column.
    """
    values = tokens[metric].to_numpy().astype(np.float64)
    means: dict[str, list[float]] = {"heads": [], "rests": [], "first_heads": [], "first_rests": []}
    for start, stop in _run_ranges(tokens):
        response = tokens.slice(start, stop - start)
        for number, (low, high) in enumerate(sentence_ranges(response)):
            sentence = values[start + low : start + high]
            length = head_length(len(sentence))
            names = ["", "first_"] if number == 0 else [""]
            for prefix in names:
                means[f"{prefix}heads"].append(float(sentence[:length].mean()))
                if len(sentence) > length:
                    means[f"{prefix}rests"].append(float(sentence[length:].mean()))
    return HeadAndRest(**{name: np.array(found, np.float64) for name, found in means.items()})


def _run_ranges(tokens: pa.Table) -> Iterator[tuple[int, int]]:
    runs = tokens["run_id"].to_pylist()
    if not runs:
        return
    changes: IntArray = np.array(
        [row for row in range(len(runs)) if row == 0 or runs[row] != runs[row - 1]], np.int64
    )
    yield from zip(changes.tolist(), [*changes[1:].tolist(), len(runs)], strict=True)


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if len(values) else None
