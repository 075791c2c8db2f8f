"""How often chance matches a span of a response as well, over all indexes searched."""

from collections.abc import Sequence

from itlim.trace.evidence.null import MAX_ANSWER_WORDS, chance_statistic
from itlim.trace.evidence.span_evidence import Response, SpanEvidence
from itlim.trace.index.index import TraceIndex


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
    values = []
    is_answer = len(response.words) <= MAX_ANSWER_WORDS
    for index, one in zip(indexes, found, strict=True):
        null = index.nulls.get("span")
        if null is None:
            return None
        score = chance_statistic(index.lexical, one.positions, one.nats, response.instruction)
        p = null.p_value(n_words, score)
        answers = index.nulls.get("answer")
        if is_answer and answers is not None:
            p = max(p, answers.p_value(MAX_ANSWER_WORDS, score))
        values.append(p)
    # The union bound is valid even if datasets share instances.
    return min(1.0, len(values) * min(values))
