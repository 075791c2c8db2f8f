"""The chance baseline: a test statistic and its null distribution, by span length.

Any sentence matches something. So the margin of a span's best instance over the others is
compared with the same statistic for equally long spans of responses that are unrelated to the
dataset; null_fit selects these responses.

Most instances are not the source, so the scores of the runners-up show what chance reaches for
these particular words. The best instance is compared with the third, so that a name which two
instances share also counts; exact copies count as one. On the constructed dev cases this finds
more borrowings at p < .05 than the best evidence alone (fragments: 79% instead of 71%; rare names
that occur in two instances: 89% instead of 46%).
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.errors import IndexFolderError, InputError
from itlim.text.messages import plural
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.shared_words import topic_overlap
from itlim.trace.words.lexical_index import LexicalIndex

TOPIC_NATS = 4.0
"""Nats added if an instance shares all words of the instruction."""
RIVAL = 3
"""Rank, among instances of distinct content, of the one that the best is compared with."""
RIVAL_SHARE = 0.6
MAX_COMPARED = 60
"""Number of instances with the most evidence whose topics are compared."""
LENGTHS = (1, 2, 3, 4, 6, 9, 14, 20, 30, 45, 70)
"""Lengths in words of the sampled spans; between two lengths p is interpolated."""
RESPONSE_LENGTHS = (20, 30, 45, 70, 100, 140, 200, 300, 450, 700, 1000)
"""Lengths in words of the sampled starts of whole responses."""
MAX_ANSWER_WORDS = 5
"""Length in words up to which a whole response counts as a short answer."""
TAIL = 0.1
"""Share of the largest scores to which the tail beyond the sample is fitted."""
MIN_EXCESS = 1.0
"""Lower bound of the tail's mean excess, in nats. By chance, a log-likelihood ratio exceeds x with
probability e⁻ˣ at most; the bound keeps p above 0 if no sampled span matched."""
_SCORE_GRID = [step / 2 for step in range(120)]
"""Scores in nats between which `Null.least_score` does not tell apart."""
MIN_SCORES = 100
"""Minimum number of scores per length; with fewer, no p-value is given."""
SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("words", pa.int32(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
    ]
)


def chance_statistic(
    index: LexicalIndex,
    positions: npt.NDArray[np.int64],
    nats: FloatArray,
    instruction: str,
    *,
    max_compared: int = MAX_COMPARED,
) -> float:
    """Evidence plus topic score of the best instance, minus a share of the third best's.

    Args:
        index: contains the instances.
        positions: (k,) instances with evidence for a span.
        nats: (k,) their evidence.
        instruction: the instruction that the response answers.
        max_compared: number of instances with the most evidence that are compared.

    Returns:
        Nats; 0 if no instance has evidence.
    """
    best = np.argsort(-nats, kind="stable")[:max_compared]
    if not len(best):
        return 0.0
    topic = topic_overlap([index], np.zeros(len(best), np.int64), positions[best], instruction)
    scores = nats[best] + TOPIC_NATS * topic
    # Equal contents count once, so the third best is the third distinct one.
    leaders: dict[int, float] = {}
    for place in np.argsort(-scores, kind="stable"):
        leaders.setdefault(int(index.groups[positions[best[place]]]), float(scores[place]))
        if len(leaders) == RIVAL:
            break
    first, *_ = leaders.values()
    rival = [*leaders.values()][RIVAL - 1] if len(leaders) >= RIVAL else 0.0
    return first - RIVAL_SHARE * rival


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Null:
    """A null distribution: sorted scores for each of several lengths in words.

    Two of them are equal if they are the same object.
    """

    lengths: tuple[int, ...]
    scores: tuple[FloatArray, ...]
    """Ascending, one array per length, in nats."""
    source: str
    """Description of the texts that it was fitted to."""
    tail: float = TAIL
    """Share of the largest scores to which the tail beyond the sample is fitted."""
    factor: float = 1.0
    """Factor of every p, at least 1, if the texts represent others only roughly."""

    @classmethod
    def fit(
        cls,
        words: npt.NDArray[np.int64],
        scores: FloatArray,
        *,
        source: str,
        min_scores: int = MIN_SCORES,
        factor: float = 1.0,
    ) -> "Null":
        """Group scores by length and sort them.

        Args:
            words: (n,) number of words of each span or response.
            scores: (n,) its best score over the dataset, in nats; 0 if nothing matched.
            source: description of the texts.
            min_scores: minimum number of scores per length; with fewer, no p-value is given.
            factor: factor of every p.

        Raises:
            InputError: no length has `min_scores` scores.
        """
        lengths = [
            int(length)
            for length in np.unique(words)
            if np.count_nonzero(words == length) >= min_scores
        ]
        if not lengths:
            raise InputError(
                f"{plural(len(scores), 'span')} cannot give a chance baseline: expected at least "
                f"{min_scores} of one length. Give more responses."
            )
        return cls(
            lengths=tuple(lengths),
            scores=tuple(np.sort(scores[words == length]) for length in lengths),
            source=source,
            factor=factor,
        )

    def p_value(self, words: int, score: float) -> float:
        """Probability that an unrelated span of this length scores at least as high.

        Between two lengths, ln p is interpolated in ln words. Below the range, the shortest length
        is used. A text beyond the range has `words / longest` times as many places to match by
        chance, so p is multiplied by that (union bound). Beyond the sample, the tail is
        exponential with the mean excess of the top `tail`.

        Args:
            words: length of the span in words.
            score: its test statistic in nats.

        >>> null = Null(lengths=(2,), scores=(np.arange(199.0),), source="toy")
        >>> round(null.p_value(2, 190.0), 6)
        0.05
        >>> round(null.p_value(4, 190.0), 6)
        0.1
        """
        upper = bisect_left(self.lengths, words)
        if upper == 0:
            log_p = _log_tail(self.scores[0], score, self.tail)
        elif upper == len(self.lengths):
            log_p = _log_tail(self.scores[-1], score, self.tail)
            log_p = min(log_p + log(words / self.lengths[-1]), 0.0)
        else:
            below, above = self.lengths[upper - 1], self.lengths[upper]
            share = log(words / below) / log(above / below)
            low, high = (
                _log_tail(self.scores[row], score, self.tail) for row in (upper - 1, upper)
            )
            log_p = (1 - share) * low + share * high
        return min(1.0, self.factor * exp(log_p))

    def least_score(self, words: int, p: float) -> float:
        """A lower bound in nats, tight to half a nat, of the scores whose p-value is below `p`.

        >>> null = Null(lengths=(2,), scores=(np.arange(199.0),), source="toy")
        >>> null.least_score(2, 0.9)
        20.0
        """
        return _least_score(self, words, p)


@lru_cache(maxsize=4096)
def _least_score(null: Null, words: int, p: float) -> float:
    # p falls as the score rises, so the last score whose p is not below is a lower bound.
    n_above = bisect_left(_SCORE_GRID, True, key=lambda score: null.p_value(words, score) < p)
    return _SCORE_GRID[max(0, n_above - 1)]


def _log_tail(ascending: FloatArray, score: float, tail: float) -> float:
    """Logarithm of (1 + scores at least as high) / (1 + n); exponential beyond the largest score.

    The p of a long copied text would underflow.
    """
    n = len(ascending)
    at_least = n - bisect_left(ascending, score)
    log_p = log((1 + at_least) / (1 + n))
    if not at_least:
        top = ascending[-max(int(tail * n), 2) :]
        mean_excess = max(float(np.mean(top - top[0])), MIN_EXCESS)
        log_p -= (score - float(ascending[-1])) / mean_excess
    return log_p


def write_nulls(path: Path, nulls: dict[str, Null]) -> None:
    """Write the null distributions of several kinds (`span`, `response`) to one Parquet file."""
    tables = []
    for kind, null in nulls.items():
        for length, scores in zip(null.lengths, null.scores, strict=True):
            columns = [[kind] * len(scores), [length] * len(scores), scores.astype(np.float32)]
            tables.append(pa.table(columns, schema=SCHEMA))
    sources = {f"source.{kind}": null.source for kind, null in nulls.items()}
    sources |= {f"factor.{kind}": str(null.factor) for kind, null in nulls.items()}
    pq.write_table(
        pa.concat_tables(tables).replace_schema_metadata(sources), path, compression="zstd"
    )


def read_nulls(path: Path) -> dict[str, Null]:
    """Read the null distributions, by kind.

    Raises:
        IndexFolderError: the file cannot be read.
    """
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise IndexFolderError(f"{path} cannot be read ({error}). Rebuild the index.") from error
    metadata = table.schema.metadata or {}
    nulls = {}
    for kind in table["kind"].unique().to_pylist():
        rows = table.filter(pc.equal(table["kind"], kind))
        nulls[kind] = Null.fit(
            rows["words"].to_numpy().astype(np.int64),
            rows["score"].to_numpy().astype(np.float64),
            source=metadata.get(f"source.{kind}".encode(), b"").decode(),
            factor=float(metadata.get(f"factor.{kind}".encode(), b"1")),
        )
    return nulls
