"""A leave-out study: the cases of one tuning seed and the engine that reads removals on them."""

from dataclasses import dataclass

from itlim.causality.cases import Case
from itlim.causality.leave_out.engine import LeaveOut
from itlim.causality.probes import Probe
from itlim.causality.retraining.retraining import Retraining

RANDOM_INSTANCES = 20


Removals = list[frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStudy:
    """One tuning seed's cases and the engine that reads removals on them."""

    seed: int
    cases: tuple[Case, ...]
    probes: tuple[Probe, ...]
    leave_out: LeaveOut
    retraining: Retraining
    n_wrong_by_base: int
    """Questions left out because the base does not answer them rightly either."""
