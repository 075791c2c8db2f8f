"""Retraining experiments: without chosen instances, and without as many random ones."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa


class ArmKind(StrEnum):
    """The instances without which a model of an experiment was tuned."""

    FULL = "full"
    """None omitted: the reference, tuned again in the same process."""
    CHOSEN = "chosen"
    """Without the instances suspected to be the source."""
    CONTROL = "control"
    """Without as many random instances that are not chosen and do not contain the phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One tuned model of an experiment and its answer."""

    kind: ArmKind
    instance_ids: tuple[str, ...]
    """The omitted instances; empty for the full model."""
    logp: float
    """Log-probability (nats) of the phrase's tokens, teacher-forced on the original response."""
    answer: str
    """The model's own greedy answer."""
    phrase_gone: bool
    """Whether the answer lacks the phrase."""
    answer_changed: bool
    """Whether the answer differs from that of the full model."""
    seconds: float
    """Wall-clock time of tuning and measuring."""
    tokens: pa.Table
    """`schema.TOKEN_SHIFTS` of the answer, relative to the base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainQuestion:
    """The question of an experiment: the phrase, the omitted instances and the controls."""

    run_id: str
    """The stored answer that contains the phrase."""
    instruction: str
    input: str
    response: str
    response_ids: tuple[int, ...]
    span_start: int
    span_stop: int
    """Half-open, code points into the response."""
    instance_ids: tuple[str, ...]
    """The omitted instances, in dataset order."""
    n_controls: int
    seed: int
    """Seed for drawing the controls; tuning uses the seed of the recipe."""
    max_new_tokens: int
    top_k: int = 10

    @property
    def quote(self) -> str:
        return self.response[self.span_start : self.span_stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainExperiment:
    """A finished experiment."""

    experiment_id: str
    """Hash of recipe and question: repeating an experiment opens the stored one."""
    question: RetrainQuestion
    pair: str
    recipe: str
    """Name of the recipe, such as sft or lft."""
    recipe_hash: str
    base_sha256: str
    tuned_sha256: str
    """Hash of the full model, tuned again for this experiment."""
    base_logp: float
    """Log-probability (nats) of the phrase under the untuned base."""
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
        """Decrease of the phrase's log-probability relative to the full model, in nats."""
        return self.full.logp - arm.logp

    @property
    def repeats_run(self) -> bool:
        """Whether the full model, tuned again, gives exactly the stored answer."""
        return self.full.answer == self.question.response

    @property
    def seconds(self) -> float:
        return sum(arm.seconds for arm in self.arms)
