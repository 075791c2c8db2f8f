"""Agreement about where spans came from, and how often a decoy was called causal."""

from collections.abc import Mapping
from dataclasses import dataclass

from itlim.annotation.agreement.alpha import Ratings, gwet_ac1, nominal_alpha, percent_agreement
from itlim.annotation.agreement.spans import Edges
from itlim.annotation.decoys import DECOY
from itlim.records import Judgement, Sheet, Verdict
from itlim.statistics.figures import Figure, Share, figure_of

Sheets = Mapping[str, Mapping[str, Sheet]]
_Pair = tuple[str, Edges | str, str]
_Verdicts = dict[_Pair, dict[str, Verdict | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAgreement:
    """How far judges agree on pairs of a span and an instance that two or more judged.

    Decoys are left out: planted for being unrelated, they would raise every figure.
    """

    percent: Figure
    """Share of pairs of judges that agree, averaged over pairs of span and instance, in [0, 1]."""
    alpha: Figure
    """Krippendorff's, nominal."""
    ac1: Figure
    """Gwet's, on the scale of all `Verdict`s: stays sensible where one verdict prevails."""
    n_pairs: int
    """Pairs of span and instance that two or more judged."""
    n_judges: int
    """Who judged one of these."""
    n_contradicted: int
    """Verdicts left out because the same person gave the same pair another one as well."""


def verdict_agreement(sheets: Sheets) -> VerdictAgreement:
    """Agreement over the pairs that two or more judged.

    Spans of different people are the same where they have the same edges, whatever their ids;
    a span that no sheet marks is known by its id.

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
        percent=figure_of(percent_agreement(ratings), nobody),
        alpha=figure_of(nominal_alpha(ratings), alike),
        ac1=figure_of(gwet_ac1(ratings, categories=list(Verdict)), nobody),
        n_pairs=len(doubled),
        n_judges=len(judges),
        n_contradicted=n_contradicted,
    )


def decoys_called_causal(sheets: Sheets) -> Share:
    """Of all verdicts on decoys, how many say causal."""
    verdicts = [
        judgement.verdict
        for of_item in sheets.values()
        for sheet in of_item.values()
        for judgement in sheet.judgements
        if judgement.retriever == DECOY
    ]
    return Share(count=verdicts.count(Verdict.CAUSAL), n=len(verdicts))


def _verdicts(sheets: Sheets) -> _Verdicts:
    """Pair → judge → verdict; None where a judge contradicts themselves."""
    found: _Verdicts = {}
    for item_id, of_item in sheets.items():
        for name, sheet in of_item.items():
            for judgement in sheet.judgements:
                if judgement.retriever == DECOY:
                    continue
                span = _span(judgement, name, of_item)
                given = found.setdefault((item_id, span, judgement.instance_id), {})
                same = given.get(name, judgement.verdict) == judgement.verdict
                given[name] = judgement.verdict if same else None
    return found


def _span(judgement: Judgement, judge: str, of_item: Mapping[str, Sheet]) -> Edges | str:
    """The edges of the judged span: in the judge's own sheet, or else in the only other's."""
    own = _edges(of_item[judge], judgement.span_id)
    others = {edges for sheet in of_item.values() for edges in _edges(sheet, judgement.span_id)}
    edges = own or others
    return next(iter(edges)) if len(edges) == 1 else judgement.span_id


def _edges(sheet: Sheet, span_id: str) -> set[Edges]:
    return {(mark.start, mark.stop) for mark in sheet.marks if mark.id == span_id}
