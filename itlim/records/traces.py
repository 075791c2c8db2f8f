"""What tracing gives: where in an instruction-tuning dataset the words of a span also stand.

A trace never says "borrowed": that is a person's verdict. It says which instances
hold the words, how rare those words are, and whether chance explains as much.
All offsets are code points, half-open.
"""

from dataclasses import dataclass, field
from enum import StrEnum

OWN_RESPONSES = "the dataset's own responses against its other instances"
"""How a null is named that was fitted on the dataset itself."""


BEYOND_CHANCE = 0.05
"""Share of unrelated spans below which chance no longer explains a match; the conventional level
of significance (Fisher 1925, Statistical Methods for Research Workers)."""


def is_beyond_chance(null_p: float | None) -> bool:
    """Whether chance is ruled out; an unknown chance rules nothing out."""
    return null_p is not None and null_p < BEYOND_CHANCE


def is_explained_by_chance(null_p: float | None) -> bool:
    """Whether chance is known to do as well; an unknown chance explains nothing."""
    return null_p is not None and null_p >= BEYOND_CHANCE


class Level(StrEnum):
    """How much a candidate explains."""

    STRONG = "strong"
    """Beyond chance, and no other instance is more than 1 nat better."""
    POSSIBLE = "possible"
    """Beyond chance, but another instance explains the span better by more than 1 nat."""
    WEAK = "weak"
    """Answers that owe the dataset nothing match it as well."""


class InstanceField(StrEnum):
    """The part of an instance in which words were found."""

    INSTRUCTION = "instruction"
    INPUT = "input"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedRun:
    """Words of the span that stand in the same order in one field of an instance."""

    span_start: int
    """First code point in the traced response."""
    span_stop: int
    field: InstanceField
    start: int
    """First code point in that field of the instance."""
    stop: int
    nats: float
    """Evidence of this run; 0 for a fuzzy one, which only aligns."""
    n_instances: int
    """Distinct instances of the dataset that hold the run; 0 for a fuzzy one."""
    is_fuzzy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One instance with its evidence for a span."""

    rank: int
    """1-based."""
    dataset: str
    row: int
    """1-based row of the dataset."""
    line: int
    """1-based line of the source file."""
    instance_id: str
    instruction: str
    input: str
    response: str
    extra: str
    """Further fields of the row, as JSON."""
    evidence_nats: float
    """What its runs add up to, less the chance of a part of so many words."""
    part: str
    """The part of the span that tells most: `span` (all of it), `names` or `shifted words`."""
    concept_cos: float | None
    """Cosine of the instructions' embeddings; None without the semantic index."""
    coverage: float
    """Share of the part's words, weighted by rarity, that the instance holds in any order."""
    topic_overlap: float
    """Share of the instruction's words, weighted by rarity, that the instance holds, 0 to 1."""
    d1_similarity: float | None
    """Cosine of instruction + input + response (paper, D.1); None without the semantic index."""
    keyword_presence: float | None
    """Share of the span's 1- to 3-gram keywords in the instance (D.1); None without keywords."""
    fuzzy_ratio: float
    """rapidfuzz partial ratio of the span and the response, 0 to 1."""
    influence_cos: float | None = None
    """Cosine of the span's and the instance's loss gradients; None if it was not asked for."""
    influence_dot: float | None = None
    """Their dot product; above 0: a step on the instance makes the span likelier."""
    score: float
    """Weighted sum of the parts: what ranks."""
    level: Level
    runs: tuple[CopiedRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What a unit of each evidence part is worth, in nats."""

    evidence: float = 1.0
    concept: float = 8.0
    topic: float = 8.0
    coverage: float = 8.0
    d1: float = 8.0
    keywords: float = 0.0
    fuzzy: float = 0.0
    influence: float = 0.0
    """Of the gradients' cosine; 0 unless the reader wants it to rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The candidates of one span."""

    instruction: str
    response: str
    start: int
    stop: int
    words: tuple[str, ...]
    """The span's normalised words."""
    n_occurrences: int
    """How often the whole span stands verbatim (normalised words) in the datasets."""
    null_p: float | None
    """Share of equally long spans of models never tuned on the dataset that match as well;
    None if the index holds no null."""
    null_source: str = ""
    """Whose responses chance was fitted on; empty without a null."""
    n_equivalent: int
    """Instances within 1 nat of the best evidence: 1 means a single best source."""
    entropy: float
    """Of the softmax over the candidates' scores, in nats: 0 is decisive."""
    candidates: tuple[Candidate, ...]
    """Best first; empty if no word of the span stands in the datasets."""
    weights: Weights = field(default_factory=Weights)
    lexical_only: bool = False
    background: str = ""
    """What the words' rarity was measured by, in words."""
    influence: str = ""
    """Over which weights influences were measured, in words; empty if none was asked for."""

    @property
    def quote(self) -> str:
        return self.response[self.start : self.stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbatimSpan:
    """A maximal stretch of a response that stands verbatim in the dataset."""

    start: int
    stop: int
    n_words: int
    nats: float
    """Surprisal of its words under the background: its rarity."""
    n_instances: int
    rows: tuple[int, ...]
    """1-based rows of up to ten instances that hold it."""
    dataset: str
    is_style: bool
    """Stock phrase or response starter: what style alone explains."""
    in_instruction: bool
    """Its words stand in the instruction too, so the model may have copied from there."""
    null_p: float | None
    """Chance of so rare a stretch anywhere in an equally long response."""
