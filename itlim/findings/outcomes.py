"""Figure 6: which of two pairs' answers hallucinates, and where; from marks and from judges."""

from collections.abc import Mapping, Sequence

from itlim.annotation.comparing import opinions_of, outcomes_of
from itlim.annotation.side_by_side import OUTCOMES, Outcome
from itlim.findings.answers import PEOPLE, Answer, PairAnswers, by_instruction, question_of
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import listing_both
from itlim.records import Comparison, Contrast, Model, SideBySide
from itlim.store.comparisons import compared_pairs, comparisons_of, side_by_side_studies
from itlim.store.connection import Store
from itlim.text.sentences import sentence_ends

NOT_COMPARABLE = (
    "The two pairs have no answers to the same instruction whose wrong phrases are known from the "
    "same source."
)
NO_STUDY = "No side-by-side study of these two pairs has been judged to the end."
_CASES: Mapping[str, str] = {
    "outcome_neither": "neither answer has a marked phrase (cases 1 and 2)",
    "outcome_both": "both answers have a marked phrase (case 3)",
    "outcome_first_later": "only {first} has one, after its first sentence (case 4)",
    "outcome_first_core": "only {first} has one, in its first sentence (case 5)",
    "outcome_second_later": "only {second} has one, after its first sentence",
    "outcome_second_core": "only {second} has one, in its first sentence",
}
_COMPUTED = (
    "Share of the instructions that both answered and whose wrong phrases are known. Marks cannot "
    "tell which of two right answers people prefer, so the paper's cases 1 and 2 are one; a mark "
    "in the first sentence counts as one of its “core facts”, a later one as an attempt to prolong "
    "the answer. The paper prints its shares as a figure without numbers."
)
_CONTRASTS = {
    Contrast.MORE_DETAILED: "both are right, {model} is more detailed and preferred (case 1)",
    Contrast.DIFFERENT: "both are right, but different (case 2)",
    Contrast.BOTH_WRONG: "both are completely wrong (case 3)",
    Contrast.PROLONGED: "{model} hallucinated to prolong its answer (case 4)",
    Contrast.CORE_WRONG: "{model} hallucinated in the core facts (case 5)",
}


def versus(first: str, second: str) -> str:
    """The name under which findings about two pairs are listed."""
    return f"{first} vs {second}"


def marked_outcomes(first: PairAnswers, second: PairAnswers) -> list[Estimate]:
    """Shares of the cases of Figure 6 that marks can tell apart."""
    shared = _shared(first, second)
    cases = [(one, _case(one, other)) for one, other in shared]
    return [
        ratio_estimate(
            [(one.run_id, one.instruction, float(case == name), 1.0) for one, case in cases],
            finding_id=name,
            pair=versus(first.pair, second.pair),
            scale=100.0,
            claim=claim.format(first=first.pair, second=second.pair),
            unit=PERCENT,
            of="shared instructions",
            marks=first.marks_from,
            missing=NOT_COMPARABLE,
            computed=_COMPUTED,
            query=listing_both("marks", first, second),
        )
        for name, claim in _CASES.items()
    ]


def _shared(first: PairAnswers, second: PairAnswers) -> list[tuple[Answer, Answer]]:
    """Reviewed answers to the same instructions; none if their marks have different sources."""
    if first.marks_from != second.marks_from:
        return []
    mine, others = (
        by_instruction([one for one in pair.answers if one.is_reviewed]) for pair in (first, second)
    )
    return [(one, others[key]) for key, one in mine.items() if key in others]


def _case(one: Answer, other: Answer) -> str:
    if bool(one.marks) == bool(other.marks):
        return "outcome_both" if one.marks else "outcome_neither"
    wrong, side = (one, "first") if one.marks else (other, "second")
    begins = min(mark.start for mark in wrong.marks)
    ends = sentence_ends(wrong.response)
    return f"outcome_{side}_{'core' if not ends or begins < ends[0] else 'later'}"


def judged_outcomes(store: Store, first: str, second: str) -> list[Estimate]:
    """Shares of the categories that people chose in side-by-side studies of the two pairs.

    Only studies in which every item has been judged by as many people as it needs count: a judge
    who has not finished must not see how others decide.
    """
    rows = [
        row
        for study in side_by_side_studies(store)
        for row in _judgments(store, study.study_id, study.annotators_per_item, (first, second))
    ]
    names = {Model.A: first, Model.B: second}
    return [
        ratio_estimate(
            [(run, instruction, float(chosen == one), 1.0) for run, instruction, chosen in rows],
            finding_id=_id_of(one),
            pair=versus(first, second),
            scale=100.0,
            claim=_CONTRASTS[one.contrast].format(
                model=names[one.model] if one.model else "neither"
            ),
            unit=PERCENT,
            of="judgments",
            marks=PEOPLE,
            missing=NO_STUDY,
            computed="Share of all judgments in finished side-by-side studies (Judge pairs). The "
            "paper prints its shares as a figure without numbers.",
            query="",
        )
        for one in OUTCOMES
    ]


def _id_of(outcome: Outcome) -> str:
    side = {Model.A: "_first", Model.B: "_second", None: ""}[outcome.model]
    return f"judged_{outcome.contrast}{side}"


def _judgments(
    store: Store, study_id: str, needed: int, pairs: tuple[str, str]
) -> list[tuple[str, str, Outcome]]:
    """Run, instruction and outcome of each judgment, with the first pair as model A."""
    compared = compared_pairs(store, study_id)
    if {compared.pair_a, compared.pair_b} != set(pairs):
        return []
    outcomes = outcomes_of(opinions_of(store, study_id))
    items = {item.item_id: item for item in comparisons_of(store, study_id)}
    counts = [sum(item_id == one for item_id, _ in outcomes) for one in items]
    if not counts or min(counts) < needed:
        return []
    return [
        _judgment(items[item_id], outcome, compared, pairs)
        for (item_id, _), outcome in outcomes.items()
        if item_id in items
    ]


def _judgment(
    item: Comparison, outcome: Outcome, compared: SideBySide, pairs: Sequence[str]
) -> tuple[str, str, Outcome]:
    is_same = compared.pair_a == pairs[0]
    other = {Model.A: Model.B, Model.B: Model.A, None: None}
    turned = Outcome(
        contrast=outcome.contrast, model=outcome.model if is_same else other[outcome.model]
    )
    run = item.run_a if is_same else item.run_b
    return run, question_of(item.instruction, item.input), turned
