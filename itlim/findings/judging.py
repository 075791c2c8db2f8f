"""What people judge to be causal: before and after the reveal, and on decoys."""

from collections.abc import Callable, Sequence

from itlim.findings.answers import PairAnswers, SourceVerdict
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import listing

_NOBODY = "Nobody has judged the source of a marked phrase of this pair"


def judging_findings(pair: PairAnswers) -> list[Estimate]:
    """The causal share of blind and of revealed judgments, and the decoy baseline."""
    return [
        _phrases(
            pair,
            "causal_blind",
            "marked phrases judged causal before the model was revealed",
            lambda one: one.is_blind,
            f"{_NOBODY} before seeing the model.",
        ),
        _phrases(
            pair,
            "causal_revealed",
            "marked phrases judged causal after the model was revealed",
            lambda one: not one.is_blind,
            f"{_NOBODY} after seeing the model.",
        ),
        _verdicts(
            pair,
            "candidates_causal",
            "candidates judged causal",
            lambda one: not one.is_decoy,
            "Share of all verdicts on candidates of the trace or of a judge's own search.",
            f"{_NOBODY}.",
        ),
        _verdicts(
            pair,
            "decoys_causal",
            "decoys judged causal (chance control)",
            lambda one: one.is_decoy,
            "Decoys are unrelated instances that look like candidates; the share shows how often "
            "people call an instance causal without a reason.",
            "No decoy has been judged: a study sets their number.",
        ),
    ]


def _phrases(
    pair: PairAnswers,
    finding: str,
    claim: str,
    counts: Callable[[SourceVerdict], bool],
    missing: str,
) -> Estimate:
    """Share of the phrases with a causal verdict among those with such a verdict."""
    rows = []
    for answer in pair.answers:
        for mark in answer.marks:
            mine = [one for one in mark.verdicts if counts(one) and not one.is_decoy]
            if mine:
                is_causal = any(one.is_causal for one in mine)
                rows.append((answer.run_id, answer.instruction, float(is_causal), 1.0))
    return _share(
        pair,
        rows,
        finding,
        claim,
        "judged phrases",
        missing,
        "A phrase counts if somebody judged one of its candidates at that time, decoys "
        "aside; it is causal if one of these verdicts is. A verdict that was changed after the "
        "reveal counts as revealed.",
    )


def _verdicts(
    pair: PairAnswers,
    finding: str,
    claim: str,
    counts: Callable[[SourceVerdict], bool],
    computed: str,
    missing: str,
) -> Estimate:
    rows = []
    for answer in pair.answers:
        mine = [one for mark in answer.marks for one in mark.verdicts if counts(one)]
        causal = sum(one.is_causal for one in mine)
        rows.append((answer.run_id, answer.instruction, float(causal), float(len(mine))))
    return _share(pair, rows, finding, claim, "verdicts", missing, computed)


def _share(
    pair: PairAnswers,
    rows: Sequence[tuple[str, str, float, float]],
    finding: str,
    claim: str,
    of: str,
    missing: str,
    computed: str,
) -> Estimate:
    return ratio_estimate(
        rows,
        finding_id=finding,
        pair=pair.pair,
        scale=100.0,
        claim=claim,
        unit=PERCENT,
        of=of,
        marks=pair.marks_from,
        missing=missing,
        computed=computed,
        query=listing("verdicts", pair),
    )
