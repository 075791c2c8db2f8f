"""Findings of several pairs by kind of tuning, number of instances, model size and LoRA rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itlim.findings.estimates import Estimate
from itlim.library import Library, PairFacts, pair_facts
from itlim.records import Pair

PAPER_RANKS = (2, 4, 8, 16, 32)
"""LoRA ranks that the paper tried (section 2)."""


class Axis(StrEnum):
    """By what pairs are compared."""

    KIND = "kind of tuning"
    INSTANCES = "tuning instances"
    PARAMETERS = "parameters of the base model"
    RANK = "LoRA rank"
    RESPONSE_WORDS = "words per tuning response"
    DATASET = "tuning dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRow:
    """A pair's facts with its estimate."""

    pair: str
    family: str
    """Title of its shipped family; empty for other pairs. Families are never joined by a line."""
    family_name: str
    base: str
    facts: PairFacts
    estimate: Estimate
    response_words: float | None
    """Mean number of words per response of the tuning instances."""

    def at(self, axis: Axis) -> float | str | None:
        """Its place on an axis; None if it is unknown or the axis does not apply."""
        if axis is Axis.KIND:
            return self.facts.kind or None
        if axis is Axis.DATASET:
            return self.facts.dataset or None
        return {
            Axis.INSTANCES: self.facts.instances,
            Axis.PARAMETERS: self.facts.parameters,
            Axis.RANK: self.facts.rank,
            Axis.RESPONSE_WORDS: self.response_words,
        }[axis]

    def group(self, axis: Axis) -> str:
        """Name of the pairs that share everything but the axis, as far as it is known."""
        kind = "" if axis is Axis.KIND else self.facts.kind
        parts = [self.family or self.base, kind]
        if axis is not Axis.PARAMETERS and self.facts.parameters is not None:
            parts.append(f"{self.facts.parameters / 1e6:.3g}M")
        if axis is Axis.RESPONSE_WORDS:
            # Lengths differ because datasets and numbers of instances do.
            return ", ".join(part for part in parts if part)
        if axis is not Axis.INSTANCES and self.facts.instances is not None:
            parts.append(f"{self.facts.instances:,} instances")
        if axis is not Axis.RANK and axis is not Axis.KIND and self.facts.rank is not None:
            parts.append(f"rank {self.facts.rank}")
        if axis is Axis.DATASET:
            return ", ".join(part for part in parts if part)
        # A family's first dataset has its name.
        parts.append("" if self.facts.dataset == self.family_name else self.facts.dataset)
        return ", ".join(part for part in parts if part)


def recipe_rows(
    library: Library, found: Mapping[str, Sequence[Estimate]], finding_id: str
) -> list[RecipeRow]:
    """One finding of the pairs that the library describes; undefined values are kept."""
    rows = []
    for name, estimates in found.items():
        pair = library.known_pairs.get(name)
        mine = [one for one in estimates if one.finding_id == finding_id]
        if pair is not None and mine:
            words = [one.value for one in estimates if one.finding_id == "tuning_response_words"]
            rows.append(_row(library, pair, mine[0], next(iter(words), None)))
    return rows


def _row(
    library: Library, pair: Pair, estimate: Estimate, response_words: float | None
) -> RecipeRow:
    family = library.family_of(pair.tuned_source.path)
    return RecipeRow(
        pair=pair.name,
        family="" if family is None else family.title,
        family_name="" if family is None else family.name,
        base=pair.base.path,
        facts=pair_facts(pair),
        estimate=estimate,
        response_words=response_words,
    )
