"""The sources of marked phrases (Appendix D.1), and how many could be the source."""

from collections.abc import Iterator

from itlim.findings.answers import PairAnswers
from itlim.findings.estimates import NO_INDEX, Estimate
from itlim.findings.hallucination import FoundPhrase, phrase_share
from itlim.records import Candidate


def source_findings(pair: PairAnswers, phrases: list[FoundPhrase]) -> list[Estimate]:
    """Similarity and keyword presence of each marked phrase's source (Appendix D.1)."""
    traced = [(one, *found) for one in phrases if (found := _source(pair, one)) is not None]
    sources = [(one, source) for one, source, _ in traced]
    known = sum(one.mark.cause is not None for one, _ in sources)
    used = sum(one.mark.cause == source.instance_id for one, source in sources)
    which = (
        f"The source is the known cause for {used} of {len(sources)} phrases, else the first "
        f"candidate of the trace: a cause is known for {known}, but counts only where the trace "
        "ranks it."
    )
    missing = NO_INDEX if pair.index is None else pair.unmarked
    similar = [(one, found.d1_similarity, 1.0) for one, found in sources]
    return [
        phrase_share(
            pair,
            "d1_similarity",
            "similarity of a hallucinated response and the instance it was borrowed from",
            "marked phrases",
            [(one, value, weight) for one, value, weight in similar if value is not None],
            f"Cosine of the embeddings of instruction and response. {which}",
            missing if not sources else "The index has no embeddings.",
            unit="cosine",
            scale=1.0,
        ),
        phrase_share(
            pair,
            "keyword_presence",
            "keywords of a hallucinated response that occur in that instance",
            "marked phrases",
            list(_keywords(sources)),
            f"1- to 3-gram keywords of the whole response, averaged over n. {which}",
            missing,
        ),
        *_equal_sources(pair, [(one, n) for one, _, n in traced], missing),
    ]


def _equal_sources(
    pair: PairAnswers, counts: list[tuple[FoundPhrase, int]], missing: str
) -> list[Estimate]:
    """How many instances explain a phrase equally well: the text alone cannot tell them apart."""
    computed = (
        "Instances whose evidence is within 1 nat of the best one's (a factor of 2.7 in "
        "likelihood), the best one included, over the phrases with at least one candidate."
    )
    return [
        phrase_share(
            pair,
            "equal_sources",
            "instances that explain a marked phrase equally well",
            "marked phrases",
            [(one, float(n), 1.0) for one, n in counts],
            computed,
            missing,
            unit="instances",
            scale=1.0,
        ),
        phrase_share(
            pair,
            "single_source",
            "marked phrases that one instance explains better than all others",
            "marked phrases",
            [(one, float(n == 1), 1.0) for one, n in counts],
            computed,
            missing,
        ),
    ]


def _source(pair: PairAnswers, phrase: FoundPhrase) -> tuple[Candidate, int] | None:
    """The known cause if the trace ranks it, else the first candidate; None without candidates.

    With the number of instances that explain the phrase as well as the best one.
    """
    from itlim.trace import trace_span

    assert pair.index is not None
    trace = trace_span(
        [pair.index],
        instruction=phrase.answer.instruction,
        response=phrase.answer.response,
        start=phrase.mark.start,
        stop=phrase.mark.stop,
        lexical_only=not pair.index.has_meaning,
    )
    causes = [one for one in trace.candidates if one.instance_id == phrase.mark.cause]
    best = next(iter([*causes, *trace.candidates]), None)
    return None if best is None else (best, trace.n_equivalent)


def _keywords(
    sources: list[tuple[FoundPhrase, Candidate]],
) -> Iterator[tuple[FoundPhrase, float, float]]:
    from itlim.trace.evidence.keywords import keyword_presence
    from itlim.trace.meaning.vectors import pair_text

    for one, source in sources:
        text = pair_text(source.instruction, source.input, source.response)
        presence = keyword_presence(one.answer.response, [text])
        if presence is not None:
            yield one, float(presence[0]), 1.0
