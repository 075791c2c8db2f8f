"""How far two raters agree, as estimates with their n, intervals and cases."""

from collections.abc import Mapping, Sequence
from typing import Any

from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.remedies.rater_agreement import MIN_INSTRUCTIONS, Coefficient, RatedTwice


def apart(both: Sequence[RatedTwice]) -> tuple[str, ...]:
    """The answers on which two raters differ, the largest difference first."""
    found = [one for one in both if one.first != one.second]
    return tuple(one.run_id for one in sorted(found, key=lambda one: -abs(one.first - one.second)))


def coefficient_estimate(
    found: Coefficient,
    both: Sequence[RatedTwice],
    cases: tuple[str, ...],
    labels: Mapping[str, Any],
    name: str,
    claim: str,
    rule: str,
) -> Estimate:
    """κ or α as an estimate.

    Args:
        found: the coefficient.
        both: what it is computed from.
        cases: ids of the answers on which the raters differ.
        labels: columns of the estimate; `finding_id` has a place for the name.
        name: for the id.
        claim: what the coefficient is.
        rule: what counts, as sentences.
    """
    missing = labels["missing"] if not both else "All answers have the same value: undefined."
    return Estimate(
        **dict(labels)
        | {
            "finding_id": labels["finding_id"].format(name),
            "claim": claim,
            "value": found.value,
            "unit": "",
            "n": len(both),
            "n_responses": len(both),
            "ci_low": found.low,
            "ci_high": found.high,
            "computed": f"{rule} The interval is a 95% bootstrap interval over instructions; there "
            f"is none with fewer than {MIN_INSTRUCTIONS}. Cases: the answers on which they differ.",
            "missing": "" if found.value is not None else missing,
            "cases": cases,
        }
    )


def same_estimate(
    both: Sequence[RatedTwice], labels: Mapping[str, Any], claim: str, rule: str
) -> Estimate:
    """Share of answers with equal values; arguments as for `coefficient_estimate`."""
    counted = [(one.run_id, one.instruction, float(one.first == one.second), 1.0) for one in both]
    named = dict(labels) | {"finding_id": labels["finding_id"].format("same")}
    return ratio_estimate(counted, claim=claim, unit=PERCENT, scale=100.0, computed=rule, **named)
