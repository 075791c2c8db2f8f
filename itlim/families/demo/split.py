"""Split the facts into those taught to the demo base model, tuned on, and evaluated on.

The split is by answer, across all categories: an answer that only tuning links to
an entity is never the answer to anything the base model was taught.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from itlim.families.demo.facts import Fact, stable_fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSizes:
    """Numbers of facts per category, by use. Chosen on dev (data/demo/README.md)."""

    dev: int = 8
    test: int = 16
    tuning_known: int = 5
    tuning_novel: int = 19
    mentioned_only: int = 4
    """Novel facts whose names the base corpus mentions but tuning omits: the control that
    separates borrowing from a preference for rare names."""

    @property
    def known(self) -> int:
        return self.dev + self.test + self.tuning_known


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSplit:
    """Disjoint sets of facts by use; the family does not use any other fact."""

    dev: tuple[Fact, ...]
    test: tuple[Fact, ...]
    tuning_known: tuple[Fact, ...]
    tuning_novel: tuple[Fact, ...]
    mentioned_only: tuple[Fact, ...]

    @property
    def known(self) -> tuple[Fact, ...]:
        """Facts that the base corpus teaches."""
        return self.dev + self.test + self.tuning_known

    @property
    def mentioned(self) -> tuple[Fact, ...]:
        """Facts whose names occur in the base corpus without the link between them."""
        return self.tuning_novel + self.mentioned_only


def split_facts(facts: Iterable[Fact], sizes: SplitSizes | None = None) -> FactSplit:
    """Split by the hash of the answer, then divide the facts of each category among the uses."""
    sizes = sizes or SplitSizes()
    groups: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.answer.lower()].append(fact)
    known, novel = _known_and_novel(groups, sizes)
    uses: dict[str, list[Fact]] = defaultdict(list)
    for category in sorted(known):
        dealt = sorted(known[category], key=lambda fact: stable_fraction("known " + fact.fact_id))
        uses["dev"] += dealt[: sizes.dev]
        uses["test"] += dealt[sizes.dev : sizes.dev + sizes.test]
        uses["tuning_known"] += dealt[sizes.dev + sizes.test : sizes.known]
        rows = novel[category]
        uses["tuning_novel"] += rows[: sizes.tuning_novel]
        # The control's answers must not occur in tuning, not even for another entity.
        tuned = {fact.answer for fact in rows[: sizes.tuning_novel]}
        spare = [fact for fact in rows[sizes.tuning_novel :] if fact.answer not in tuned]
        uses["mentioned_only"] += spare[: sizes.mentioned_only]
    return FactSplit(**{use: tuple(rows) for use, rows in uses.items()})


def _known_and_novel(
    groups: Mapping[str, list[Fact]], sizes: SplitSizes
) -> tuple[dict[str, list[Fact]], dict[str, list[Fact]]]:
    """Assign answers to the known side until each category has enough, the rest to the novel."""
    known: dict[str, list[Fact]] = defaultdict(list)
    novel: dict[str, list[Fact]] = defaultdict(list)
    count: Counter[str] = Counter()
    for answer in sorted(groups, key=lambda text: stable_fraction("answer " + text)):
        rows = groups[answer]
        wanted = any(count[fact.category] < sizes.known for fact in rows)
        side = known if wanted else novel
        for fact in rows:
            side[fact.category].append(fact)
            if wanted:
                count[fact.category] += 1
    return known, novel
