"""The first phrase of a response over datasets that are searched apart, in two rounds.

Datasets compete through two things alone: the background, which adds up their word counts, and
the union bound on p. So each dataset can be searched by another process or machine, and the merge
is exact, to the last bit:

1. `count_words` in each dataset; the counts are added.
2. `phrases_of_dataset` with the sum; `first_phrase` merges.
"""

from collections.abc import Sequence

from itlim.records import Phrase
from itlim.trace.dataset_phrases import (
    DatasetPhrases,
    PhraseChoice,
    dataset_phrases,
    merged_phrases,
)
from itlim.trace.evidence.background import FloatArray, WordCounts, counted_surprisal
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.index.index import TraceIndex
from itlim.trace.words.matching import match


def count_words(index: TraceIndex, instruction: str, response: str) -> WordCounts:
    """Count the words of a response in a dataset: round 1."""
    split = Response.of(instruction, response)
    return WordCounts.of(match(index.lexical, list(split.words)))


def phrases_of_dataset(
    index: TraceIndex, instruction: str, response: str, counts: WordCounts, n_datasets: int
) -> DatasetPhrases:
    """The candidate phrases of a whole response in a dataset: round 2.

    Args:
        index: of the dataset.
        instruction: the instruction that the response answers.
        response: the whole response.
        counts: of its words, added over all datasets.
        n_datasets: number of datasets.
    """
    split = Response.of(instruction, response)
    choice = PhraseChoice.of(split, 0, len(split.words))
    weighed = choice.weighed(counted_surprisal(counts))
    matches = match(index.lexical, list(split.words))
    return dataset_phrases(index, matches, choice, weighed, n_datasets)


def first_phrase(
    found: Sequence[DatasetPhrases],
    instruction: str,
    response: str,
    base_surprisal: FloatArray | None = None,
) -> Phrase | None:
    """The phrase that `phrases.default_phrase` chooses in all datasets together.

    Args:
        found: of each dataset, in the order of the datasets.
        instruction: the instruction that the response answers.
        response: the whole response.
        base_surprisal: as in `phrases.borrowed_phrases`.
    """
    split = Response.of(instruction, response)
    merged = merged_phrases(found, PhraseChoice.of(split, 0, len(split.words)), base_surprisal)
    return merged[0] if merged else None
