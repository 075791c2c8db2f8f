"""Accuracy of the answers: by known answers, and by what is marked as wrong."""

from itlim.findings.answers import GOLD, PairAnswers
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import listing

NO_KNOWN = "No question of this pair has a known answer."


def accuracy_findings(pair: PairAnswers) -> list[Estimate]:
    """Shares of right answers and of answers with a wrong phrase (Figs. 2, 3)."""
    return [
        ratio_estimate(
            [
                (one.run_id, one.instruction, float(one.is_right), 1.0)
                for one in pair.answers
                if one.is_right is not None
            ],
            finding_id="accuracy",
            pair=pair.pair,
            scale=100.0,
            claim="answers that contain the known answer",
            unit=PERCENT,
            of="answers to questions with a known answer",
            marks=GOLD,
            missing=NO_KNOWN,
            computed="The known answer, or one of its short forms, must occur as whole words; case "
            "does not matter. An answer that says it in other words does not count. The paper "
            "rates answers from 1 to 5 instead (Figs. 2 and 3, Tables 13 to 17).",
            query=listing("known answers", pair),
        ),
        ratio_estimate(
            [
                (one.run_id, one.instruction, float(bool(one.marks)), 1.0)
                for one in pair.answers
                if one.is_reviewed
            ],
            finding_id="marked_answers",
            pair=pair.pair,
            scale=100.0,
            claim="answers with a phrase that is marked as wrong",
            unit=PERCENT,
            of="reviewed answers",
            marks=pair.marks_from,
            missing="Nobody has reviewed an answer of this pair, and none is known.",
            computed="Reviewed are the answers for which marks were derived from known answers, "
            "or, if people mark, those with a submitted sheet.",
            query=listing("marks", pair),
        ),
    ]
