"""Which of two pairs a judge prefers: rows to store, and their shares with intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.records import Comparison
from itlim.records.ratings import JUDGE_PREFERENCES, Preference
from itlim.remedies.agreement_estimates import apart, coefficient_estimate, same_estimate
from itlim.remedies.pairwise import PROMPT_VERSION, Compared, Verdict
from itlim.remedies.rater_agreement import RatedTwice, coefficients
from itlim.text.prompts import asked_text

_COMPUTED = (
    "The judge sees both answers twice, in both orders. A preference counts if both orders agree "
    "on it; a tie is said in both orders, or the orders disagree."
)

_ABOUT_ORDERS = ("consistent", "shown_first", "shown_last")
"""Shares that need a verdict in each order."""
_PREFERRED = {Preference.FIRST: "run_first", Preference.SECOND: "run_second"}


def comparison_name(one: Comparison) -> str:
    """Id of a comparison of two stored answers."""
    return f"{one.run_a}:{one.run_b}"


def compared(found: Sequence[Comparison]) -> list[Compared]:
    """Stored answers of two pairs as a judge is asked about them."""
    return [
        Compared(
            name=comparison_name(one),
            instruction=asked_text(one.instruction, one.input).strip(),
            first=one.text_a,
            second=one.text_b,
        )
        for one in found
    ]


def preference_rows(
    found: Sequence[Comparison],
    verdicts: Sequence[Verdict],
    *,
    pairs: tuple[str, str],
    judge: str,
    rated_at: datetime | None,
) -> pa.Table:
    """Verdicts about stored answers as the database has them, `JUDGE_PREFERENCES`."""
    by_name = {comparison_name(one): one for one in found}
    rows = [
        {
            "run_first": compared.run_a,
            "run_second": compared.run_b,
            "pair_first": pairs[0],
            "pair_second": pairs[1],
            "instruction": asked_text(compared.instruction, compared.input).strip(),
            "judge": judge,
            "prompt_version": PROMPT_VERSION,
            "preference": one.preference,
            "in_order": one.in_order,
            "reversed": one.reversed,
            "raw_in_order": one.raw[0],
            "raw_reversed": one.raw[1],
            "problem": one.problem,
            "rated_at": rated_at,
        }
        for one, compared in ((one, by_name[one.name]) for one in verdicts)
    ]
    return pa.Table.from_pylist(rows, schema=JUDGE_PREFERENCES)


def preference_shares(rows: Sequence[Mapping[str, Any]], first: str, second: str) -> list[Estimate]:
    """Shares of preferences and ties, and how far the judge depends on the order.

    Comparisons without a verdict are left out; `n` tells how many have one. Imported preferences
    do not say in which order the answers were shown, so they do not count in shares about it.

    Args:
        rows: of `JUDGE_PREFERENCES`, about these pairs and one judge.
        first: name of the first pair.
        second: name of the second pair.
    """
    known = [row for row in rows if row["preference"] is not None]
    in_both_orders = [row for row in known if row["in_order"] and row["reversed"]]
    shares: tuple[tuple[str, str, Callable[[Mapping[str, Any]], bool]], ...] = (
        ("first", f"{first} preferred", lambda row: row["preference"] == Preference.FIRST),
        ("second", f"{second} preferred", lambda row: row["preference"] == Preference.SECOND),
        ("tie", "tie", lambda row: row["preference"] == Preference.TIE),
        ("consistent", "both orders gave the same verdict (position consistency)",
         lambda row: row["in_order"] == row["reversed"]),
        ("shown_first", "the answer shown first preferred in both orders",
         lambda row: (row["in_order"], row["reversed"]) == (Preference.FIRST, Preference.SECOND)),
        ("shown_last", "the answer shown last preferred in both orders",
         lambda row: (row["in_order"], row["reversed"]) == (Preference.SECOND, Preference.FIRST)),
    )  # fmt: skip
    return [
        ratio_estimate(
            [
                (row["run_first"], row["instruction"], float(holds(row)), 1.0)
                for row in (in_both_orders if name in _ABOUT_ORDERS else known)
            ],
            finding_id=f"preference_{name}",
            pair=f"{first} and {second}",
            claim=claim,
            scale=100.0,
            unit=PERCENT,
            of="comparisons",
            missing="No comparison of these pairs has a verdict in both orders.",
            computed=_COMPUTED,
        )
        for name, claim, holds in shares
    ]


def compare_preferences(
    first: Sequence[Mapping[str, Any]],
    second: Sequence[Mapping[str, Any]],
    *,
    names: str,
) -> list[Estimate]:
    """Agreement of two judges on the comparisons about which both have a verdict.

    Args:
        first: rows of `JUDGE_PREFERENCES` of one judge about two pairs.
        second: those of the other.
        names: both judges in words.
    """
    others = _codes(second)
    instructions = {_runs(row): row["instruction"] for row in first}
    # An answer may be compared with several others, so the id is that of both.
    both = [
        RatedTwice(
            run_id=":".join(runs), instruction=instructions[runs], first=code, second=others[runs]
        )
        for runs, code in _codes(first).items()
        if runs in others
    ]
    by_answer = [replace(one, run_id=one.run_id.partition(":")[0]) for one in both]
    kappa, alpha = coefficients(both, ordinal=False)
    labels: Any = {
        "pair": names,
        "of": "comparisons",
        "finding_id": "preferences_{}",
        "missing": "No comparison has a verdict of both.",
    }
    rule = "First, second or tie, about the same two answers; failed comparisons are left out."
    cases = apart(by_answer)
    return [
        coefficient_estimate(kappa, both, cases, labels, "kappa", "preference: Cohen's κ", rule),
        coefficient_estimate(
            alpha, both, cases, labels, "alpha", "preference: Krippendorff's α, nominal", rule
        ),
        same_estimate(by_answer, labels, "preference: equal verdicts", rule),
    ]


def _runs(row: Mapping[str, Any]) -> tuple[str, str]:
    """The compared answers in the order of their ids, in which any two judges have them."""
    first, second = sorted((row["run_first"], row["run_second"]))
    return first, second


def _codes(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """The verdicts by the compared answers: 0 tie, else 1 or 2 in the order of `_runs`."""
    found = {}
    for row in rows:
        if row["preference"] is not None:
            name = _PREFERRED.get(row["preference"])
            found[_runs(row)] = 0 if name is None else 1 + _runs(row).index(row[name])
    return found
