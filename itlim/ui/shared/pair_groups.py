"""Pairs of the library grouped by their base model, in the order of a comparison."""

from itlim.components.tokens.payload import model_label
from itlim.library import Library, base_alone
from itlim.records import Pair
from itlim.schema import TuningKind

TITLES = {
    TuningKind.NONE: "base",
    TuningKind.ADAPTER: "LFT (LoRA)",
    TuningKind.FULL: "SFT (full)",
}


def pairs_by_base(library: Library) -> dict[str, list[Pair]]:
    """Pairs by base model: each family opens with the base itself, then LFT before SFT."""
    found: dict[str, list[Pair]] = {}
    for pair in library.pairs.values():
        found.setdefault(f"{model_label(pair.base.path)} ({pair.base.path})", []).append(pair)
    order = list(TITLES)
    return {
        name: [base_alone(members[0]), *sorted(members, key=lambda pair: order.index(pair.kind))]
        for name, members in found.items()
    }
