"""The remedies that the paper tries, with the settings of the shipped comparisons (Figure 9).

Each changes the dataset or the training and nothing else. NEFTune's noise is that of the recipe
`neftune`; filtering keeps the better half by the offline score of form, and a random half of the
same size is its control; simplifying keeps the first sentence by the offline rules; evolving uses
the offline templates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from itlim.library import DatasetEntry
from itlim.records import DatasetFormat
from itlim.remedies.deriving import Derived, Parent, read_parent, write_derived
from itlim.remedies.evolve_templates import TemplateOperation, evolved_by_templates
from itlim.remedies.filtering import OFFLINE, Cut, filtered, random_subset
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules
from itlim.training.recipes import recipe_named

_SENTENCES = 1
_DRAW_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One way of tuning."""

    name: str
    derive: Callable[[Parent], Derived] | None = None
    """Makes its dataset; None for the original one."""
    noise_alpha: float | None = None


NEFTUNE = Remedy(name="neftune", noise_alpha=recipe_named("neftune").noise_alpha)
FILTERED = Remedy(
    name="filtered",
    derive=lambda parent: filtered(parent, OFFLINE, Cut(keep=parent.table.num_rows // 2)),
)
RANDOM_HALF = Remedy(
    name="random half",
    derive=lambda parent: random_subset(parent, parent.table.num_rows // 2, _DRAW_SEED),
)
SIMPLIFIED = Remedy(
    name="simplified",
    derive=lambda parent: simplified_by_rules(parent, SimplifyRules(sentences=_SENTENCES)),
)
EVOLVED = Remedy(
    name="evolved",
    derive=lambda parent: evolved_by_templates(parent, list(TemplateOperation), _DRAW_SEED),
)


def remedy_dataset(remedy: Remedy, original: DatasetEntry, work: Path) -> DatasetEntry:
    """The dataset that a remedy tunes on: the original, or a file in `work` with its lineage."""
    if remedy.derive is None:
        return original
    parent = read_parent(original)
    out = work / f"{remedy.name.replace(' ', '-')}.jsonl"
    write_derived(out, parent, remedy.derive(parent))
    return DatasetEntry(name=remedy.name, path=out, format=DatasetFormat.ALPACA)
