"""The candidate phrases of a response in one dataset, and the merge over several datasets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from itlim.records import Phrase
from itlim.text.words import spaced, words
from itlim.trace.chance import dataset_p_value, union_p_value
from itlim.trace.evidence.background import FloatArray, corpus_surprisal
from itlim.trace.evidence.span_evidence import PartEvidence, Response, best_parts, weighed_parts
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.evidence.units import Unit, UnitKind, units
from itlim.trace.index.index import TraceIndex
from itlim.trace.verbatim import are_style
from itlim.trace.words.instances_file import row_of
from itlim.trace.words.matching import Matches, match

N_FAMILIES = 2
"""Units and verbatim stretches are two families of tests of the same text (Bonferroni)."""
SURPRISE_WEIGHT = 0.1
"""A phrase ranks higher if the base model did not predict it: each nat counts as 10% of p. Chosen
on the shipped answers, where 0 to 0.3 differ by one answer in 40."""
MAX_SURPRISE = 6.0
_IN_INSTRUCTION = 0.0
_UNLIMITED = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedUnit:
    """A unit with the surprisal of its words."""

    unit: Unit
    background: FloatArray
    """(q,) nats by the counts of all datasets."""
    parts: tuple[PartEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseChoice:
    """A part of a response and the units inside it, among which a phrase is chosen."""

    response: Response
    first: int
    """First word of the part."""
    units: tuple[Unit, ...]
    n_choices: int
    """By what the p of a unit is multiplied."""
    free: FloatArray
    """(all words,) 0 for words of the instruction, which the model may have copied from there."""

    @classmethod
    def of(cls, response: Response, first: int, last: int) -> "PhraseChoice":
        """The units inside the words [first, last)."""
        inside = units(response, first, last)
        if (first, last) != (0, len(response.words)):
            # The part as a whole is not a phrase inside it.
            inside = [one for one in inside if (one.first, one.last) != (first, last)]
        n_sentences = sum(one.kind is UnitKind.SENTENCE for one in inside)
        asked = frozenset(words(response.instruction))
        free = [_IN_INSTRUCTION if one in asked else _UNLIMITED for one in response.words]
        return cls(
            response=response,
            first=first,
            units=tuple(inside),
            n_choices=N_FAMILIES * max(1, n_sentences),
            free=np.array(free),
        )

    def only(self, is_kept: Callable[[Unit], bool]) -> "PhraseChoice":
        """The same choice with fewer units; the correction of p stays."""
        return replace(self, units=tuple(filter(is_kept, self.units)))

    def weighed(self, background: FloatArray) -> list[WeighedUnit]:
        """The units with the surprisal of their words.

        Args:
            background: (q,) surprisal of the part's words by the counts of all datasets.
        """
        found = []
        for unit in self.units:
            mine = background[unit.first - self.first : unit.last - self.first]
            parts = weighed_parts(self.response, unit.first, unit.last, mine, base=self.free)
            found.append(WeighedUnit(unit=unit, background=mine, parts=parts))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEvidence:
    """What one dataset says about a unit."""

    p: float | None
    """In this dataset alone, not corrected; None if it has no chance baseline."""
    phrase: Phrase | None
    """The unit with the best instance; None if no instance has evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPhrases:
    """The candidate phrases of a response in one dataset."""

    units: tuple[UnitEvidence, ...]
    """One per unit of the choice, in order."""
    stretches: tuple[Phrase, ...]
    """Verbatim stretches, with p corrected for the number of datasets and families."""


def dataset_phrases(
    index: TraceIndex,
    matches: Matches,
    choice: PhraseChoice,
    weighed: Sequence[WeighedUnit],
    n_datasets: int,
    below: float = 1.0,
) -> DatasetPhrases:
    """The candidate phrases of a part of a response in one dataset.

    Args:
        index: of the dataset.
        matches: of the part's words.
        choice: the part and its units.
        weighed: from `PhraseChoice.weighed`.
        n_datasets: number of datasets searched.
        below: stretches whose p is this at least may be left out.
    """
    return DatasetPhrases(
        units=tuple(_unit(index, matches, choice, one) for one in weighed),
        stretches=tuple(_stretches(index, matches, choice, n_datasets, below)),
    )


