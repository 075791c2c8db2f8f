"""Evidence of all instances of one or more indexes for one span of a response."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from itlim.errors import InputError
from itlim.text.messages import plural
from itlim.text.words import words
from itlim.trace.evidence.background import FloatArray, corpus_surprisal, joint_surprisal
from itlim.trace.evidence.copying import copy_evidence
from itlim.trace.evidence.foreign import foreign_surprisal
from itlim.trace.evidence.parts import (
    BoolArray,
    SpanPart,
    repeat_surprisal,
    span_parts,
    topic_surprisal,
)
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import Matches, match
from itlim.trace.words.word_bounds import word_offsets

CONTEXT_WORDS = 2
"""Number of words before the span that serve as context for the surprisal of its first words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response split into words."""

    instruction: str
    text: str
    words: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]

    @classmethod
    def of(cls, instruction: str, text: str) -> "Response":
        """Split a text into normalized words with their code points."""
        starts, stops = word_offsets(text)
        return cls(
            instruction=instruction,
            text=text,
            words=tuple(words(text)),
            starts=starts,
            stops=stops,
        )

    def word_range(self, start: int, stop: int) -> tuple[int, int]:
        """The words that a range of code points touches, half-open.

        Raises:
            InputError: the range exceeds the text, or touches no word.
        """
        if not 0 <= start < stop <= len(self.text):
            raise InputError(
                f"The span {start}:{stop} is not inside the response of "
                f"{plural(len(self.text), 'code point')}: expected 0 ≤ start < stop ≤ its length."
            )
        first = int(np.searchsorted(self.stops, start, side="right"))
        last = int(np.searchsorted(self.starts, stop, side="left"))
        if first >= last:
            raise InputError(
                f"The span {self.text[start:stop]!r} contains no letter or digit. Select a word."
            )
        return first, last


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEvidence:
    """One part of the span and the surprisal of its words."""

    part: SpanPart
    surprisal: FloatArray
    """(q,) nats; 0 for words outside the part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvidence:
    """Net evidence of the instances of one index; see `Candidate.evidence_nats`."""

    matches: Matches
    """Matches of the span's words, without context."""
    background: FloatArray
    """(q,) surprisal of the span's words in nats by the counts of all indexes alone."""
    parts: tuple[PartEvidence, ...]
    positions: npt.NDArray[np.int64]
    """(k,) ascending positions of the instances with positive evidence."""
    nats: FloatArray
    """(k,) evidence of the best part minus its `chance`, positive."""
    best_part: npt.NDArray[np.int64]
    """(k,) index into `parts`."""

    @property
    def best(self) -> float:
        """The largest evidence; 0 if there is none."""
        return float(self.nats.max(initial=0.0))


def span_evidence(
    indexes: Sequence[LexicalIndex],
    response: Response,
    first: int,
    last: int,
    *,
    base: FloatArray | None = None,
    shifted: BoolArray | None = None,
) -> list[SpanEvidence]:
    """Match the words [first, last) of a response against each index.

    Args:
        indexes: their summed counts give one background.
        response: the whole response.
        first: first word of the span.
        last: one past its last word.
        base: (all words,) surprisal under the base model in nats, if available.
        shifted: (all words,) which words contain a shifted or marginal token, if available.
    """
    matches, background = matched_words(indexes, response, first, last)
    parts = weighed_parts(response, first, last, background, base=base, shifted=shifted)
    return [best_parts(one, background, parts) for one in matches]


def weighed_parts(
    response: Response,
    first: int,
    last: int,
    background: FloatArray,
    *,
    base: FloatArray | None = None,
    shifted: BoolArray | None = None,
) -> tuple[PartEvidence, ...]:
    """The parts of the words [first, last) with the surprisal of their words.

    Args:
        response: the whole response.
        first: first word of the span.
        last: one past its last word.
        background: (q,) surprisal of the span's words by the counts of all indexes.
        base: as in `span_evidence`.
        shifted: as in `span_evidence`.
    """
    surprisal = joint_surprisal(background, None if base is None else base[first:last])
    surprisal = np.minimum(surprisal, around_surprisal(response, first, last))
    return tuple(
        PartEvidence(part=part, surprisal=np.where(part.words, surprisal, 0.0))
        for part in span_parts(
            response.text,
            response.starts[first:last],
            response.stops[first:last],
            None if shifted is None else shifted[first:last],
        )
    )


def matched_words(
    indexes: Sequence[LexicalIndex], response: Response, first: int, last: int
) -> tuple[list[Matches], FloatArray]:
    """Matches of the words [first, last) in each index, and their surprisal by all its counts."""
    begin = max(0, first - CONTEXT_WORDS)
    found = [match(index, list(response.words[begin:last])) for index in indexes]
    return [one.between(first - begin) for one in found], corpus_surprisal(found)[first - begin :]


def around_surprisal(response: Response, first: int, last: int) -> FloatArray:
    """(q,) surprisal in nats of a span's words given the text around and before them.

    The smallest of: a repetition of the words around the span, a repetition within the span, and
    a function word of the span's language if that is not English. Infinite for other words.
    """
    span = response.words[first:last]
    found = np.minimum(repeat_surprisal(span), foreign_surprisal(span))
    topic = topic_surprisal(response.instruction, response.words, first, last)
    return found if topic is None else np.minimum(found, topic)


def best_parts(
    matches: Matches, background: FloatArray, parts: tuple[PartEvidence, ...]
) -> SpanEvidence:
    """Evidence of the instances of one index, each by its best part.

    Args:
        matches: of the span's words.
        background: (q,) surprisal of these words by the counts of all indexes.
        parts: from `weighed_parts`.
    """
    found = [
        copy_evidence(matches, part.surprisal, above=max(part.part.chance, 0.0)) for part in parts
    ]
    positions = np.concatenate([one.positions for one in found])
    nats = np.concatenate(
        [one.nats - part.part.chance for one, part in zip(found, parts, strict=True)]
    )
    numbers = np.repeat(np.arange(len(parts)), [len(one.nats) for one in found])
    if len(parts) == 1:  # each instance once
        best = np.argsort(positions)
    else:
        # For each instance, keep the part with the most evidence; among equal parts, the first.
        order = np.lexsort((numbers, -nats, positions))
        best = order[np.diff(positions[order], prepend=-1) > 0]
    return SpanEvidence(
        matches=matches,
        background=background,
        parts=parts,
        positions=positions[best],
        nats=nats[best],
        best_part=numbers[best],
    )
