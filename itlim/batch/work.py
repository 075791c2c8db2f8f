"""What passes between the planner and its workers."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pyarrow as pa

from itlim.records import IdentifiedRequest, Run

J = TypeVar("J", contravariant=True)
R = TypeVar("R", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerJob:
    """Requests to one pair that are answered together."""

    name: str
    """Hash of the ids of the runs."""
    requests: tuple[IdentifiedRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedResponse:
    """What tracing needs of a run."""

    run_id: str
    instruction: str
    """Includes the input, if there is one."""
    response: str
    base_surprisal: tuple[float, ...]
    """Nats of each word under the base model (`evidence.background.base_surprisal`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceJob:
    """Responses that are traced to one dataset."""

    name: str
    """Hash of the dataset's index and the ids of the runs."""
    responses: tuple[TracedResponse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request or response without result."""

    run_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of an `AnswerJob`."""

    name: str
    runs: tuple[Run, ...]
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What became of a `TraceJob`."""

    name: str
    phrases: pa.Table
    """`schema.RUN_PHRASES`: one row per response."""


class Work(Protocol[J, R]):
    """How to start a worker; it is hashable and can be sent to another process."""

    @property
    def uses_models(self) -> bool:
        """Whether a worker loads models, which use a GPU if there is one."""
        ...

    def start(self) -> Callable[[J], R]:
        """A function that does one job after another; it loads what it needs at the first."""
        ...


class Workers(Protocol):
    """Where work is done: `local.LocalWorkers` or `cluster.ClusterWorkers`."""

    def run(self, work: Work[J, R], jobs: Sequence[J]) -> Generator[R, None, None]:
        """The results as they are ready, in any order, each exactly once.

        Workers end when the generator is closed.

        Raises:
            ItlimError: a worker cannot start, or all of them ended.
        """
        ...
