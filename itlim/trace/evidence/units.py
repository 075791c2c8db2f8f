"""The units of a response that people mark: sentences, clauses and names.

A random stretch of words cuts through names and phrases, so it matches a dataset less than what a
person marks. The chance baseline samples these units, and the default phrase is chosen among them.
"""

import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from itlim.text.sentences import sentence_ends
from itlim.trace.evidence.parts import names
from itlim.trace.evidence.span_evidence import Response

_CLAUSE_END = re.compile(r"[,;:()\u2013\u2014]+(?=\s|$)|\s[-(]\s?")
_JOINING = frozenset(("and", "of", "the", "de", "von", "van", "der", "for", "in", "&"))
"""Words that may stand between two parts of one name."""
MIN_CLAUSE_WORDS = 3
_PRONOUNS = frozenset(("i", "i'm", "i've", "i'd", "i'll"))
"""Words that are capitalized without being names."""
PASSAGE_WORDS = (38, 90)
"""Smallest and largest number of words of several sentences in a row that are sampled."""


class UnitKind(StrEnum):
    """What a unit is."""

    SENTENCE = "sentence"
    CLAUSE = "clause"
    NAME = "name"
    PASSAGE = "passage"
    """Several sentences in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A half-open range of a response's words."""

    kind: UnitKind
    first: int
    last: int

    @property
    def n_words(self) -> int:
        return self.last - self.first

    def after(self, first: int) -> "Unit":
        """The same unit, counted from the word `first` on."""
        return Unit(kind=self.kind, first=self.first - first, last=self.last - first)


def units(response: Response, first: int = 0, last: int | None = None) -> list[Unit]:
    """All units inside the words [first, last) of a response, each range once.

    They are ordered by kind and then by position. A sentence that is cut off counts as one.

    >>> response = Response.of("", "In 1973, Tony and Maureen Wheeler met Ann. She left.")
    >>> [" ".join(response.words[one.first : one.last]) for one in units(response)][2:]
    ['tony and maureen wheeler met ann', '1973', 'tony and maureen wheeler', 'ann']
    """
    found: dict[tuple[int, int], Unit] = {}
    sentences = _sentences(response, first, len(response.words) if last is None else last)
    for kind, ranges in (
        (UnitKind.SENTENCE, sentences),
        (UnitKind.CLAUSE, [part for one in sentences for part in _clauses(response, *one)]),
        (UnitKind.NAME, [part for one in sentences for part in _names(response, *one)]),
    ):
        for begin, end in ranges:
            found.setdefault((begin, end), Unit(kind=kind, first=begin, last=end))
    return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledUnit:
    """A unit of one of several responses."""

    response: int
    first: int
    last: int
    length: int
    """The nearest of the lengths for which units were sampled, in words."""


def sample_units(
    responses: Sequence[Response],
    lengths: Sequence[int],
    per_length: int,
    seed: int,
    *,
    at_least: int = 0,
) -> list[SampledUnit]:
    """Sample units of responses without replacement, up to `per_length` of each length.

    Where there are fewer than `at_least` units of a length, random stretches of words of that
    length are added.

    Args:
        responses: their sentences, clauses, names and passages are the population.
        lengths: ascending lengths in words; a unit belongs to the nearest on a logarithmic scale.
        per_length: maximum number of units of each length.
        seed: seed of the random choice.
        at_least: number of samples per length that are filled up with random stretches.
    """
    grid = np.log(lengths)
    population: dict[int, list[SampledUnit]] = {length: [] for length in lengths}
    for number, response in enumerate(responses):
        for unit in [*units(response), *passages(response)]:
            nearest = lengths[int(np.abs(grid - np.log(unit.n_words)).argmin())]
            population[nearest].append(
                SampledUnit(response=number, first=unit.first, last=unit.last, length=nearest)
            )
    rng = np.random.default_rng(seed)
    sampled = []
    for length, found in population.items():
        sampled += [found[place] for place in rng.permutation(len(found))[:per_length].tolist()]
        if len(found) < at_least:
            others = sorted(_stretches(responses, length) - set(found), key=astuple)
            chosen = rng.permutation(len(others))[: at_least - len(found)].tolist()
            sampled += [others[place] for place in chosen]
    return sampled


def _stretches(responses: Sequence[Response], length: int) -> set[SampledUnit]:
    """All stretches of exactly `length` words."""
    return {
        SampledUnit(response=number, first=first, last=first + length, length=length)
        for number, response in enumerate(responses)
        for first in range(len(response.words) - length + 1)
    }


def passages(response: Response) -> list[Unit]:
    """All runs of two or more sentences with a number of words within `PASSAGE_WORDS`."""
    sentences = _sentences(response, 0, len(response.words))
    low, high = PASSAGE_WORDS
    return [
        Unit(kind=UnitKind.PASSAGE, first=first, last=last)
        for place, (first, _) in enumerate(sentences)
        for _, last in sentences[place + 1 :]
        if low <= last - first <= high
    ]


def _sentences(response: Response, first: int, last: int) -> list[tuple[int, int]]:
    if first >= last:
        return []
    begin = int(response.starts[first]) if first else 0
    text = response.text[begin : int(response.stops[last - 1])]
    ends = np.array(sentence_ends(text) or [len(text)]) + begin
    # A text without a final mark ends with its last word.
    bounds = np.searchsorted(response.starts[first:last], ends, side="left") + first
    return _between([first, *bounds.tolist(), last])


def _clauses(response: Response, first: int, last: int) -> list[tuple[int, int]]:
    begin, end = int(response.starts[first]), int(response.stops[last - 1])
    cuts = [begin + mark.start() for mark in _CLAUSE_END.finditer(response.text[begin:end])]
    bounds = np.searchsorted(response.starts[first:last], cuts, side="left") + first
    return [
        (start, stop)
        for start, stop in _between([first, *bounds.tolist(), last])
        if stop - start >= MIN_CLAUSE_WORDS
    ]


def _names(response: Response, first: int, last: int) -> list[tuple[int, int]]:
    """Runs of names and numbers, joined across one of the words of `_JOINING`."""
    part = slice(first, last)
    places = np.flatnonzero(names(response.text, response.starts[part], response.stops[part]))
    runs: list[tuple[int, int]] = []
    for place in (places + first).tolist():
        if response.words[place] in _PRONOUNS:
            continue
        if runs and _is_joined(response, runs[-1][1], place):
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs


def _is_joined(response: Response, stop: int, place: int) -> bool:
    between = response.text[response.stops[stop - 1] : response.starts[place]]
    if not between.strip():
        return True
    # Punctuation separates two names, except in initials ("J. K.").
    if place == stop:
        return between.strip() == "." and len(response.words[stop - 1]) == 1
    return place == stop + 1 and response.words[stop] in _JOINING and "," not in between


def _between(bounds: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(sorted(set(bounds))))
