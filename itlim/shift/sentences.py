"""Split responses into sentences and compare their starts with the rest (paper, Figure 4).

Works on token tables; no model is needed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import pyarrow as pa

from itlim.errors import InputError
from itlim.measures import DEFAULT_MEASURE
from itlim.records import FloatArray, IntArray

# Share of a sentence's tokens that counts as its start (paper, section 4.1).
HEAD_SHARE = 0.05
# Punctuation that ends a sentence, with closing quotes or brackets, before white space or the end.
# Chinese and Japanese marks need no space; a line break always ends a sentence.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”）]*|\n+")
# A name follows these, so their period never ends a sentence.
_TITLES = frozenset("mr mrs ms dr prof st mt vs e.g i.e cf".split())
# The period of these ends a sentence only before a capital letter.
_ABBREVIATIONS = frozenset("etc al approx inc ltd jr sr u.s u.k a.m p.m".split())
_LAST_WORD = re.compile(r"\S+$")
_SPACE_WITH_BREAK = re.compile(r"\s*\n\s*")
_CAPITAL_FOLLOWS = re.compile(r"\s+[\"'“‘(]?[A-Z0-9]")


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
    ends = _sentence_ends("".join(texts))
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


def _sentence_ends(text: str) -> list[int]:
    """Ends of sentences, in code points: after their last mark and any line break."""
    ends: list[int] = []
    for mark in _SENTENCE_END.finditer(text):
        end = mark.end()
        if mark[0] == "." and _is_abbreviation(text[: mark.start()], text[end:]):
            continue
        # White space with a line break belongs to the previous sentence, other space to the next.
        space = _SPACE_WITH_BREAK.match(text, end)
        end = space.end() if space else end
        if not text[ends[-1] if ends else 0 : end].strip() and ends:
            ends[-1] = end
        elif not ends or end > ends[-1]:
            ends.append(end)
    return ends


def _is_abbreviation(before: str, after: str) -> bool:
    """Whether a period between two texts is part of an abbreviation, initial or list number."""
    word = _LAST_WORD.search(before)
    if word is None or not after:
        return False
    last = word[0].lstrip("(\"'“‘[")
    numbered = last.isdigit() and before[: word.start()].rpartition("\n")[2].strip() == ""
    initial = len(last) == 1 and last.isalpha() and last.isupper() and last != "I"
    short = last.lower() in _ABBREVIATIONS and not _CAPITAL_FOLLOWS.match(after)
    return last.lower() in _TITLES or short or initial or numbered


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if len(values) else None
