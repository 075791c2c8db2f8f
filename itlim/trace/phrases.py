"""The phrases of a response that are most likely borrowed, and the one to show first.

Candidates are the units that people mark (sentences, clauses, names) and the rare stretches that
occur verbatim. Choosing the best of several candidates makes a small p likelier by chance, so p is
multiplied: for units by the number of sentences, since the units of a sentence overlap. On answers
of models that were not tuned on the dataset, this flags 2.6 to 5.1% of responses at p < .05 (Dolly
and Alpaca; benchmarks). A verbatim stretch is compared with the rarest stretch of equally long
unrelated texts, which includes the choice.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from itlim.records import Phrase
from itlim.trace.chance import unit_may_be_below
from itlim.trace.dataset_phrases import PhraseChoice, dataset_phrases, merged_phrases
from itlim.trace.evidence.background import FloatArray
from itlim.trace.evidence.span_evidence import Response, SpanEvidence, matched_words
from itlim.trace.index.index import TraceIndex, opened


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
    choice = PhraseChoice.of(response, first, last)
    if evidence is None:
        lexical = [index.lexical for index in indexes]
        matches, background = matched_words(lexical, response, first, last)
    else:
        matches, background = [one.matches for one in evidence], evidence[0].background
    if below < 1:
        most = np.minimum(background, choice.free[first:last])
        choice = choice.only(
            lambda one: unit_may_be_below(
                indexes,
                matches,
                most,
                response.instruction,
                one.after(first),
                below / choice.n_choices,
            )
        )
    weighed = choice.weighed(background)
    found = [
        dataset_phrases(index, inside, choice, weighed, len(indexes), below)
        for index, inside in zip(indexes, matches, strict=True)
    ]
    return merged_phrases(found, choice, base_surprisal)
