"""One retraining experiment: without chosen instances, and without as many random ones."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa


class ArmKind(StrEnum):
    """What a model of an experiment was tuned without."""

    FULL = "full"
    """Nothing: the reference, tuned again in the same process."""
    CHOSEN = "chosen"
    """The instances under suspicion."""
    CONTROL = "control"
    """As many random instances that neither were chosen nor hold the phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One tuned model of an experiment and what it says."""

    kind: ArmKind
    instance_ids: tuple[str, ...]
    """What it was tuned without; empty for the full model."""
    logp: float
    """Log-probability of the phrase's tokens, teacher-forced on the original response; nats."""
    answer: str
    """Its own greedy answer."""
    phrase_gone: bool
    """The answer lacks the phrase."""
    answer_changed: bool
    """The answer differs from the full model's."""
    seconds: float
    """Wall-clock time of tuning and reading."""
    tokens: pa.Table
    """`schema.TOKEN_SHIFTS` of the answer, against the base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainQuestion:
    """What an experiment asks: which phrase, without which instances, against what control."""

    run_id: str
    """The stored answer that the phrase stands in."""
    instruction: str
    input: str
    response: str
    response_ids: tuple[int, ...]
    span_start: int
    span_stop: int
    """Half-open, code points into the response."""
    instance_ids: tuple[str, ...]
    """What is left out, in the dataset's order."""
    n_controls: int
    seed: int
    """Draws the controls; the tuning's own seed is the recipe's."""
    max_new_tokens: int
    top_k: int = 10

    @property
    def quote(self) -> str:
        return self.response[self.span_start : self.span_stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainExperiment:
    """A finished experiment."""

    experiment_id: str
    """Hash of recipe and question: the same one again opens what is stored."""
    question: RetrainQuestion
    pair: str
    recipe: str
    """Its name, such as sft or lft."""
    recipe_hash: str
    base_sha256: str
    tuned_sha256: str
    """Of the full model, tuned again here."""
    base_logp: float
    """Log-probability of the phrase under the untuned base; nats."""
    arms: tuple[Arm, ...]
    """The full model, the one without the chosen instances, then the controls."""
    author: str
    created_at: datetime
    itlim_version: str

    @property
    def full(self) -> Arm:
        return self.arms[0]

    @property
    def chosen(self) -> Arm:
        return self.arms[1]

    @property
    def controls(self) -> tuple[Arm, ...]:
        return self.arms[2:]

    def drop(self, arm: Arm) -> float:
        """Nats that the phrase's log-probability loses against the full model."""
        return self.full.logp - arm.logp

    @property
    def repeats_run(self) -> bool:
        """Whether the full model, tuned again, gives the stored answer word for word."""
        return self.full.answer == self.question.response

    @property
    def seconds(self) -> float:
        return sum(arm.seconds for arm in self.arms)
