"""Labels and meanings of the parts whose weighted sum is a candidate's score."""

from collections.abc import Sequence
from dataclasses import dataclass

from itlim.records import Candidate, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One part of the score."""

    weight_name: str
    """Field of `Weights`."""
    column: str
    """Field of `Candidate`."""
    label: str
    unit: str
    meaning: str
    is_on_request: bool = False
    """Whether it is measured, and shown, only on request."""


PARTS = (
    ScorePart(
        weight_name="evidence",
        column="evidence_nats",
        label="Evidence",
        unit="nats",
        meaning="rarity of the copied words in nats (−ln of their probability), minus what chance "
        "copies at this length: rare words weigh more, stock phrases less",
    ),
    ScorePart(
        weight_name="concept",
        column="concept_cos",
        label="Same concept",
        unit="",
        meaning="cosine of the two instructions' embeddings",
    ),
    ScorePart(
        weight_name="coverage",
        column="coverage",
        label="Words in any order",
        unit="",
        meaning="share of the span's words, weighted by rarity, that the instance contains",
    ),
    ScorePart(
        weight_name="topic",
        column="topic_overlap",
        label="Same topic",
        unit="",
        meaning="share of the instruction's words, weighted by rarity, that the instance contains",
    ),
    ScorePart(
        weight_name="d1",
        column="d1_similarity",
        label="Similar pair",
        unit="",
        meaning="cosine of the embeddings of instruction, input and response together (the "
        "paper's Appendix D.1)",
    ),
    ScorePart(
        weight_name="keywords",
        column="keyword_presence",
        label="Keywords",
        unit="",
        meaning="share of the span's 1- to 3-gram keywords that the instance contains (the "
        "paper's Appendix D.1)",
    ),
    ScorePart(
        weight_name="fuzzy",
        column="fuzzy_ratio",
        label="Spelling",
        unit="",
        meaning="how well the letters of the span align with the instance's response, from 0 to 1",
    ),
    ScorePart(
        weight_name="influence",
        column="influence_cos",
        label="Influence",
        unit="",
        meaning="cosine of the gradients of phrase and instance at the tuned weights: above 0, "
        "learning the instance makes the phrase likelier; weights of 5 to 20 were best on the "
        "demo family's dev cases",
        is_on_request=True,
    ),
)


def shown_parts(candidates: Sequence[Candidate]) -> tuple[ScorePart, ...]:
    """The parts to show: those that are always measured, and those measured on request."""
    return tuple(
        part
        for part in PARTS
        if not part.is_on_request
        or any(getattr(one, part.column) is not None for one in candidates)
    )


def score_part(candidate: Candidate, part: ScorePart, weights: Weights) -> float | None:
    """Contribution of a part to the score, in nats; None if it was not measured."""
    value = getattr(candidate, part.column)
    return None if value is None else getattr(weights, part.weight_name) * value
