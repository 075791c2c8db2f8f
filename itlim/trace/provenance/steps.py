"""Compare responses and control answers, prompt by prompt, by what they borrow from one dataset.

Longer texts contain more by chance, so a response and a control answer are cut to the words of the
shorter of the two before they are compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itlim.records.traces import BEYOND_CHANCE
from itlim.statistics.intervals import bootstrap_interval_of_sums
from itlim.statistics.permutation import sign_flip_p
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.index.index import TraceIndex
from itlim.trace.provenance.borrowing import MatchedAnswer

STEPS = (BEYOND_CHANCE, 0.01, 0.002)
"""A response counts once for each of these that its p is below. The first makes it flagged; the
others give the rare, nearly certain matches more weight in the set-level p. Chosen on one half of
the prompts of each of two sets of real answers (`tests/benchmarks/provenance.py`)."""

IntArray = npt.NDArray[np.int64]
Controls = Sequence[Mapping[int, Response]]
"""Per control, its answers by position of the response to the same prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowing:
    """How many `STEPS` responses and control answers reach against one dataset."""

    alone: IntArray
    """(n,) steps of each whole response."""
    paired: tuple[tuple[IntArray, IntArray, IntArray], ...]
    """Per control: positions of the responses that it also answers, (k,), steps of the response,
    (k,), and of the control answer, (k,), both cut to the same number of words."""

    @property
    def n(self) -> int:
        """Number of responses compared."""
        if not self.paired:
            return len(self.alone)
        return len(np.unique(np.concatenate([places for places, _, _ in self.paired])))

    @property
    def shares(self) -> tuple[float, float | None]:
        """Shares of flagged responses and of flagged control answers; each prompt counts once."""
        if not self.paired:
            return float(np.mean(self.alone > 0)), None
        sums = self._flags_per_prompt()
        share, controls = (sums[:, :2] / sums[:, 2:]).mean(axis=0)
        return float(share), float(controls)

    def interval(self, *, seed: int) -> tuple[float, float] | None:
        """95% bootstrap interval of the difference of the shares, over prompts."""
        if not self.paired:
            return None
        sums = self._flags_per_prompt()
        differences = (sums[:, 0] - sums[:, 1]) / sums[:, 2]
        return bootstrap_interval_of_sums(
            np.column_stack([differences, np.ones(len(differences))]),
            lambda drawn: drawn[:, 0] / drawn[:, 1],
            seed=seed,
        )

    def p_values(self) -> list[float]:
        """Sign-flip p of the paired steps against each control."""
        return [sign_flip_p(own - other) for _, own, other in self.paired]

    def _flags_per_prompt(self) -> FloatArray:
        """(prompts, 3) flagged cuts of the response, flagged control answers, and controls."""
        sums = np.zeros((len(self.alone), 3))
        for places, own, other in self.paired:
            sums[places] += np.column_stack([own > 0, other > 0, np.ones(len(places))])
        return sums[sums[:, 2] > 0]


def borrowing(
    index: TraceIndex,
    responses: Sequence[Response],
    controls: Controls,
    *,
    each: Callable[[], None] = lambda: None,
) -> Borrowing:
    """Compare the responses of one model with the answers of controls.

    Args:
        index: index of the dataset; embeddings are not used.
        responses: split into words.
        controls: answers of each control, split into words.
        each: called before each response; may raise to stop the work.

    Raises:
        IndexFolderError: the index has no chance baseline of whole responses.
    """
    alone = np.zeros(len(responses), np.int64)
    pairs: list[list[tuple[int, int, int]]] = [[] for _ in controls]
    for place, response in enumerate(responses):
        each()
        own = MatchedAnswer.of(index, response)
        n_words = len(response.words)
        reached = {n_words: _steps(own, n_words)}
        alone[place] = reached[n_words]
        for answers, pair in zip(controls, pairs, strict=True):
            if place not in answers:
                continue
            other = answers[place]
            cut = min(n_words, len(other.words))
            if cut not in reached:
                reached[cut] = _steps(own, cut)
            pair.append((place, reached[cut], _steps(MatchedAnswer.of(index, other, cut), cut)))
    paired = [np.array(pair, np.int64).reshape(-1, 3) for pair in pairs]
    return Borrowing(alone=alone, paired=tuple((one[:, 0], one[:, 1], one[:, 2]) for one in paired))


def _steps(answer: MatchedAnswer, n_words: int) -> int:
    p = answer.smallest_p(n_words)
    return sum(p < step for step in STEPS)
