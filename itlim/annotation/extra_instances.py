"""Instances that no ranking holds, as a judge sees them: decoys, and what was judged before.

A span that few instances explain leaves none far down its ranking. Decoys then come from the
index at large: instances that share other words of the response, of which so many are lit as
in the real ones, because these are lit by the same rule.
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
"""Instances that are read to choose decoys from."""
OF_A_WORD = 24
"""Occurrences drawn of one word of the response."""
COMMON = 0.1
"""Share of the instances from which a word tells too little to be lit alone."""


class ExtraInstances:
    """What decoys for one span are drawn from.

    Args:
        indexes: of the datasets the model was tuned on.
        response: the whole of it.
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
        """Instances without the span, those with a word of it or of the response first.

        Args:
            seed: the same gives the same instances.
            taken: ids that are not wanted.
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
        """The same with all it shares with the response lit, common words only among others."""
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
        """Some that hold a word of the span, then of the response, then any, of each index."""
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
    """An instance that was judged before, with the words it shares with the span lit.

    Args:
        indexes: one of them is of the dataset that the instance's id names.
        judgement: what was said of it, which tells how it was come by.
        quote: the span.

    Raises:
        NotFoundError: the indexes do not hold it any more.
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
    raise NotFoundError(f"No index of the dataset {dataset} is at hand.")


def shared_words(
    texts: Mapping[InstanceField, str], wanted: frozenset[str], telling: frozenset[str]
) -> Iterator[Stretch]:
    """Stretches of wanted words, one telling word among them at least.

    Args:
        texts: of an instance.
        wanted: normalised words.
        telling: those of them for which a stretch is worth showing.
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
    """In how many instances of different content a word stands."""
    (word_id,) = lexical.ids([word]).tolist()
    return int(lexical.frequency[word_id]) if word_id > 0 else 0


def _some_holders(lexical: LexicalIndex, word: str, rng: random.Random) -> list[int]:
    """Positions of some instances that hold a word, by lot."""
    (word_id,) = lexical.ids([word]).tolist()
    if word_id <= 0:
        return []
    low, high = (int(end) for end in lexical.first_suffix[word_id : word_id + 2])
    drawn = sorted(rng.sample(range(low, high), min(high - low, OF_A_WORD)))
    places = lexical.suffixes[np.array(drawn, dtype=np.int64)]
    positions: list[int] = (field_indices(lexical, places) // FIELDS).tolist()
    return positions
