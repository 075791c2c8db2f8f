"""How far a batch is, pair by pair, and how it ended: what its process writes and pages read."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from itlim.batch.plan import PairPlan
from itlim.batch.report import BatchReport, FailedItem
from itlim.batch.work import Answered, Failure
from itlim.records.from_json import record_of

_MIN_SECONDS = 0.5
"""Between two reports; the last one is always sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairProgress:
    """The answers of one pair."""

    pair: str
    base_hash: str
    tuned_hash: str
    total: int
    """Distinct requests of the batch."""
    finished: int = 0
    """Answers that exist, from this process or an earlier one."""
    failed: int = 0
    answered: int = 0
    """Answers of this process."""
    seconds: float = 0.0
    """What they took, with loading the models."""
    first_answered: int = 0
    """Answers of the first job."""
    first_seconds: float = 0.0
    """What it took, with loading the models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """The state of a running batch."""

    message: str
    done: int
    """Steps of the current phase that are done: answers or traced responses."""
    total: int
    updated_at: float
    """Seconds since 1970."""
    seconds_left: float | None = None
    """Estimated for the current phase; None while nothing of it is done."""
    pairs: tuple[PairProgress, ...] = ()
    failures: tuple[FailedItem, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "BatchProgress":
        """Read what `dataclasses.asdict` wrote.

        Raises:
            ValueError: it is not that.
        """
        found = record_of(cls, dict(document))
        if not 0 <= found.done <= found.total:
            raise ValueError(f"{found.done} of {found.total} steps are done")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnd:
    """How the process of a batch ended."""

    ended_at: float
    """Seconds since 1970."""
    error: str = ""
    report: BatchReport | None = None
    """None if there was an error."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "BatchEnd":
        """Read what `dataclasses.asdict` wrote.

        Raises:
            ValueError: it is not that.
        """
        return record_of(cls, dict(document))


class ProgressKeeper:
    """Counts what a batch does and reports it, at most twice per second.

    Args:
        send: receives each report.
        plans: what is asked of each pair.
        finished: ids of the runs that exist already.
        failed_item: the row of the instruction file for a run that failed, with its reason.
    """

    def __init__(
        self,
        send: Callable[[BatchProgress], None],
        plans: Sequence[PairPlan],
        finished: Collection[str],
        failed_item: Callable[[PairPlan, Failure], FailedItem],
    ) -> None:
        self._send, self._failed_item = send, failed_item
        self._plans = {plan.pair.name: plan for plan in plans}
        self._pairs = {}
        for plan in plans:
            asked = set(plan.run_ids)
            self._pairs[plan.pair.name] = PairProgress(
                pair=plan.pair.name,
                base_hash=plan.hashes.base,
                tuned_hash=plan.hashes.tuned,
                total=len(asked),
                finished=len(asked.intersection(finished)),
            )
        self._failures: tuple[FailedItem, ...] = ()
        self._state = ("Starting", 0, 0)
        self._phase_started = self._step_started = monotonic()
        self._sent = float("-inf")

    def answered(self, pair: str, result: Answered) -> None:
        """Count a finished job of a pair."""
        before, moment = self._pairs[pair], monotonic()
        n_new, took = len(result.runs), moment - self._step_started
        is_first = not before.seconds
        self._pairs[pair] = replace(
            before,
            finished=before.finished + n_new,
            failed=before.failed + len(result.failures),
            answered=before.answered + n_new,
            seconds=before.seconds + took,
            first_answered=n_new if is_first else before.first_answered,
            first_seconds=took if is_first else before.first_seconds,
        )
        self._step_started = moment
        plan = self._plans[pair]
        self._failures += tuple(self._failed_item(plan, one) for one in result.failures)

    def steps(self, done: int, total: int, message: str) -> None:
        """Report the steps done; `StepProgress` of `run_batch`."""
        message_before, before, total_before = self._state
        if total != total_before or done < before:
            self._phase_started = monotonic()
        if done == before:
            self._step_started = monotonic()
        self._state = (message, done, total)
        self.send(now=done == total or message != message_before)

    def fraction(self, fraction: float, message: str) -> None:
        """Report a fraction in [0, 1]."""
        self.steps(round(100 * fraction), 100, message)

    def send(self, *, now: bool = True) -> None:
        """Report the state; unless `now`, only if the last report is old enough."""
        moment = monotonic()
        if not now and moment - self._sent < _MIN_SECONDS:
            return
        self._sent = moment
        message, done, total = self._state
        elapsed = moment - self._phase_started
        self._send(
            BatchProgress(
                message=message,
                done=done,
                total=total,
                updated_at=datetime.now(UTC).timestamp(),
                seconds_left=elapsed / done * (total - done) if done else None,
                pairs=tuple(self._pairs.values()),
                failures=self._failures,
            )
        )
