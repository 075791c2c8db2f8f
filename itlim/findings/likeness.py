"""How alike the answers of two pairs are: right answers in different words (Table 9)."""

from itlim.findings.answers import GOLD, Answer, PairAnswers, by_instruction
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.outcomes import versus
from itlim.findings.queries import listing_both
from itlim.text.words import words

_COMPUTED = (
    "Distinct normalized words that both answers contain, in percent of those that at least one "
    "contains (Jaccard index); the mean over instructions."
)


def likeness_findings(first: PairAnswers, second: PairAnswers) -> list[Estimate]:
    """The share of words that two answers have in common: of all, and of right ones."""
    mine, others = by_instruction(first.answers), by_instruction(second.answers)
    shared = [(one, others[key]) for key, one in mine.items() if key in others]
    both_right = [(one, other) for one, other in shared if one.is_right and other.is_right]
    return [
        ratio_estimate(
            [(one.run_id, one.instruction, shared_words(one, other), 1.0) for one, other in chosen],
            finding_id=finding,
            pair=versus(first.pair, second.pair),
            scale=100.0,
            claim=claim,
            unit=PERCENT,
            of="shared instructions",
            marks=marks,
            missing=missing,
            computed=_COMPUTED,
            query=listing_both("shared words", first, second),
        )
        for finding, claim, chosen, marks, missing in (
            (
                "same_words",
                "words that both answers contain",
                shared,
                "",
                "The two pairs share no instruction.",
            ),
            (
                "same_words_right",
                "words that both answers contain where both are right (Table 9)",
                both_right,
                GOLD,
                "There is no instruction to which both answers are known to be right.",
            ),
        )
    ]


def shared_words(one: Answer, other: Answer) -> float:
    """Jaccard index of the words of two answers, in [0, 1]; 1 if neither has a word."""
    left, right = set(words(one.response)), set(words(other.response))
    return len(left & right) / len(left | right) if left | right else 1.0
