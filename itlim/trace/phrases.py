"""The phrases of a response that are most likely borrowed, and the one to show first.

Candidates are the units that people mark (sentences, clauses, names) and the rare stretches that
occur verbatim. Choosing the best of several candidates makes a small p likelier by chance, so p is
multiplied: for units by the number of sentences, since the units of a sentence overlap. On answers
of models that were not tuned on the dataset, this flags 2.6 to 5.1% of responses at p < .05 (Dolly
and Alpaca; benchmarks). A verbatim stretch is compared with the rarest stretch of equally long
unrelated texts, which includes the choice.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from itlim.records import Phrase
from itlim.text.words import spaced, words
from itlim.trace.chance import span_p_value, unit_may_be_below
from itlim.trace.evidence.background import FloatArray, corpus_surprisal
from itlim.trace.evidence.span_evidence import Response, SpanEvidence, matched_words, span_evidence
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.evidence.units import Unit, UnitKind, units
from itlim.trace.index.index import TraceIndex, opened
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


def borrowed_phrases(
    indexes: Sequence[TraceIndex | str | Path],
    *,
    instruction: str,
    response: str,
    start: int = 0,
    stop: int | None = None,
    base_surprisal: FloatArray | None = None,
) -> tuple[Phrase, ...]:
    """Rank the phrases of a response, or of a part of it, by how far they exceed chance.

    Words that also occur in the instruction do not count, since the model may have copied them
    from there.

    Args:
        indexes: indexes or their folders; their instances compete.
        instruction: the instruction that the response answers.
        response: the whole response.
        start: first code point of the part.
        stop: one past its last; the end of the response if None.
        base_surprisal: (words,) nats under the base model, from `background.base_surprisal`; among
            equal phrases, those that the base model did not predict come first.

    Returns:
        Phrases with evidence, most likely borrowed first; empty if there are none.

    Raises:
        InputError: no index was given, or the part is not inside the response.
    """
    searched = opened(indexes)
    split = Response.of(instruction, response)
    if not split.words:
        return ()
    first, last = split.word_range(start, len(response) if stop is None else stop)
    return phrases_in(searched, split, first, last, base_surprisal)


def default_phrase(
    indexes: Sequence[TraceIndex | str | Path],
    *,
    instruction: str,
    response: str,
    base_surprisal: FloatArray | None = None,
) -> Phrase | None:
    """The phrase to show until the reader selects one; None if no phrase has evidence.

    Arguments as in `borrowed_phrases`.
    """
    found = borrowed_phrases(
        indexes, instruction=instruction, response=response, base_surprisal=base_surprisal
    )
    return found[0] if found else None


def phrases_in(
    indexes: Sequence[TraceIndex],
    response: Response,
    first: int,
    last: int,
    base_surprisal: FloatArray | None = None,
    *,
    below: float = 1.0,
    evidence: Sequence[SpanEvidence] | None = None,
) -> tuple[Phrase, ...]:
    """The phrases inside the words [first, last) of a response; see `borrowed_phrases`.

    Args:
        indexes: their instances compete.
        response: the whole response.
        first: first word of the part.
        last: one past its last.
        base_surprisal: as in `borrowed_phrases`.
        below: phrases whose p is this at least may be left out, which saves time.
        evidence: the part's own, from `span_evidence`, if it has been computed.
    """
    inside = units(response, first, last)
    if (first, last) != (0, len(response.words)):
        # The part as a whole is not a phrase inside it.
        inside = [one for one in inside if (one.first, one.last) != (first, last)]
    n_choices = N_FAMILIES * max(1, sum(one.kind is UnitKind.SENTENCE for one in inside))
    asked = frozenset(words(response.instruction))
    free = np.array([_IN_INSTRUCTION if one in asked else _UNLIMITED for one in response.words])
    if evidence is None:
        lexical = [index.lexical for index in indexes]
        matches, background = matched_words(lexical, response, first, last)
    else:
        matches, background = [one.matches for one in evidence], evidence[0].background
    if below < 1:
        most = np.minimum(background, free[first:last])
        inside = [
            one
            for one in inside
            if unit_may_be_below(
                indexes, matches, most, response.instruction, one.after(first), below / n_choices
            )
        ]
    measured = [_unit(indexes, response, one, free, n_choices) for one in inside]
    found = [one for one in measured if one is not None]
    found += _stretches(indexes, response, matches, first, n_choices, below)
    surprise = np.zeros(len(response.words)) if base_surprisal is None else base_surprisal

    def order(phrase: Phrase) -> tuple[float, float, int]:
        inside = surprise[slice(*response.word_range(phrase.start, phrase.stop))]
        bonus = SURPRISE_WEIGHT * min(float(inside.max(initial=0.0)), MAX_SURPRISE)
        p = 1.0 if phrase.null_p is None else phrase.null_p
        return (np.log(max(p, np.finfo(float).tiny)) - bonus, -phrase.nats, phrase.start)

    # Ordered before p is limited to 1, where all common phrases would be equal.
    return tuple(replace(one, null_p=_limited(one.null_p)) for one in sorted(found, key=order))


def _limited(p: float | None) -> float | None:
    return None if p is None else min(1.0, p)


def _unit(
    indexes: Sequence[TraceIndex],
    response: Response,
    unit: Unit,
    free: FloatArray,
    n_choices: int,
) -> Phrase | None:
    evidence = span_evidence(
        [index.lexical for index in indexes], response, unit.first, unit.last, base=free
    )
    best = max(range(len(indexes)), key=lambda one: evidence[one].best)
    if not len(evidence[best].nats):
        return None
    position = int(evidence[best].positions[int(evidence[best].nats.argmax())])
    p = span_p_value(indexes, evidence, response, unit.n_words)
    p = None if p is None else p * n_choices
    return _phrase(
        indexes[best],
        response,
        (unit.first, unit.last),
        p,
        n_choices,
        evidence[best].best,
        position,
    )


def _stretches(
    indexes: Sequence[TraceIndex],
    response: Response,
    matches: Sequence[Matches],
    first: int,
    n_choices: int,
    below: float,
) -> list[Phrase]:
    """Rare verbatim stretches of the part that neither style nor the instruction explains."""
    asked = spaced(words(response.instruction))
    found = []
    for index, inside in zip(indexes, matches, strict=True):
        null = index.nulls.get("response")
        if null is None:
            continue
        rare = rare_stretches(inside, corpus_surprisal([inside]))
        nats = np.array([one[2] for one in rare])
        p = null.p_values(len(inside.ids), nats) * len(indexes) * N_FAMILIES if rare else nats
        likely = [one for one in zip(rare, p.tolist(), strict=True) if below == 1 or one[1] < below]
        if not likely:
            continue
        # Whether a stretch is an opening formula depends on its place in the whole response.
        whole = match(index.lexical, list(response.words))
        bounds = first + np.array([one[:2] for one, _ in likely])
        begins, ends = bounds.T
        _, n_contents, positions = whole.instances_of_runs(begins, ends, 1)
        style = are_style(whole, begins, ends, n_contents)
        for ((*_, gained), its_p), (begin, end), position, is_style in zip(
            likely, bounds.tolist(), positions[:, 0].tolist(), style, strict=True
        ):
            if is_style or spaced(response.words[begin:end]) in asked:
                continue
            found.append(_phrase(index, response, (begin, end), its_p, n_choices, gained, position))
    return found


def _phrase(
    index: TraceIndex,
    response: Response,
    bounds: tuple[int, int],
    p: float | None,
    n_choices: int,
    nats: float,
    position: int,
) -> Phrase:
    row = index.instance_at(position)
    return Phrase(
        start=int(response.starts[bounds[0]]),
        stop=int(response.stops[bounds[1] - 1]),
        null_p=p,
        n_choices=n_choices,
        nats=nats,
        dataset=row["dataset"],
        row=row_of(row["instance_id"]),
        instance_id=row["instance_id"],
    )
