"""The parts that a candidate's score is the weighted sum of, as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from itlim.records import Candidate, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One of the parts that a score is the weighted sum of."""

    weight_name: str
    """Field of `Weights`."""
    column: str
    """Field of `Candidate`."""
    label: str
    unit: str
    meaning: str
    is_asked_for: bool = False
    """Whether it is measured only when the reader asks; shown only then."""


PARTS = (
    ScorePart(
        weight_name="evidence",
        column="evidence_nats",
        label="Copied words",
        unit="nats",
        meaning="how surprising the copied words are: rare words weigh more, stock phrases less",
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
        meaning="share of the span's words, weighted by rarity, that the instance holds anywhere",
    ),
    ScorePart(
        weight_name="topic",
        column="topic_overlap",
        label="Same topic",
        unit="",
        meaning="share of the instruction's words, weighted by rarity, that the instance holds",
    ),
    ScorePart(
        weight_name="d1",
        column="d1_similarity",
        label="Similar pair",
        unit="",
        meaning="cosine of instruction, input and response taken together (paper, D.1)",
    ),
    ScorePart(
        weight_name="keywords",
        column="keyword_presence",
        label="Keywords",
        unit="",
        meaning="share of the span's 1- to 3-gram keywords found in the instance (paper, D.1)",
    ),
    ScorePart(
        weight_name="fuzzy",
        column="fuzzy_ratio",
        label="Spelling",
        unit="",
        meaning="how well the span aligns with the response letter by letter, from 0 to 1",
    ),
    ScorePart(
        weight_name="influence",
        column="influence_cos",
        label="Influence",
        unit="",
        meaning="cosine of the gradients of phrase and instance at the tuned weights: above 0, "
        "learning the instance makes the phrase likelier; weights of 5 to 20 served best on the "
        "demo family's dev cases",
        is_asked_for=True,
    ),
)


def shown_parts(candidates: Sequence[Candidate]) -> tuple[ScorePart, ...]:
    """The parts that are drawn: those always measured, and what was asked for and found."""
    return tuple(
        part
        for part in PARTS
        if not part.is_asked_for or any(getattr(one, part.column) is not None for one in candidates)
    )


def score_part(candidate: Candidate, part: ScorePart, weights: Weights) -> float | None:
    """What a part adds to the score, in nats; None where it was not measured."""
    value = getattr(candidate, part.column)
    return None if value is None else getattr(weights, part.weight_name) * value
