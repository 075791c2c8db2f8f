"""Agreement on marks, for any label and per label, over responses with two or more sheets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from itlim.annotation.agreement.alpha import AlphaSums, alpha, alpha_interval
from itlim.annotation.agreement.spans import Edges, detection, marked_tokens, token_f1
from itlim.records import BoolArray, Item, Sheet
from itlim.statistics.figures import Figure, make_figure

_NO_SHARED_RESPONSE = "no response was submitted by two annotators"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedItem:
    """A response with the sheets that count."""

    item: Item
    sheets: Mapping[str, Sheet]
    """Annotator → submitted sheet; a sheet without marks means that nothing is wrong."""

    @property
    def tokens(self) -> list[Edges]:
        """Units that a mark can touch; empty units would inflate the agreement."""
        return [(start, stop) for start, stop in self.item.units if start < stop]

    def without(self, annotator: str) -> "RatedItem":
        """The same response without one of the annotators."""
        others = {name: sheet for name, sheet in self.sheets.items() if name != annotator}
        return RatedItem(item=self.item, sheets=others)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAgreement:
    """Agreement of the annotators on one layer."""

    label: str | None
    """None: any label."""
    alpha: Figure
    """Krippendorff's α over tokens, pooled over responses; interval by bootstrap over responses."""
    token_f1: Figure
    """Over pairs of annotators × responses, pooled."""
    detection_f1: Figure
    """Spans with IoU ≥ .5 count as the same; pooled as above."""
    mean_iou: Figure
    """Mean IoU of matched spans."""
    both_empty: Figure
    """Share of pairs of annotators × responses in which neither marked anything."""
    n_responses: int
    """Number of responses that two or more annotators submitted."""
    n_tokens: int
    """Number of their tokens, or of words if a response has no tokens."""
    n_annotators: int
    """Number of annotators who submitted one of them."""
    n_pairs: int
    """Number of pairs of annotators × responses."""


def spans_of(sheet: Sheet, label: str | None) -> list[Edges]:
    """Distinct spans of a layer; a span with two labels counts once for any label."""
    return sorted(
        {(mark.start, mark.stop) for mark in sheet.marks if label is None or mark.label == label}
    )


def marked_by(rated: RatedItem, label: str | None) -> dict[str, BoolArray]:
    """Annotator → which tokens they marked: (tokens,) bool."""
    tokens = rated.tokens
    return {
        name: marked_tokens(tokens, spans_of(sheet, label)) for name, sheet in rated.sheets.items()
    }


def alpha_sums(items: Sequence[RatedItem], label: str | None = None) -> list[AlphaSums]:
    """Sums for α, one per response that two or more annotators submitted."""
    return [
        AlphaSums.of(np.array(list(marked_by(rated, label).values()), dtype=np.float64))
        for rated in items
        if len(rated.sheets) >= 2
    ]


def sums_against_others(items: Sequence[RatedItem], annotator: str) -> list[AlphaSums]:
    """Sums for each response and other annotator: the two of them, any label."""
    sums = []
    for rated in items:
        if annotator in rated.sheets:
            marked = marked_by(rated, None)
            mine = marked.pop(annotator)
            sums += [
                AlphaSums.of(np.array([mine, theirs], np.float64)) for theirs in marked.values()
            ]
    return sums


def alpha_figure(sums: Sequence[AlphaSums]) -> Figure:
    """α without an interval, or the reason why it is undefined."""
    return make_figure(alpha(sums), _why_no_alpha(sums))


def layer_agreement(
    items: Sequence[RatedItem], label: str | None, *, n_resamples: int, seed: int
) -> LayerAgreement:
    """Compute all figures of one layer.

    Args:
        items: responses with the sheets that count; those with fewer than two are ignored.
        label: label of the marks that count; None for any.
        n_resamples: number of bootstrap resamples over responses.
        seed: random seed of the bootstrap.
    """
    doubled = [rated for rated in items if len(rated.sheets) >= 2]
    marked, spans = _pairs(doubled, label)
    f1, overlap = detection(spans)
    n_empty = sum(not one and not other for one, other in spans)
    nobody = "nobody marked" if spans else _NO_SHARED_RESPONSE
    unmatched = "no two spans overlap by at least half" if f1 is not None else nobody
    touching = "no mark touches a token" if f1 is not None else nobody
    return LayerAgreement(
        label=label,
        alpha=_alpha_with_interval(alpha_sums(doubled, label), n_resamples, seed),
        token_f1=make_figure(token_f1(marked), touching),
        detection_f1=make_figure(f1, nobody),
        mean_iou=make_figure(overlap, unmatched),
        both_empty=make_figure(n_empty / len(spans) if spans else None, _NO_SHARED_RESPONSE),
        n_responses=len(doubled),
        n_tokens=sum(len(rated.tokens) for rated in doubled),
        n_annotators=len({name for rated in doubled for name in rated.sheets}),
        n_pairs=len(spans),
    )


def _pairs(
    items: Sequence[RatedItem], label: str | None
) -> tuple[list[tuple[BoolArray, BoolArray]], list[tuple[list[Edges], list[Edges]]]]:
    """Marked tokens and spans of every pair of annotators of every response."""
    marked, spans = [], []
    for rated in items:
        marked += list(combinations(marked_by(rated, label).values(), 2))
        each = [spans_of(sheet, label) for sheet in rated.sheets.values()]
        spans += list(combinations(each, 2))
    return marked, spans


def _alpha_with_interval(sums: Sequence[AlphaSums], n_resamples: int, seed: int) -> Figure:
    value = alpha(sums)
    if value is None:
        return make_figure(None, _why_no_alpha(sums))
    interval = alpha_interval(sums, n_resamples=n_resamples, seed=seed)
    why = "one response only" if len(sums) < 2 else "too few responses have marks"
    return Figure(value=value, interval=interval, no_interval="" if interval else why)


def _why_no_alpha(sums: Sequence[AlphaSums]) -> str:
    if not sums:
        return _NO_SHARED_RESPONSE
    if not any(one.zeros or one.ones for one in sums):
        return "the responses have no tokens"
    return "nobody marked" if not any(one.ones for one in sums) else "everyone marked everything"