def merged_phrases(
    found: Sequence[DatasetPhrases], choice: PhraseChoice, base_surprisal: FloatArray | None = None
) -> tuple[Phrase, ...]:
    """The phrases of all datasets, most likely borrowed first.

    Args:
        found: of each dataset, in the order of the datasets.
        choice: the part and its units.
        base_surprisal: as in `phrases.borrowed_phrases`.
    """
    merged = [_best(one) for one in zip(*(dataset.units for dataset in found), strict=True)]
    phrases = [
        replace(one, null_p=None if one.null_p is None else one.null_p * choice.n_choices)
        for one in merged
        if one is not None
    ]
    phrases += [one for dataset in found for one in dataset.stretches]
    response = choice.response
    surprise = np.zeros(len(response.words)) if base_surprisal is None else base_surprisal

    def order(phrase: Phrase) -> tuple[float, float, int]:
        inside = surprise[slice(*response.word_range(phrase.start, phrase.stop))]
        bonus = SURPRISE_WEIGHT * min(float(inside.max(initial=0.0)), MAX_SURPRISE)
        p = 1.0 if phrase.null_p is None else phrase.null_p
        return (np.log(max(p, np.finfo(float).tiny)) - bonus, -phrase.nats, phrase.start)

    # Ordered before p is limited to 1, where all common phrases would be equal.
    return tuple(replace(one, null_p=_limited(one.null_p)) for one in sorted(phrases, key=order))


def _best(found: Sequence[UnitEvidence]) -> Phrase | None:
    """The best instance of all datasets, with the p of the union; the first of equal ones."""
    phrases = [one.phrase for one in found if one.phrase is not None]
    if not phrases:
        return None
    best = max(phrases, key=lambda phrase: phrase.nats)
    return replace(best, null_p=union_p_value([one.p for one in found]))


def _limited(p: float | None) -> float | None:
    return None if p is None else min(1.0, p)


def _unit(
    index: TraceIndex, matches: Matches, choice: PhraseChoice, weighed: WeighedUnit
) -> UnitEvidence:
    unit = weighed.unit
    inside = matches.between(unit.first - choice.first, unit.last - choice.first)
    found = best_parts(inside, weighed.background, weighed.parts)
    p = dataset_p_value(index, found, choice.response, unit.n_words)
    if not len(found.nats):
        return UnitEvidence(p=p, phrase=None)
    position = int(found.positions[int(found.nats.argmax())])
    bounds = (unit.first, unit.last)
    return UnitEvidence(p=p, phrase=_phrase(index, choice, bounds, p, found.best, position))


def _stretches(
    index: TraceIndex, matches: Matches, choice: PhraseChoice, n_datasets: int, below: float
) -> list[Phrase]:
    """Rare verbatim stretches of the part that neither style nor the instruction explains."""
    null, response = index.nulls.get("response"), choice.response
    rare = rare_stretches(matches, corpus_surprisal([matches])) if null is not None else []
    if null is None or not rare:
        return []
    n_tests = n_datasets * N_FAMILIES
    tested = [(one, n_tests * null.p_value(len(matches.ids), one[2])) for one in rare]
    likely = [one for one in tested if below == 1 or one[1] < below]
    if not likely:
        return []
    # Whether a stretch is an opening formula depends on its place in the whole response.
    whole = match(index.lexical, list(response.words))
    bounds = choice.first + np.array([one[:2] for one, _ in likely])
    begins, ends = bounds.T
    _, n_contents, positions = whole.instances_of_runs(begins, ends, 1)
    style = are_style(whole, begins, ends, n_contents)
    asked = spaced(words(response.instruction))
    return [
        _phrase(index, choice, (begin, end), its_p, gained, position)
        for ((*_, gained), its_p), (begin, end), position, is_style in zip(
            likely, bounds.tolist(), positions[:, 0].tolist(), style, strict=True
        )
        if not is_style and spaced(response.words[begin:end]) not in asked
    ]


def _phrase(
    index: TraceIndex,
    choice: PhraseChoice,
    bounds: tuple[int, int],
    p: float | None,
    nats: float,
    position: int,
) -> Phrase:
    row = index.instance_at(position)
    return Phrase(
        start=int(choice.response.starts[bounds[0]]),
        stop=int(choice.response.stops[bounds[1] - 1]),
        null_p=p,
        n_choices=choice.n_choices,
        nats=nats,
        dataset=row["dataset"],
        row=row_of(row["instance_id"]),
        instance_id=row["instance_id"],
    )
