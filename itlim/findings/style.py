"""Style imitation: length of the answers and of the tuning responses, and where marks begin."""

from dataclasses import replace

import numpy as np

from itlim.findings.answers import PairAnswers
from itlim.findings.estimates import (
    NO_INDEX,
    PERCENT,
    Estimate,
    ratio_estimate,
)
from itlim.findings.queries import N_WORDS, listing
from itlim.text.words import raw_words


def style_findings(pair: PairAnswers) -> list[Estimate]:
    """Words per answer and per tuning response, marked answers by length, and first marks."""
    words_query = listing("words", pair, value=f"avg({N_WORDS})")
    lengths = {one.run_id: float(len(raw_words(one.response))) for one in pair.answers}
    marked = [one for one in pair.answers if one.marks]
    return [
        ratio_estimate(
            [(one.run_id, one.instruction, lengths[one.run_id], 1.0) for one in pair.answers],
            finding_id="answer_words",
            pair=pair.pair,
            claim="words per answer",
            unit="words",
            of="answers",
            computed="The mean number of words; answers that reached the limit are cut off.",
            query=words_query,
        ),
        _tuning_words(pair),
        ratio_estimate(
            [(one.run_id, one.instruction, lengths[one.run_id], 1.0) for one in marked],
            finding_id="marked_answer_words",
            pair=pair.pair,
            claim="words per answer with a marked phrase",
            unit="words",
            of="answers with a mark",
            marks=pair.marks_from,
            missing=pair.unmarked,
            computed="As above, over the answers in which a phrase is marked.",
            query=words_query,
        ),
        ratio_estimate(
            [
                (
                    one.run_id,
                    one.instruction,
                    min(mark.start for mark in one.marks) / len(one.response),
                    1.0,
                )
                for one in marked
            ],
            finding_id="first_mark_at",
            pair=pair.pair,
            scale=100.0,
            claim="place in the answer at which the first marked phrase begins (Fig. 5)",
            unit=PERCENT,
            of="answers with a mark",
            marks=pair.marks_from,
            missing=pair.unmarked,
            computed="First code point of the first mark, in percent of the answer's length.",
            query=listing("marks", pair),
        ),
    ]


def _tuning_words(pair: PairAnswers) -> Estimate:
    """Mean words per response of the tuning dataset, with an interval over instances."""
    from itlim.trace.words.lexical import FIELDS

    sizes = list(pair.response_words)
    if pair.index is not None:
        # Every field ends with a separator, which is no word.
        sizes = (np.diff(pair.index.lexical.fields)[FIELDS - 1 :: FIELDS] - 1).tolist()
    counted = [(str(n), str(n), float(size), 1.0) for n, size in enumerate(sizes)]
    found = ratio_estimate(
        counted,
        finding_id="tuning_response_words",
        pair=pair.pair,
        claim="words per response of the tuning dataset",
        unit="words",
        of="instances",
        missing=NO_INDEX,
        computed="The mean number of words of all responses on which the model was tuned.",
        query="",
    )
    # Its units are instances, not answers.
    return replace(found, cases=(), n_responses=0)
