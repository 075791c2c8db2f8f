"""Trace a span of a response to the instances of one or more indexed datasets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from itlim.errors import InputError
from itlim.records import Phrase, Trace, Weights
from itlim.records.traces import BEYOND_CHANCE, is_beyond_chance, is_explained_by_chance
from itlim.text.messages import plural
from itlim.trace.chance import span_p_value
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.parts import BoolArray
from itlim.trace.evidence.span_evidence import Response, SpanEvidence, span_evidence
from itlim.trace.index.index import TraceIndex, opened
from itlim.trace.phrases import phrases_in
from itlim.trace.ranking import EQUIVALENT, entropy, ranked_by_evidence
from itlim.trace.shortlist import Shortlist


def trace_span(
    indexes: Sequence[TraceIndex | str | Path],
    *,
    instruction: str,
    response: str,
    start: int,
    stop: int,
    weights: Weights | None = None,
    top: int = 10,
    lexical_only: bool = False,
    base_surprisal: FloatArray | None = None,
    shifted: BoolArray | None = None,
    n_choices: int = 1,
) -> Trace:
    """Rank the instances that a span may have been borrowed from.

    Args:
        indexes: one or more indexes or index folders; their instances are ranked together.
        instruction: the instruction that the response answers.
        response: the whole response.
        start: first code point of the span.
        stop: one past its last.
        weights: weight of each part of the score.
        top: maximum number of candidates.
        lexical_only: rank by words alone, which takes milliseconds and needs no encoder. This is
            also done if one of the indexes has no vectors.
        base_surprisal: (words,) nats under the base model, from `background.base_surprisal`.
        shifted: (words,) from `parts.shifted_words`.
        n_choices: number by which p is multiplied if the span was chosen among others, from
            `Phrase.n_choices`.

    Raises:
        InputError: no index, `top` below 1, or a span without a word.
        EncoderError: the encoder cannot be loaded; `lexical_only=True` does without it.
    """
    searched = opened(indexes)
    if top < 1:
        raise InputError(f"{plural(top, 'candidate')} requested: expected at least 1.")
    chosen = weights or Weights()
    split = Response.of(instruction, response)
    first, last = split.word_range(start, stop)
    lexical = [index.lexical for index in searched]
    found = span_evidence(lexical, split, first, last, base=base_surprisal, shifted=shifted)
    # Instances without vectors would lose to those with vectors, so all are ranked alike.
    by_words = lexical_only or not all(index.has_meaning for index in searched)
    ranked = ranked_by_evidence(searched, found, split, chosen, lexical_only=by_words)
    p = span_p_value(searched, found, split, last - first)
    null_p = None if p is None else min(1.0, n_choices * p)
    parts: tuple[Phrase, ...] = ()
    if is_explained_by_chance(null_p):
        parts = _borrowed_parts(searched, split, first, last, found)
    shortlist = Shortlist(
        indexes=searched,
        evidence=found,
        response=split,
        first=first,
        last=last,
        ranked=ranked,
        weights=chosen,
        null_p=null_p,
        sources=frozenset((part.dataset, part.row) for part in parts),
    )
    best = max(one.best for one in found)
    return Trace(
        instruction=instruction,
        response=response,
        start=start,
        stop=stop,
        words=split.words[first:last],
        n_occurrences=sum(one.matches.n_occurrences(0, last - first) for one in found),
        null_p=null_p,
        n_choices=n_choices,
        borrowed_parts=parts,
        null_source="" if null_p is None else _null_source(searched),
        n_equivalent=int(sum(np.count_nonzero(one.nats >= best - EQUIVALENT) for one in found)),
        entropy=entropy(ranked.scores),
        candidates=shortlist.candidates(top),
        weights=chosen,
        lexical_only=by_words,
        background="word frequencies in the datasets"
        + (" and the base model's probabilities" if base_surprisal is not None else ""),
    )


def _borrowed_parts(
    indexes: Sequence[TraceIndex],
    response: Response,
    first: int,
    last: int,
    evidence: Sequence[SpanEvidence],
) -> tuple[Phrase, ...]:
    """The parts that are borrowed beyond chance, most likely first, without overlaps."""
    found: list[Phrase] = []
    inside = phrases_in(indexes, response, first, last, below=BEYOND_CHANCE, evidence=evidence)
    for part in inside:
        is_apart = all(part.stop <= one.start or one.stop <= part.start for one in found)
        if is_beyond_chance(part.null_p) and is_apart:
            found.append(part)
    return tuple(found)


def _null_source(indexes: Sequence[TraceIndex]) -> str:
    return "; ".join(dict.fromkeys(index.nulls["span"].source for index in indexes))
