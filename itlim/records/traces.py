"""Results of tracing: where the words of a span occur in an instruction-tuning dataset.

A trace never claims that a span is borrowed: that is a person's verdict. It lists the
instances that contain the words, how rare those words are, and how often unrelated spans
match as well by chance. All offsets are half-open code-point ranges.
"""

from dataclasses import dataclass, field
from enum import StrEnum

OWN_RESPONSES = "the dataset's own responses against its other instances"
"""Name of a null distribution that was fitted on the dataset itself."""


BEYOND_CHANCE = 0.05
"""Share of unrelated spans below which chance no longer explains a match; the conventional level
of significance (Fisher 1925, Statistical Methods for Research Workers)."""


def is_beyond_chance(null_p: float | None) -> bool:
    """Whether chance is excluded as an explanation; False if it is unknown."""
    return null_p is not None and null_p < BEYOND_CHANCE


def is_explained_by_chance(null_p: float | None) -> bool:
    """Whether chance is known to match as well; False if it is unknown."""
    return null_p is not None and null_p >= BEYOND_CHANCE


class Level(StrEnum):
    """Strength of a candidate's evidence."""

    STRONG = "strong"
    """Better than chance, and no other instance is more than 1 nat better."""
    POSSIBLE = "possible"
    """Better than chance, but another instance is more than 1 nat better."""
    WEAK = "weak"
    """Spans of unrelated answers match as well."""


class InstanceField(StrEnum):
    """The field of an instance that contains the words."""

    INSTRUCTION = "instruction"
    INPUT = "input"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedRun:
    """Words of the span that occur in the same order in one field of an instance."""

    span_start: int
    """First code point in the traced response."""
    span_stop: int
    field: InstanceField
    start: int
    """First code point in that field of the instance."""
    stop: int
    nats: float
    """Evidence of this run; 0 for a fuzzy run, which is approximate and not scored."""
    n_instances: int
    """Distinct instances of the dataset that contain the run; 0 for a fuzzy run."""
    is_fuzzy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One instance with its evidence as a source of a span."""

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
    """Sum of the evidence of its runs, minus the evidence expected by chance at that length."""
    part: str
    """The part of the span with the most evidence: `span` (all of it), `names` or
    `shifted words`."""
    concept_cos: float | None
    """Cosine of the instructions' embeddings; None without the semantic index."""
    coverage: float
    """Share of the part's words, weighted by rarity, that the instance contains in any order."""
    topic_overlap: float
    """Share of the instruction's words, weighted by rarity, that the instance contains."""
    d1_similarity: float | None
    """Cosine of instruction + input + response (paper, D.1); None without the semantic index."""
    keyword_presence: float | None
    """Share of the span's 1- to 3-gram keywords in the instance (D.1); None without keywords."""
    fuzzy_ratio: float
    """rapidfuzz partial ratio of the span and the response, 0 to 1."""
    influence_cos: float | None = None
    """Cosine of the loss gradients of span and instance; None if not measured."""
    influence_dot: float | None = None
    """Dot product of the gradients; if positive, a step on the instance makes the span likelier."""
    score: float
    """Weighted sum of the evidence, by which candidates are ranked."""
    level: Level
    runs: tuple[CopiedRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weight of each kind of evidence, in nats per unit."""

    evidence: float = 1.0
    concept: float = 8.0
    topic: float = 8.0
    coverage: float = 8.0
    d1: float = 8.0
    keywords: float = 0.0
    fuzzy: float = 0.0
    influence: float = 0.0
    """Weight of the gradients' cosine; 0 by default, so that it does not affect the ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A phrase of a response that may be borrowed, chosen by its evidence."""

    start: int
    """First code point in the response."""
    stop: int
    null_p: float | None
    """p-value corrected for the choice of the phrase; None without a null distribution."""
    n_choices: int
    """Number by which p was multiplied: sentences to choose among, times two kinds of phrases."""
    nats: float
    """Evidence of the best instance."""
    dataset: str
    row: int
    """1-based row of the best instance."""
    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The candidates of one span."""

    instruction: str
    response: str
    start: int
    stop: int
    words: tuple[str, ...]
    """The normalized words of the span."""
    n_occurrences: int
    """How often the full span occurs verbatim (normalized words) in the datasets."""
    null_p: float | None
    """Share of equally long spans of models never tuned on the dataset that match as well;
    None if the index has no null distribution."""
    n_choices: int = 1
    """Number by which `null_p` was multiplied, if the span was chosen among others."""
    borrowed_parts: tuple[Phrase, ...] = ()
    """Parts that are borrowed beyond chance although the whole span is not."""
    null_source: str = ""
    """Source of the responses that the null was fitted on; empty without a null."""
    n_equivalent: int
    """Instances within 1 nat of the best evidence: 1 means a single best source."""
    entropy: float
    """Entropy (nats) of the softmax over the candidates' scores; 0 means a single clear source."""
    candidates: tuple[Candidate, ...]
    """Best first; empty if no word of the span occurs in the datasets."""
    weights: Weights = field(default_factory=Weights)
    lexical_only: bool = False
    background: str = ""
    """Description of the background by which rarity is measured."""
    influence: str = ""
    """Description of the weights over which influence was measured; empty if not measured."""

    @property
    def quote(self) -> str:
        return self.response[self.start : self.stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbatimSpan:
    """A maximal span of a response that occurs verbatim in the dataset."""

    start: int
    stop: int
    n_words: int
    nats: float
    """Surprisal of its words under the background, which measures its rarity."""
    n_instances: int
    rows: tuple[int, ...]
    """1-based rows of up to ten instances that contain it."""
    dataset: str
    is_style: bool
    """Whether it is a stock phrase or response opening, which style alone explains."""
    in_instruction: bool
    """Whether it also occurs in the instruction, from which the model may have copied it."""
    null_p: float | None
    """Probability of an equally rare span anywhere in an unrelated response of the same length."""
