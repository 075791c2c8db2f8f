"""What a batch did, and which rows have no run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """A row of the instruction file that has no run, and why."""

    pair: str | None
    """None if the row cannot be asked at all."""
    item: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """What a batch did."""

    n_runs: int
    """Runs in the output."""
    n_new: int
    """Runs that this call answered."""
    n_traced: int
    """Responses that this call traced."""
    failed: tuple[FailedItem, ...]
