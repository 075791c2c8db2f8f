"""Instances outside the ranking as a judge sees them: decoys and earlier judgments.

If few instances explain a span, none is far down its ranking. Decoys then come from the whole
index: instances that share other words of the response. As many of these words are highlighted
as in the real candidates, because the same rule applies to both.
"""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from itlim.annotation.decoys import DECOY, FieldRange, PresentedInstance
from itlim.errors import NotFoundError
from itlim.records import InstanceField, Judgment
from itlim.text.words import words, words_with_offsets
from itlim.trace.index.index import TraceIndex
from itlim.trace.words.instances_file import row_of
from itlim.trace.words.lexical import FIELDS
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import field_indices

MAX_INSTANCES = 300
"""Maximum number of instances per index from which decoys are chosen."""
MAX_PER_WORD = 24
"""Maximum number of occurrences drawn per word of the response."""
MAX_WORD_SHARE = 0.1
"""Share of instances above which a word is too common to be highlighted alone."""


class ExtraInstances:
    """The instances from which decoys for one span are drawn.

    Args:
        indexes: indexes of the datasets on which the model was tuned.
        response: the full response.
        start: first code point of the span.
        stop: one past its last.
    """

    def __init__(
        self, indexes: Sequence[TraceIndex], response: str, *, start: int, stop: int
    ) -> None:
        self._indexes = indexes
        self._span = words(response[start:stop])
        self._words = list(dict.fromkeys([*self._span, *words(response)]))
        self._rare = frozenset(word for word in self._words if self._is_rare(word))

    def draw(self, seed: str, excluded: Collection[str]) -> list[PresentedInstance]:
        """Draw instances without the span; those with a word of it or of the response come first.

        Args:
            seed: the same seed gives the same instances.
            excluded: ids of instances that are not drawn.
        """
        rng = random.Random(f"decoys/{seed}")
        found: dict[tuple[str, ...], PresentedInstance] = {}
        for row in self._rows(rng):
            texts = _texts(row)
            if row["instance_id"] not in excluded and not self._contains_span(texts.values()):
                one = PresentedInstance(
                    instance_id=row["instance_id"],
                    texts=texts,
                    highlights=(),
                    retriever=DECOY,
                    rank=None,
                    score=None,
                    visible_evidence=0.0,
                )
                found.setdefault(tuple(texts.values()), self.highlighted(one))
        return list(found.values())

    def highlighted(self, shown: PresentedInstance) -> PresentedInstance:
        """Highlight all words shared with the response; common words only next to rare ones."""
        highlights = tuple(shared_words(shown.texts, frozenset(self._words), self._rare))
        n_highlighted = sum(stop - start for _, start, stop in highlights)
        return replace(shown, highlights=highlights, visible_evidence=float(n_highlighted))

    def _is_rare(self, word: str) -> bool:
        n_with_word = sum(_frequency(index.lexical, word) for index in self._indexes)
        n_contents = sum(index.lexical.n_contents for index in self._indexes)
        return 0 < n_with_word <= MAX_WORD_SHARE * n_contents

    def _contains_span(self, texts: Collection[str]) -> bool:
        span = self._span
        for text in texts:
            found = words(text)
            if any(found[at : at + len(span)] == span for at in range(len(found) - len(span) + 1)):
                return True
        return False

    def _rows(self, rng: random.Random) -> Iterator[dict[str, Any]]:
        """Instances with a word of the span, then of the response, then any, from each index."""
        for index in self._indexes:
            positions: dict[int, None] = {}
            for word in self._words:
                positions.update(dict.fromkeys(_random_instances_with(index.lexical, word, rng)))
                if len(positions) >= MAX_INSTANCES:
                    break
            count = index.meta.n_instances
            positions.update(dict.fromkeys(rng.sample(range(count), min(count, MAX_PER_WORD))))
            for position in list(positions)[: MAX_INSTANCES + MAX_PER_WORD]:
                yield index.instance_at(position)


def previously_judged(
    indexes: Sequence[TraceIndex], judgment: Judgment, quote: str
) -> PresentedInstance:
    """An instance that was judged before, with the words that it shares with the span highlighted.

    Args:
        indexes: indexes; one of them must be of the dataset that the instance's id names.
        judgment: the judgment, which states how the instance was found.
        quote: the span.

    Raises:
        NotFoundError: the indexes no longer contain it.
    """
    dataset = judgment.instance_id.rpartition("-")[0]
    for index in indexes:
        if index.dataset != dataset:
            continue
        position = index.instances.position(row_of(judgment.instance_id))
        texts = _texts(index.instance_at(position))
        wanted = frozenset(words(quote))
        return PresentedInstance(
            instance_id=judgment.instance_id,
            texts=texts,
            highlights=tuple(shared_words(texts, wanted, wanted)),
            retriever=judgment.retriever,
            rank=judgment.rank,
            score=judgment.score,
            visible_evidence=0.0,
        )
    raise NotFoundError(f"There is no index of the dataset {dataset}: build it first.")


def shared_words(
    texts: Mapping[InstanceField, str], wanted: frozenset[str], rare: frozenset[str]
) -> Iterator[FieldRange]:
    """Ranges of consecutive shared words that contain at least one rare word.

    Args:
        texts: texts of an instance, by field.
        wanted: normalized words.
        rare: the rare ones among them.
    """
    for field, text in texts.items():
        found, starts, stops = words_with_offsets(text)
        first = None
        for at, word in enumerate([*found, ""]):
            if word in wanted:
                first = at if first is None else first
            elif first is not None:
                if not rare.isdisjoint(found[first:at]):
                    yield field, int(starts[first]), int(stops[at - 1])
                first = None


def _texts(row: dict[str, Any]) -> dict[InstanceField, str]:
    return {field: row[field] for field in InstanceField}


def _frequency(lexical: LexicalIndex, word: str) -> int:
    """Number of distinct contents that contain a word."""
    (word_id,) = lexical.ids([word]).tolist()
    return int(lexical.frequency[word_id]) if word_id > 0 else 0


def _random_instances_with(lexical: LexicalIndex, word: str, rng: random.Random) -> list[int]:
    """Positions of randomly drawn instances that contain a word."""
    (word_id,) = lexical.ids([word]).tolist()
    if word_id <= 0:
        return []
    low, high = (int(end) for end in lexical.first_suffix[word_id : word_id + 2])
    drawn = sorted(rng.sample(range(low, high), min(high - low, MAX_PER_WORD)))
    places = lexical.suffixes[np.array(drawn, dtype=np.int64)]
    positions: list[int] = (field_indices(lexical, places) // FIELDS).tolist()
    return positions
