"""The study of the paper's Figure 6: two responses side by side, choices, and their counts.

"The former" in the paper is a side here. Sides are shuffled per person and item, so every choice is
mapped back to its model before it is counted.
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
from itlim.statistics.figures import Figure, Interval, make_figure
from itlim.statistics.intervals import wilson_interval
from itlim.text.messages import plural

ONE_SIDED = frozenset((Contrast.MORE_DETAILED, Contrast.PROLONGED, Contrast.CORE_WRONG))
"""Categories that concern one of the two responses."""
MAX_NOTE_LENGTH = 2000
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A choice with the side mapped back to the model."""

    contrast: Contrast
    model: Model | None

    @property
    def name(self) -> str:
        """One of eight names, which agreement compares."""
        return f"{self.contrast}:{self.model}" if self.model else str(self.contrast)


OUTCOMES = tuple(
    Outcome(contrast=contrast, model=model)
    for contrast in Contrast
    for model in (tuple(Model) if contrast in ONE_SIDED else (None,))
)
"""All eight outcomes, in the order of Figure 6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often one outcome was chosen."""

    outcome: Outcome
    count: int
    """Number of judgments with this outcome."""
    n: int
    """Number of judgments of all outcomes."""
    n_items: int
    """Number of instructions that were judged."""

    @property
    def share(self) -> float:
        """Share of all judgments, in [0, 1]; 0 if there are none."""
        return self.count / self.n if self.n else 0.0

    @property
    def interval(self) -> Interval | None:
        """95% Wilson interval of the share, as if each instruction had been judged once.

        Judgments of one instruction depend on each other; counting each separately would make
        the interval too narrow. None without judgments.
        """
        return wilson_interval(self.share * self.n_items, self.n_items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceAgreement:
    """Agreement on the eight outcomes over instructions that two or more people judged."""

    percent: Figure
    """Share of agreeing pairs of people, averaged over instructions, in [0, 1]."""
    ac1: Figure
    """Gwet's AC1."""
    n_items: int
    """Number of these instructions."""
    n_people: int
    """Number of people who judged one of them."""


Outcomes = Mapping[tuple[str, str], Outcome]
"""By item and person."""


def plan_comparisons(
    found: Sequence[Comparison], study: Study, *, n_items: int
) -> list[Comparison]:
    """Draw instructions with the study's seed and assign positions and ids.

    Args:
        found: instructions that both models answered; those with identical responses are excluded.
        study: the study whose seed is used.
        n_items: maximum number of instructions.

    Raises:
        InputError: no instruction is left, or `n_items` is less than one.
    """
    if n_items < 1:
        raise InputError(f"The number of instructions is {n_items}: expected at least 1.")
    usable = [one for one in found if one.text_a != one.text_b]
    if not usable:
        raise InputError(
            f"Both models answered {plural(len(found), 'instruction')}, all of them "
            "identically, so there is nothing to compare. Choose other pairs, or ask them first."
        )
    drawn = random.Random(f"side by side {study.seed}").sample(usable, len(usable))[:n_items]
    return [
        replace(one, position=place, item_id=content_id(one, study.study_id))
        for place, one in enumerate(drawn)
    ]


def content_id(one: Comparison, study_id: str) -> str:
    """12 hex digits of a hash over study, instruction and both responses."""
    content = [study_id, one.instruction, one.input, one.run_a, one.text_a, one.run_b, one.text_b]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def shown_left(study: Study, person: str, item_id: str) -> Model:
    """The model whose response this person sees on the left, drawn with the study's seed."""
    return _coin_flip("left", study.seed, person, item_id)


def neutral_names(study: Study) -> dict[Model, str]:
    """Neutral names that reveal neither the models nor the order in which the pairs were chosen."""
    first = _coin_flip("names", study.seed, study.study_id)
    return {first: "Model X", other_model(first): "Model Y"}


def _coin_flip(*of: object) -> Model:
    digest = hashlib.sha256(json.dumps(of).encode()).digest()
    return Model.A if digest[0] % 2 else Model.B


def other_model(model: Model) -> Model:
    """The other one of the two models."""
    return Model.B if model is Model.A else Model.A


def model_at(side: Side, left: Model) -> Model:
    """The model whose response is shown on a side."""
    return left if side is Side.LEFT else other_model(left)


def text_at(one: Comparison, side: Side, left: Model) -> str:
    """The response that is shown on a side."""
    return one.text_a if model_at(side, left) is Model.A else one.text_b


def outcome_of(choice: Choice) -> Outcome:
    """Map a choice from the side to the model."""
    model = None if choice.side is None else model_at(choice.side, choice.left)
    return Outcome(contrast=choice.contrast, model=model)


def payload_of(choice: Choice) -> dict[str, Any]:
    """The payload of a `compare` event, with the order of the models, which counting needs."""
    return {
        "category": str(choice.contrast),
        "side": "" if choice.side is None else str(choice.side),
        "order": str(choice.left) + str(other_model(choice.left)),
        "note": choice.note,
    }


def choice_of(payload: Mapping[str, Any]) -> Choice:
    """The choice in a `compare` payload.

    Raises:
        InputError: an unknown category, side or order, a missing or superfluous side, or a
            note that is too long.
    """
    try:
        contrast, order = Contrast(payload["category"]), str(payload["order"])
        side = Side(payload["side"]) if payload["side"] else None
        left = Model(order[:1])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{dict(payload)!r:.200} is not a choice: expected a category of "
            f"{[str(one) for one in Contrast]}, a side left or right or none, and the order ab or "
            "ba. Reload the page."
        ) from error
    note = str(payload.get("note", ""))
    if order != left + other_model(left) or (side is None) == (contrast in ONE_SIDED):
        raise InputError(
            f"The choice {contrast!s} with side {payload['side']!r} and order {order!r} does not "
            "match: categories 1, 4 and 5 concern one side, 2 and 3 both."
        )
    if len(note) > MAX_NOTE_LENGTH:
        raise InputError(
            f"The note has {len(note)} characters: expected at most {MAX_NOTE_LENGTH}."
        )
    return Choice(contrast=contrast, side=side, left=left, note=note)


def tallies(outcomes: Outcomes) -> list[Tally]:
    """All eight outcomes with their counts, in the order of Figure 6."""
    chosen = list(outcomes.values())
    n_items = len({item for item, _ in outcomes})
    return [
        Tally(outcome=one, count=chosen.count(one), n=len(chosen), n_items=n_items)
        for one in OUTCOMES
    ]


def choice_agreement(outcomes: Outcomes) -> ChoiceAgreement:
    """Agreement over the instructions that two or more people judged."""
    by_item: dict[str, dict[str, str]] = {}
    for (item, person), outcome in outcomes.items():
        by_item.setdefault(item, {})[person] = outcome.name
    doubled = [given for given in by_item.values() if len(given) >= 2]
    people = sorted({person for given in doubled for person in given})
    ratings = [[given.get(person) for given in doubled] for person in people]
    scale = [one.name for one in OUTCOMES]
    nobody = "no instruction has been judged by two people"
    return ChoiceAgreement(
        percent=make_figure(percent_agreement(ratings), nobody),
        ac1=make_figure(gwet_ac1(ratings, categories=scale), nobody),
        n_items=len(doubled),
        n_people=len(people),
    )
