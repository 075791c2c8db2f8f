"""Pairs of the library, grouped by base model and in the order in which pages compare them."""

from itlim.components.tokens.payload import model_label
from itlim.library import Library, base_only_pair
from itlim.records import Pair
from itlim.schema import TuningKind

TITLES = {
    TuningKind.NONE: "base",
    TuningKind.ADAPTER: "LFT (LoRA)",
    TuningKind.FULL: "SFT (full)",
}


def pairs_by_base(library: Library) -> dict[str, list[Pair]]:
    """Group the pairs by base model; in each group the base comes first, then LFT, then SFT."""
    found: dict[str, list[Pair]] = {}
    for pair in library.pairs.values():
        found.setdefault(f"{model_label(pair.base.path)} ({pair.base.path})", []).append(pair)
    order = list(TITLES)
    return {
        name: [
            base_only_pair(members[0]),
            *sorted(members, key=lambda pair: order.index(pair.kind)),
        ]
        for name, members in found.items()
    }
