"""Agreement on the origins of spans, and the share of decoys judged causal."""

from collections.abc import Mapping
from dataclasses import dataclass

from itlim.annotation.agreement.alpha import Ratings, gwet_ac1, nominal_alpha, percent_agreement
from itlim.annotation.agreement.spans import Edges
from itlim.annotation.decoys import DECOY
from itlim.records import Judgment, Sheet, Verdict
from itlim.statistics.figures import Figure, Share, make_figure

Sheets = Mapping[str, Mapping[str, Sheet]]
_Pair = tuple[str, Edges | str, str]
_Verdicts = dict[_Pair, dict[str, Verdict | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAgreement:
    """Agreement on pairs of span and instance that two or more people judged.

    Decoys are excluded: they are unrelated by construction and would raise every figure.
    """

    percent: Figure
    """Share of agreeing pairs of judges, averaged over pairs of span and instance, in [0, 1]."""
    alpha: Figure
    """Krippendorff's nominal α."""
    ac1: Figure
    """Gwet's AC1 on the scale of all `Verdict`s."""
    n_pairs: int
    """Number of pairs of span and instance that two or more people judged."""
    n_judges: int
    """Number of people who judged one of them."""
    n_contradicted: int
    """Number of verdicts excluded because the same person gave the pair two different ones."""


def verdict_agreement(sheets: Sheets) -> VerdictAgreement:
    """Agreement over the pairs that two or more people judged.

    Spans of different people are the same if they have the same boundaries, regardless of ids;
    a span that no sheet contains is identified by its id.

    Args:
        sheets: item → annotator → submitted sheet.
    """
    verdicts = _verdicts(sheets)
    n_contradicted = sum(one is None for given in verdicts.values() for one in given.values())
    doubled = [
        given for given in verdicts.values() if sum(one is not None for one in given.values()) >= 2
    ]
    judges = sorted({name for given in doubled for name, one in given.items() if one is not None})
    ratings: Ratings = [[given.get(name) for given in doubled] for name in judges]
    nobody = "no pair of span and instance was judged by two people"
    alike = "all verdicts are the same" if doubled else nobody
    return VerdictAgreement(
        percent=make_figure(percent_agreement(ratings), nobody),
        alpha=make_figure(nominal_alpha(ratings), alike),
        ac1=make_figure(gwet_ac1(ratings, categories=list(Verdict)), nobody),
        n_pairs=len(doubled),
        n_judges=len(judges),
        n_contradicted=n_contradicted,
    )


def decoys_called_causal(sheets: Sheets) -> Share:
    """Share of verdicts on decoys that say causal."""
    verdicts = [
        judgment.verdict
        for of_item in sheets.values()
        for sheet in of_item.values()
        for judgment in sheet.judgments
        if judgment.retriever == DECOY
    ]
    return Share(count=verdicts.count(Verdict.CAUSAL), n=len(verdicts))


def _verdicts(sheets: Sheets) -> _Verdicts:
    """Pair → judge → verdict; None if a judge gave contradictory verdicts."""
    found: _Verdicts = {}
    for item_id, of_item in sheets.items():
        for name, sheet in of_item.items():
            for judgment in sheet.judgments:
                if judgment.retriever == DECOY:
                    continue
                span = _span(judgment, name, of_item)
                given = found.setdefault((item_id, span, judgment.instance_id), {})
                same = given.get(name, judgment.verdict) == judgment.verdict
                given[name] = judgment.verdict if same else None
    return found


def _span(judgment: Judgment, judge: str, of_item: Mapping[str, Sheet]) -> Edges | str:
    """Boundaries of the judged span, from the judge's own sheet or else from the only other one."""
    own = _edges(of_item[judge], judgment.span_id)
    others = {edges for sheet in of_item.values() for edges in _edges(sheet, judgment.span_id)}
    edges = own or others
    return next(iter(edges)) if len(edges) == 1 else judgment.span_id


def _edges(sheet: Sheet, span_id: str) -> set[Edges]:
    return {(mark.start, mark.stop) for mark in sheet.marks if mark.id == span_id}
