"""How often chance matches a span of a response as well, over all indexes searched."""

from collections.abc import Sequence

import numpy as np

from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.copying import copy_evidence, most_evidence
from itlim.trace.evidence.null import MAX_ANSWER_WORDS, TOPIC_NATS, chance_statistic
from itlim.trace.evidence.shared_words import topic_overlap
from itlim.trace.evidence.span_evidence import Response, SpanEvidence
from itlim.trace.evidence.units import Unit
from itlim.trace.index.index import TraceIndex
from itlim.trace.words.matching import Matches


def span_p_value(
    indexes: Sequence[TraceIndex], found: Sequence[SpanEvidence], response: Response, n_words: int
) -> float | None:
    """p-value of the largest margin in any of the indexes; None if an index has no null.

    If the whole response is a short answer, it is also compared with right answers to common
    questions, and the larger p counts.

    Args:
        indexes: the indexes searched.
        found: the span's evidence in each of them.
        response: the whole response.
        n_words: length of the span.
    """
    return union_p_value(
        [dataset_p_value(*one, response, n_words) for one in zip(indexes, found, strict=True)]
    )


def dataset_p_value(
    index: TraceIndex, found: SpanEvidence, response: Response, n_words: int
) -> float | None:
    """p-value of the largest margin in one index; None if it has no null."""
    null = index.nulls.get("span")
    if null is None:
        return None
    score = chance_statistic(index.lexical, found.positions, found.nats, response.instruction)
    p = null.p_value(n_words, score)
    answers = index.nulls.get("answer")
    if len(response.words) <= MAX_ANSWER_WORDS and answers is not None:
        p = max(p, answers.p_value(MAX_ANSWER_WORDS, score))
    return p


def union_p_value(values: Sequence[float | None]) -> float | None:
    """p-value of the best of several datasets; None if one of them has no null."""
    known = [one for one in values if one is not None]
    if len(known) < len(values):
        return None
    # The union bound is valid even if datasets share instances.
    return min(1.0, len(known) * min(known))


def unit_may_be_below(
    indexes: Sequence[TraceIndex],
    matches: Sequence[Matches],
    surprisal: FloatArray,
    instruction: str,
    unit: Unit,
    p: float,
) -> bool:
    """Whether a unit's p can be below a bound in any of the indexes: False only if it cannot.

    Args:
        indexes: the indexes searched.
        matches: matches of the part's words in each of them.
        surprisal: (q,) at least the surprisal of the part's words in any of its units.
        instruction: the instruction that the response answers.
        unit: a unit of the part, counted from the part's first word.
        p: the bound.
    """
    inside = surprisal[unit.first : unit.last]
    for index, whole in zip(indexes, matches, strict=True):
        null = index.nulls.get("span")
        if null is None:
            return True
        # A score is at most the evidence plus the topic score, which is `TOPIC_NATS` at most.
        least = null.least_score(unit.n_words, p / len(indexes))
        above = max(least - TOPIC_NATS, 0.0)
        if most_evidence(whole, surprisal, unit.first, unit.last) <= above:
            continue
        found = copy_evidence(whole.between(unit.first, unit.last), inside, above=above)
        if not len(found.positions):
            continue
        sources = np.zeros(len(found.positions), np.int64)
        topic = topic_overlap([index.lexical], sources, found.positions, instruction)
        if float((found.nats + TOPIC_NATS * topic).max()) > least:
            return True
    return False
