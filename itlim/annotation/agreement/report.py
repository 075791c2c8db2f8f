"""The agreement report: layers, annotators, verdicts, decoys, hasty acceptances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import chain
from statistics import median
from typing import Any

from itlim.annotation.agreement.layers import (
    LayerAgreement,
    RatedItem,
    alpha_figure,
    alpha_sums,
    layer_agreement,
    spans_of,
    sums_against_others,
)
from itlim.annotation.agreement.positions import PositionAgreement, position_agreement
from itlim.annotation.agreement.verdicts import (
    VerdictAgreement,
    decoys_called_causal,
    verdict_agreement,
)
from itlim.errors import InputError
from itlim.records import Item, Sheet, SheetStatus
from itlim.statistics.figures import Figure, Share, format_figure, make_figure

__all__ = ["AgreementReport", "AnnotatorFigures", "agreement_report", "as_json", "format_figure"]

FORMAT = "itlim.agreement/1"
HASTY_MS = 500
"""Milliseconds; a suggestion that is accepted sooner was hardly read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatorFigures:
    """One annotator compared with the others, over blind submissions, any label."""

    annotator: str
    alpha_of_others: Figure
    """α of the others without this annotator; far above the overall α if this one differs."""
    alpha_against_others: Figure
    """α of this annotator and one other at a time, pooled over the others and over responses."""
    n_responses: int
    n_spans: int
    spans_per_response: Figure
    active_ms: int
    """Active time over all responses."""
    median_active_ms: Figure
    """Active time per response."""
    hasty: Share | None
    """Share of suggestions accepted in under 500 ms; None without accept times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """All figures of a study; each undefined value has a reason."""

    unit: str
    """Unit of the token figures: tokens, words, or both."""
    n_blind: int
    """Number of submitted sheets in the figures about marks."""
    n_with_suggestions: int
    """Number of submitted sheets excluded because suggestions were shown."""
    n_unsubmitted: int
    """Number of open or skipped sheets, which are in no figure."""
    any_label: LayerAgreement
    labels: tuple[LayerAgreement, ...]
    positions: PositionAgreement
    """Agreement by position only, beside exact agreement."""
    annotators: tuple[AnnotatorFigures, ...]
    """By name."""
    verdicts: VerdictAgreement
    """Over all submitted sheets, because suggestions concern marks, not origins."""
    decoys_causal: Share
    hasty: Share | None


def agreement_report(
    items: Sequence[Item],
    sheets: Mapping[str, Mapping[str, Sheet]],
    *,
    labels: Sequence[str] = (),
    accept_ms: Mapping[str, Sequence[int]] | None = None,
    n_resamples: int = 2000,
    seed: int = 0,
) -> AgreementReport:
    """Compute all figures of a study.

    Args:
        items: the study's responses.
        sheets: item id → annotator → sheet. Only submitted ones count; one without marks is
            all zeros; an annotator without a sheet is missing. Exclude final sheets.
        labels: the study's labels, in order; other labels follow by name.
        accept_ms: annotator → display time of each accepted suggestion, in ms.
        n_resamples: of the bootstrap over responses.
        seed: random seed of the bootstrap.

    Raises:
        InputError: a sheet belongs to an unknown item.
    """
    known = {item.item_id: item for item in items}
    if set(sheets) - set(known):
        unknown = ", ".join(sorted(set(sheets) - set(known))[:5])
        raise InputError(f"There are sheets of unknown items ({unknown}): pass all items.")
    submitted = _submitted(sheets)
    rated = [
        RatedItem(
            item=known[item_id],
            sheets={name: of[name] for name in sorted(of) if not of[name].suggestions_on},
        )
        for item_id, of in submitted.items()
    ]
    n_submitted = sum(map(len, submitted.values()))
    n_blind = sum(len(one.sheets) for one in rated)
    found = {mark.label for one in rated for sheet in one.sheets.values() for mark in sheet.marks}
    layers = [None, *dict.fromkeys([*labels, *sorted(found)])]
    overall, *by_label = (
        layer_agreement(rated, label, n_resamples=n_resamples, seed=seed) for label in layers
    )
    return AgreementReport(
        unit=_unit([one.item for one in rated if one.sheets]),
        n_blind=n_blind,
        n_with_suggestions=n_submitted - n_blind,
        n_unsubmitted=sum(map(len, sheets.values())) - n_submitted,
        any_label=overall,
        labels=tuple(by_label),
        positions=position_agreement(rated, n_resamples=n_resamples, seed=seed),
        annotators=_annotators(rated, accept_ms),
        verdicts=verdict_agreement(submitted),
        decoys_causal=decoys_called_causal(submitted),
        hasty=None if accept_ms is None else _hasty([*chain(*accept_ms.values())]),
    )


def as_json(report: AgreementReport) -> dict[str, Any]:
    """The report as plain values; an undefined number is null, next to its reason."""
    return {"format": FORMAT, **_plain(report)}


def _plain(value: Any) -> Any:
    if isinstance(value, Share):
        edges = value.interval
        interval = None if edges is None else list(edges)
        return {"count": value.count, "n": value.n, "value": value.value, "interval": interval}
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def _submitted(sheets: Mapping[str, Mapping[str, Sheet]]) -> dict[str, dict[str, Sheet]]:
    """The submitted sheets by item; items without any are kept."""
    return {
        item_id: {
            name: sheet for name, sheet in of.items() if sheet.status is SheetStatus.SUBMITTED
        }
        for item_id, of in sheets.items()
    }


def _unit(items: Sequence[Item]) -> str:
    kinds = {item.units_are_tokens for item in items}
    return "tokens and words" if len(kinds) == 2 else "words" if kinds == {False} else "tokens"


def _annotators(
    rated: Sequence[RatedItem], accept_ms: Mapping[str, Sequence[int]] | None
) -> tuple[AnnotatorFigures, ...]:
    names = {name for one in rated for name in one.sheets} | set(accept_ms or {})
    return tuple(_annotator(name, rated, accept_ms) for name in sorted(names))


def _annotator(
    name: str, rated: Sequence[RatedItem], accept_ms: Mapping[str, Sequence[int]] | None
) -> AnnotatorFigures:
    own = [one.sheets[name] for one in rated if name in one.sheets]
    n_spans = sum(len(spans_of(sheet, None)) for sheet in own)
    none = "no blind response was submitted"
    return AnnotatorFigures(
        annotator=name,
        alpha_of_others=alpha_figure(alpha_sums([one.without(name) for one in rated])),
        alpha_against_others=alpha_figure(sums_against_others(rated, name)),
        n_responses=len(own),
        n_spans=n_spans,
        spans_per_response=make_figure(n_spans / len(own) if own else None, none),
        active_ms=sum(sheet.active_ms for sheet in own),
        median_active_ms=make_figure(
            float(median(sheet.active_ms for sheet in own)) if own else None, none
        ),
        hasty=None if accept_ms is None else _hasty(accept_ms.get(name, ())),
    )


def _hasty(accept_ms: Sequence[int]) -> Share:
    return Share(count=sum(time < HASTY_MS for time in accept_ms), n=len(accept_ms))
