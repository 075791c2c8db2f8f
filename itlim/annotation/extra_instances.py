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

from itlim.annotation.decoys import DECOY, Shown, Stretch
from itlim.errors import NotFoundError
from itlim.records import InstanceField, Judgement
from itlim.text.words import words, words_with_offsets
from itlim.trace.index.index import TraceIndex
from itlim.trace.words.instances_file import row_of
from itlim.trace.words.lexical import FIELDS
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import field_indices

READ = 300
"""Number of instances from which decoys are chosen."""
OF_A_WORD = 24
"""Number of occurrences drawn per word of the response."""
COMMON = 0.1
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
        self._telling = frozenset(word for word in self._words if self._tells(word))

    def draw(self, seed: str, taken: Collection[str]) -> list[Shown]:
        """Instances without the span; those with a word of it or of the response come first.

        Args:
            seed: the same seed gives the same instances.
            taken: ids to exclude.
        """
        rng = random.Random(f"decoys/{seed}")
        found: dict[tuple[str, ...], Shown] = {}
        for row in self._rows(rng):
            texts = _texts(row)
            if row["instance_id"] not in taken and not self._holds_span(texts.values()):
                one = Shown(
                    instance_id=row["instance_id"],
                    texts=texts,
                    lit=(),
                    retriever=DECOY,
                    rank=None,
                    score=None,
                    weight=0.0,
                )
                found.setdefault(tuple(texts.values()), self.relit(one))
        return list(found.values())

    def relit(self, shown: Shown) -> Shown:
        """The instance with all shared words highlighted; common words only next to others."""
        lit = tuple(shared_words(shown.texts, frozenset(self._words), self._telling))
        return replace(shown, lit=lit, weight=float(sum(stop - start for _, start, stop in lit)))

    def _tells(self, word: str) -> bool:
        held = sum(_frequency(index.lexical, word) for index in self._indexes)
        return 0 < held <= COMMON * sum(index.lexical.n_contents for index in self._indexes)

    def _holds_span(self, texts: Collection[str]) -> bool:
        wanted = self._span
        for text in texts:
            held = words(text)
            if any(
                held[at : at + len(wanted)] == wanted for at in range(len(held) - len(wanted) + 1)
            ):
                return True
        return False

    def _rows(self, rng: random.Random) -> Iterator[dict[str, Any]]:
        """Instances with a word of the span, then of the response, then any, from each index."""
        for index in self._indexes:
            held: dict[int, None] = {}
            for word in self._words:
                held.update(dict.fromkeys(_some_holders(index.lexical, word, rng)))
                if len(held) >= READ:
                    break
            count = index.meta.n_instances
            held.update(dict.fromkeys(rng.sample(range(count), min(count, OF_A_WORD))))
            for position in list(held)[: READ + OF_A_WORD]:
                yield index.instance_at(position)


def shown_again(indexes: Sequence[TraceIndex], judgement: Judgement, quote: str) -> Shown:
    """An instance that was judged before, with the words it shares with the span highlighted.

    Args:
        indexes: indexes, one of which is of the dataset in the instance's id.
        judgement: the judgment, which states how the instance was found.
        quote: the span.

    Raises:
        NotFoundError: the indexes no longer contain it.
    """
    dataset = judgement.instance_id.rpartition("-")[0]
    for index in indexes:
        if index.dataset != dataset:
            continue
        position = index.instances.position(row_of(judgement.instance_id))
        texts = _texts(index.instance_at(position))
        wanted = frozenset(words(quote))
        return Shown(
            instance_id=judgement.instance_id,
            texts=texts,
            lit=tuple(shared_words(texts, wanted, wanted)),
            retriever=judgement.retriever,
            rank=judgement.rank,
            score=judgement.score,
            weight=0.0,
        )
    raise NotFoundError(f"There is no index of the dataset {dataset}: build it first.")


def shared_words(
    texts: Mapping[InstanceField, str], wanted: frozenset[str], telling: frozenset[str]
) -> Iterator[Stretch]:
    """Ranges of consecutive shared words that contain at least one rare word.

    Args:
        texts: of an instance.
        wanted: normalized words.
        telling: the rare ones among them.
    """
    for field, text in texts.items():
        held, starts, stops = words_with_offsets(text)
        first = None
        for at, word in enumerate([*held, ""]):
            if word in wanted:
                first = at if first is None else first
            elif first is not None:
                if not telling.isdisjoint(held[first:at]):
                    yield field, int(starts[first]), int(stops[at - 1])
                first = None


def _texts(row: dict[str, Any]) -> dict[InstanceField, str]:
    return {field: row[field] for field in InstanceField}


def _frequency(lexical: LexicalIndex, word: str) -> int:
    """Number of instances of different content that contain a word."""
    (word_id,) = lexical.ids([word]).tolist()
    return int(lexical.frequency[word_id]) if word_id > 0 else 0


def _some_holders(lexical: LexicalIndex, word: str, rng: random.Random) -> list[int]:
    """Positions of randomly drawn instances that contain a word."""
    (word_id,) = lexical.ids([word]).tolist()
    if word_id <= 0:
        return []
    low, high = (int(end) for end in lexical.first_suffix[word_id : word_id + 2])
    drawn = sorted(rng.sample(range(low, high), min(high - low, OF_A_WORD)))
    places = lexical.suffixes[np.array(drawn, dtype=np.int64)]
    positions: list[int] = (field_indices(lexical, places) // FIELDS).tolist()
    return positions
