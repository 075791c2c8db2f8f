"""Figure 6 of the paper as a study: who sees which side, what they said, how often each was said.

"The former" of the paper is a side here. Sides are shuffled by person and item, so a choice is
mapped back to the model before anything is counted.
"""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itlim.annotation.agreement.alpha import gwet_ac1, percent_agreement
from itlim.errors import InputError
from itlim.records import Choice, Comparison, Contrast, Model, Side, Study
from itlim.statistics.figures import Figure, Interval, figure_of
from itlim.statistics.intervals import wilson_interval

SIDED = frozenset((Contrast.MORE_DETAILED, Contrast.PROLONGED, Contrast.CORE_WRONG))
"""Categories that say something of one of the two."""
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was said, with the side mapped back to the model."""

    contrast: Contrast
    model: Model | None

    @property
    def name(self) -> str:
        """One of eight, as agreement compares them."""
        return f"{self.contrast}:{self.model}" if self.model else str(self.contrast)


OUTCOMES = tuple(
    Outcome(contrast=contrast, model=model)
    for contrast in Contrast
    for model in (tuple(Model) if contrast in SIDED else (None,))
)
"""All eight, in the order of Figure 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often one outcome was chosen."""

    outcome: Outcome
    count: int
    """Judgements."""
    n: int
    """Judgements of any outcome."""
    n_items: int
    """Instructions that these are about."""

    @property
    def share(self) -> float:
        """Of all judgements, in [0, 1]; 0 of none."""
        return self.count / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval | None:
        """95% of the share, after Wilson, as if each instruction had been judged once.

        Judgements of one instruction go together; counting each as a draw of its own would make
        the interval too narrow. None of none.
        """
        return wilson_interval(self.share * self.n_items, self.n_items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceAgreement:
    """How far people agree on the eight outcomes, over instructions two or more judged."""

    percent: Figure
    """Share of pairs of people that agree, averaged over instructions, in [0, 1]."""
    ac1: Figure
    """Gwet's."""
    n_items: int
    n_people: int


Outcomes = Mapping[tuple[str, str], Outcome]
"""By (item, person)."""


def planned_comparisons(
    found: Sequence[Comparison], study: Study, *, n_items: int
) -> list[Comparison]:
    """Draw instructions with the study's seed and give them their place and name.

    Args:
        found: what both models answered; those with one and the same response are left out.
        study: whose seed it is.
        n_items: how many at most.

    Raises:
        InputError: nothing is left, or fewer than one is asked for.
    """
    if n_items < 1:
        raise InputError(f"{n_items} instructions were asked for: expected one or more.")
    usable = [one for one in found if one.text_a != one.text_b]
    if not usable:
        raise InputError(
            f"The two models answered {len(found)} instructions both, and none of them "
            "differently: there is nothing to compare. Choose other pairs, or ask them first."
        )
    drawn = random.Random(f"side by side {study.seed}").sample(usable, len(usable))[:n_items]
    return [
        replace(one, position=place, item_id=content_id(one, study.study_id))
        for place, one in enumerate(drawn)
    ]


def content_id(one: Comparison, study_id: str) -> str:
    """12 hex digits of study, instruction and both responses: changed content has another id."""
    content = [study_id, one.instruction, one.input, one.run_a, one.text_a, one.run_b, one.text_b]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def shown_left(study: Study, person: str, item_id: str) -> Model:
    """Whose response this person sees on the left: a coin tossed with the study's seed."""
    return _coin("left", study.seed, person, item_id)


def disguised(study: Study) -> dict[Model, str]:
    """Names that do not tell who is who, not even by the order in which the pairs were chosen."""
    first = _coin("names", study.seed, study.study_id)
    return {first: "Model X", other_model(first): "Model Y"}


def _coin(*of: object) -> Model:
    digest = hashlib.sha256(json.dumps(of).encode()).digest()
    return Model.A if digest[0] % 2 else Model.B


def other_model(model: Model) -> Model:
    """The other of the two."""
    return Model.B if model is Model.A else Model.A


def model_at(side: Side, left: Model) -> Model:
    """Who is shown there."""
    return left if side is Side.LEFT else other_model(left)


def text_at(one: Comparison, side: Side, left: Model) -> str:
    """The response shown there."""
    return one.text_a if model_at(side, left) is Model.A else one.text_b


def outcome_of(choice: Choice) -> Outcome:
    """What was said, of the model instead of the side."""
    model = None if choice.side is None else model_at(choice.side, choice.left)
    return Outcome(contrast=choice.contrast, model=model)


def payload_of(choice: Choice) -> dict[str, Any]:
    """The payload of a `compare` event; the order is kept, so counting needs no shuffling."""
    return {
        "category": str(choice.contrast),
        "side": "" if choice.side is None else str(choice.side),
        "order": str(choice.left) + str(other_model(choice.left)),
        "note": choice.note,
    }


def choice_of(payload: Mapping[str, Any]) -> Choice:
    """The choice in a `compare` payload.

    Raises:
        InputError: an unknown category, side or order, a side that is missing or too much, or a
            note that is too long.
    """
    try:
        contrast, order = Contrast(payload["category"]), str(payload["order"])
        side = Side(payload["side"]) if payload["side"] else None
        left = Model(order[:1])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{dict(payload)!r:.200} is no choice: expected a category of "
            f"{[str(one) for one in Contrast]}, a side left or right or none, and the order ab or "
            "ba. Reload the page."
        ) from error
    note = str(payload.get("note", ""))
    if order != left + other_model(left) or (side is None) == (contrast in SIDED):
        raise InputError(
            f"The choice {contrast!s} with side {payload['side']!r} and order {order!r} does not "
            "hold together: categories 1, 4 and 5 are about one side, 2 and 3 about both."
        )
    if len(note) > LONGEST_NOTE:
        raise InputError(f"The note has {len(note)} characters: at most {LONGEST_NOTE} are kept.")
    return Choice(contrast=contrast, side=side, left=left, note=note)


def tallies(outcomes: Outcomes) -> list[Tally]:
    """All eight outcomes with how often each was chosen, in the order of Figure 6."""
    said = list(outcomes.values())
    n_items = len({item for item, _ in outcomes})
    return [
        Tally(outcome=one, count=said.count(one), n=len(said), n_items=n_items) for one in OUTCOMES
    ]


def choice_agreement(outcomes: Outcomes) -> ChoiceAgreement:
    """Agreement over the instructions that two or more judged."""
    by_item: dict[str, dict[str, str]] = {}
    for (item, person), outcome in outcomes.items():
        by_item.setdefault(item, {})[person] = outcome.name
    doubled = [given for given in by_item.values() if len(given) >= 2]
    people = sorted({person for given in doubled for person in given})
    ratings = [[given.get(person) for given in doubled] for person in people]
    scale = [one.name for one in OUTCOMES]
    nobody = "no instruction was judged by two people yet"
    return ChoiceAgreement(
        percent=figure_of(percent_agreement(ratings), nobody),
        ac1=figure_of(gwet_ac1(ratings, categories=scale), nobody),
        n_items=len(doubled),
        n_people=len(people),
    )
