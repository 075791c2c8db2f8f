"""A judge beside people: factuality against marked phrases, and two raters aspect by aspect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itlim.findings.answers import MarkedPhrase, marks_name
from itlim.findings.estimates import Estimate, ratio_estimate
from itlim.findings.reviewed import Reviewed
from itlim.records.ratings import Aspect
from itlim.remedies.agreement_estimates import apart, coefficient_estimate, same_estimate
from itlim.remedies.judge_scores import UNIT
from itlim.remedies.rater_agreement import RatedTwice, coefficients

_OF = "answers"
_MARKS = {"people": "marked by people", "gold": "with a wrong phrase by the known answers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An answer about which judge and reviewers disagree."""

    run_id: str
    pair: str
    instruction: str
    score: int
    """The judge's factuality, 1 to 5."""
    reason: str
    marks: tuple[MarkedPhrase, ...]
    """What is marked and the judge passed over; empty if the judge alone calls the answer wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far a judge's factuality agrees with one source of marks."""

    estimates: tuple[Estimate, ...]
    disagreements: tuple[Disagreement, ...]
    """Marked answers first, those with the highest score first among them."""


def calibrate(
    ratings: Sequence[Mapping[str, Any]],
    reviewed: Reviewed,
    *,
    wrong_at: int,
    marks_from: str,
    pair: str,
) -> Calibration:
    """Compare factuality with marked phrases, both as wrong or not wrong.

    Args:
        ratings: rows of `records.ratings.JUDGE_RATINGS` of one judge.
        reviewed: answers whose wrong phrases are known; others are left out.
        wrong_at: highest score at which the judge counts as calling an answer wrong, 1 to 4.
        marks_from: `people` or `gold`.
        pair: name of the compared pair or pairs.
    """
    rows = [row for row in ratings if row["run_id"] in reviewed and row["factuality"] is not None]
    both = [
        RatedTwice(
            run_id=row["run_id"],
            instruction=row["instruction"],
            first=int(row["factuality"] <= wrong_at),
            second=int(bool(reviewed[row["run_id"]])),
        )
        for row in rows
    ]
    labels: dict[str, Any] = {
        "pair": pair,
        "of": _OF,
        "marks": marks_from,
        "missing": "No answer has both a factuality score and a review by "
        f"{marks_name(marks_from)}.",
    }
    kappa, alpha = coefficients(both, ordinal=False)
    rule = (
        f"The judge calls an answer wrong if its factuality is at most {wrong_at}. An answer "
        f"counts as wrong for the other side if it is {_MARKS[marks_from]}."
    )
    ids = apart(both)
    of_kappa, of_alpha = "wrong or not: Cohen's κ", "wrong or not: Krippendorff's α, nominal"
    labels["finding_id"] = f"judge_{{}}_{marks_from}"
    found = [
        coefficient_estimate(kappa, both, ids, labels, "kappa", f"{of_kappa}, unweighted", rule),
        coefficient_estimate(alpha, both, ids, labels, "alpha", of_alpha, rule),
        same_estimate(both, labels, "answers on which both sides agree", rule),
        *(_mean_factuality(rows, reviewed, labels, is_marked=one) for one in (True, False)),
    ]
    return Calibration(
        estimates=tuple(found), disagreements=tuple(_disagreements(rows, reviewed, wrong_at))
    )


def compare_raters(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]], *, names: str
) -> list[Estimate]:
    """Agreement of two raters on each aspect, over the answers that both have rated.

    Args:
        first: rows of `records.ratings.JUDGE_RATINGS` of one rater.
        second: those of the other.
        names: both raters in words.
    """
    others = {row["run_id"]: row for row in second}
    found = []
    for aspect in Aspect:
        both = [
            RatedTwice(
                run_id=row["run_id"],
                instruction=row["instruction"],
                first=row[aspect],
                second=others[row["run_id"]][aspect],
            )
            for row in first
            if row["run_id"] in others
            and row[aspect] is not None
            and others[row["run_id"]][aspect] is not None
        ]
        kappa, alpha = coefficients(both, ordinal=True)
        labels: Any = {
            "pair": names,
            "of": _OF,
            "finding_id": f"raters_{{}}_{aspect}",
            "missing": f"No answer has two scores for {aspect}.",
        }
        rule = "Scores from 1 to 5 on the same answers; failed ratings and N/A are left out."
        ids = apart(both)
        found += [
            coefficient_estimate(kappa, both, ids, labels, "kappa",
                         f"{aspect}: Cohen's κ, squared weights", rule),
            coefficient_estimate(alpha, both, ids, labels, "alpha",
                         f"{aspect}: Krippendorff's α, ordinal", rule),
            same_estimate(both, labels, f"{aspect}: equal scores", rule),
        ]  # fmt: skip
    return found


def _mean_factuality(
    rows: Sequence[Mapping[str, Any]],
    reviewed: Reviewed,
    labels: Mapping[str, Any],
    *,
    is_marked: bool,
) -> Estimate:
    counted = [
        (row["run_id"], row["instruction"], float(row["factuality"]), 1.0)
        for row in rows
        if bool(reviewed[row["run_id"]]) == is_marked
    ]
    side = "with a wrong phrase" if is_marked else "in which nothing is wrong"
    name = "marked" if is_marked else "unmarked"
    named = dict(labels) | {
        "finding_id": labels["finding_id"].format(name),
        "missing": f"No rated answer was reviewed as one {side}.",
    }
    return ratio_estimate(
        counted,
        claim=f"mean factuality of answers {side}",
        unit=UNIT,
        computed="Mean of the judge's factuality scores.",
        **named,
    )


def _disagreements(
    rows: Sequence[Mapping[str, Any]], reviewed: Reviewed, wrong_at: int
) -> list[Disagreement]:
    found = [
        Disagreement(
            run_id=row["run_id"],
            pair=row["pair"],
            instruction=row["instruction"],
            score=row["factuality"],
            reason=row["factuality_reason"] or "",
            marks=reviewed[row["run_id"]],
        )
        for row in rows
        if (row["factuality"] <= wrong_at) != bool(reviewed[row["run_id"]])
    ]
    return sorted(found, key=lambda one: (not one.marks, -one.score if one.marks else one.score))
