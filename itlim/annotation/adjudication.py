"""Merge the marks of several annotators into proposals: agreed, in conflict, or partly unmarked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from itlim.records import Item, Mark, Sheet, SheetStatus

FINAL = "§final"
"""Annotator name of the final sheet; each item has one, whoever adjudicates it."""
MIN_SAME_IOU = 0.5
"""Intersection over union from which two spans count as the same."""


class Consensus(StrEnum):
    """How far the annotators agree on a passage."""

    AGREED = "agreed"
    """All annotators marked it with the same label."""
    CONFLICT = "conflict"
    """Different labels, or boundaries that hardly overlap."""
    OMISSION = "omission"
    """At least one annotator did not mark it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Overlapping spans of several annotators, merged."""

    consensus: Consensus
    start: int
    """The boundaries that most annotators chose; the widest in a tie."""
    stop: int
    label: str
    """The label that most annotators chose; in a tie, the first in the study's order."""
    marks: tuple[tuple[str, Mark], ...]
    """Pairs of annotator and mark, unchanged."""
    missing: tuple[str, ...]
    """Annotators without a mark there."""


def submitted(sheets: Mapping[str, Sheet]) -> dict[str, Sheet]:
    """The sheets that count: those that annotators submitted."""
    return {
        name: sheet
        for name, sheet in sorted(sheets.items())
        if name != FINAL and sheet.status is SheetStatus.SUBMITTED
    }


def proposals(sheets: Mapping[str, Sheet]) -> tuple[Proposal, ...]:
    """Group the overlapping spans of an item, in text order.

    Spans form a group if they are connected by overlaps of at least `MIN_SAME_IOU`, or by any
    overlap of equal labels. Two spans of one annotator never count as agreement.

    Args:
        sheets: by annotator; those not submitted do not count.
    """
    counted = submitted(sheets)
    marks = sorted(
        ((name, mark) for name, sheet in counted.items() for mark in sheet.marks),
        key=lambda one: (one[1].start, one[1].stop, one[0]),
    )
    groups: list[list[tuple[str, Mark]]] = []
    for one in marks:
        touching = [group for group in groups if any(_same(one[1], mark) for _, mark in group)]
        merged = [one, *(member for group in touching for member in group)]
        groups = [group for group in groups if group not in touching] + [merged]
    found = [_proposal(group, list(counted)) for group in groups]
    return tuple(sorted(found, key=lambda proposal: (proposal.start, proposal.stop)))


def _same(one: Mark, other: Mark) -> bool:
    shared = min(one.stop, other.stop) - max(one.start, other.start)
    if shared <= 0:
        return False
    whole = max(one.stop, other.stop) - min(one.start, other.start)
    return one.label == other.label or shared / whole >= MIN_SAME_IOU


def _proposal(group: list[tuple[str, Mark]], annotators: Sequence[str]) -> Proposal:
    ordered = sorted(group, key=lambda one: (one[1].start, one[1].stop, one[0]))
    edges = [(mark.start, mark.stop) for _, mark in ordered]
    labels = [mark.label for _, mark in ordered]
    start, stop = max(edges, key=lambda edge: (edges.count(edge), edge[1] - edge[0]))
    missing = tuple(name for name in annotators if name not in {who for who, _ in ordered})
    if len(set(labels)) > 1 or _hardly_overlap(edges):
        consensus = Consensus.CONFLICT
    else:
        consensus = Consensus.OMISSION if missing else Consensus.AGREED
    return Proposal(
        consensus=consensus,
        start=start,
        stop=stop,
        label=max(dict.fromkeys(labels), key=labels.count),
        marks=tuple(ordered),
        missing=missing,
    )


def _hardly_overlap(edges: Sequence[tuple[int, int]]) -> bool:
    """Whether two of the spans hardly overlap."""
    for number, (start, stop) in enumerate(edges):
        for other_start, other_stop in edges[number + 1 :]:
            shared = min(stop, other_stop) - max(start, other_start)
            if shared / (max(stop, other_stop) - min(start, other_start)) < MIN_SAME_IOU:
                return True
    return False


def disagreement(item: Item, sheets: Mapping[str, Sheet]) -> float | None:
    """Share of an item's units on which annotators disagree, averaged over pairs of annotators.

    Counts the units that either of the two marked; 0 if neither marked any; None with fewer than
    two submitted sheets.
    """
    marked = [_marked(item, sheet) for sheet in submitted(sheets).values()]
    if len(marked) < 2:
        return None
    pairs = [(one, other) for n, one in enumerate(marked) for other in marked[n + 1 :]]
    return float(np.mean([_jaccard_distance(one, other) for one, other in pairs]))


def _marked(item: Item, sheet: Sheet) -> np.ndarray:
    edges = np.array(item.units, dtype=np.int64).reshape(-1, 2)
    marked = np.zeros(len(edges), dtype=bool)
    for mark in sheet.marks:
        marked |= (edges[:, 0] < mark.stop) & (edges[:, 1] > mark.start)
    return marked


def _jaccard_distance(one: np.ndarray, other: np.ndarray) -> float:
    either = int((one | other).sum())
    return 1 - int((one & other).sum()) / either if either else 0.0


def to_adjudicate(
    items: Sequence[Item], sheets: Mapping[tuple[str, str], Sheet]
) -> list[tuple[Item, float]]:
    """Items with two or more submissions and no final spans, lowest agreement first."""
    found = []
    for item in items:
        mine = {name: sheet for (item_id, name), sheet in sheets.items() if item_id == item.item_id}
        final = mine.get(FINAL)
        if final is not None and final.status is SheetStatus.SUBMITTED:
            continue
        distance = disagreement(item, mine)
        if distance is not None:
            found.append((item, distance))
    return sorted(found, key=lambda one: (-one[1], one[0].position))
