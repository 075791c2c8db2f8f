"""A comparison of two pairs as numbers to export: differences, flips, and the sentence."""

from collections.abc import Iterator, Mapping
from typing import Any

from itlim.findings.answers import marks_name
from itlim.findings.comparison import Comparison, Difference
from itlim.findings.estimates import MAX_CASES, Estimate
from itlim.findings.flips import FlipKind, Flips
from itlim.findings.outcomes import versus
from itlim.text.messages import plural

FLIP_CLAIMS: Mapping[FlipKind, str] = {
    FlipKind.RIGHT: "the known answer is in",
    FlipKind.MARKED: "a phrase is marked as wrong in",
    FlipKind.BORROWED: "a phrase is borrowed beyond chance in",
}
"""The property of each kind of flip, before the answers that have it."""
_IDS = {
    "mean KL(tuned ‖ base)": "kl_mean",
    "shifted or marginal tokens": "share_moved",
    "words per answer": "answer_words",
    "right answers": "accuracy",
    "answers with a marked phrase": "marked_answers",
    "answers with a borrowed phrase": "borrowed",
}


def comparison_estimates(found: Comparison) -> list[Estimate]:
    """The sentence, every difference and every number of flips, as rows of an export."""
    pair = versus(found.first, found.second)
    sentence = Estimate(
        finding_id="comparison",
        pair=pair,
        claim=found.sentence,
        value=None,
        unit="",
        n=found.n,
        of="shared instructions",
        n_responses=found.n,
    )
    flips = [row for one in found.flips for row in _flips(one, found, pair)]
    return [sentence, *(_difference(one, found, pair) for one in found.differences), *flips]


def flip_sentence(found: Comparison, flips: Flips) -> str:
    """How often each of two answers has a property, in one sentence with McNemar's p."""
    source = f"; marks: {marks_name(flips.marks)}" if flips.marks else ""
    return (
        f"On {plural(flips.n, 'shared instruction')}, {FLIP_CLAIMS[flips.kind]} the answer of "
        f"{found.first} alone {_times(len(flips.only_first))}, in that of {found.second} alone "
        f"{_times(len(flips.only_second))}, in both answers {_times(flips.both)} and in neither "
        f"answer {_times(flips.neither)} (exact McNemar p = {flips.p:.2g}{source})."
    )


def _times(number: int) -> str:
    return plural(number, "time")


def flip_rows(found: Comparison, instructions: Mapping[str, str]) -> list[dict[str, str]]:
    """One row per flip: what flips, which pair alone has it, and both answers.

    Args:
        found: the comparison.
        instructions: what was asked, by run.
    """
    return [
        {
            "property": str(flips.kind),
            "only": pair,
            "instruction": instructions.get(first, ""),
            "run_first": first,
            "run_second": second,
        }
        for flips in found.flips
        for pair, both in ((found.first, flips.only_first), (found.second, flips.only_second))
        for first, second in both
    ]


def _difference(one: Difference, found: Comparison, pair: str) -> Estimate:
    return Estimate(
        finding_id=f"difference_{_IDS[one.measure]}",
        pair=pair,
        claim=f"{one.measure}: {found.second} minus {found.first}",
        value=one.difference,
        unit=one.unit,
        n=one.n,
        of="shared instructions",
        n_responses=one.n,
        ci_low=one.ci_low,
        ci_high=one.ci_high,
        marks=one.marks,
        computed=f"Mean of {found.first}: {one.first:.4g}, of {found.second}: {one.second:.4g}. "
        "Means over answers, with the 95% BCa bootstrap interval of the paired differences.",
    )


def _flips(flips: Flips, found: Comparison, pair: str) -> Iterator[Estimate]:
    claim = FLIP_CLAIMS[flips.kind]
    shared: dict[str, Any] = {
        "pair": pair,
        "n": flips.n,
        "of": "shared instructions",
        "n_responses": flips.n,
        "marks": flips.marks,
    }
    for name, where, number, runs in (
        ("first", f"the answer of {found.first} alone", len(flips.only_first), flips.only_first),
        ("second", f"the answer of {found.second} alone", len(flips.only_second),
         flips.only_second),
        ("both", "both answers", flips.both, ()),
        ("neither", "neither answer", flips.neither, ()),
    ):  # fmt: skip
        yield Estimate(
            finding_id=f"flips_{flips.kind}_{name}",
            claim=f"{claim} {where}",
            value=float(number),
            unit="instructions",
            cases=tuple(one for ids in runs for one in ids)[:MAX_CASES],
            **shared,
        )
    yield Estimate(
        finding_id=f"flips_{flips.kind}_p",
        claim=f"{claim} one of both answers alone: exact McNemar test",
        value=flips.p,
        unit="p",
        computed="Two-sided binomial test of the instructions on which exactly one answer has it.",
        **shared,
    )
