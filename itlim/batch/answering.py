"""A worker that answers: it keeps one pair in memory and does one job after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from itlim.batch.work import Answered, AnswerJob, Failure
from itlim.errors import ItlimError, ModelLoadError
from itlim.models.fingerprint import pair_hashes
from itlim.pipeline import answer_many
from itlim.records import IdentifiedRequest, Pair, PairHashes, Run

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair

ORIGIN = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWork:
    """Answer with one pair."""

    pair: Pair
    hashes: PairHashes
    """Of the models for which the jobs were planned."""
    created_at: datetime | None = None
    """Stored with the runs; None for the time at which each is finished."""
    uses_models: bool = True

    def start(self) -> Callable[[AnswerJob], Answered]:
        return _Answerer(self).answer


class _Answerer:
    """Loads the pair at its first job."""

    def __init__(self, work: AnswerWork) -> None:
        self._work = work
        self._loaded: LoadedPair | None = None

    def answer(self, job: AnswerJob) -> Answered:
        """Answer all requests together; if that fails, one by one, so that the others succeed.

        Raises:
            ModelLoadError: the pair cannot be loaded, or is not the planned one.
        """
        loaded = self._pair()
        try:
            return Answered(name=job.name, runs=tuple(self._runs(loaded, job.requests)))
        except _errors() as error:
            if len(job.requests) == 1:
                return Answered(
                    name=job.name, runs=(), failures=(_failure(job.requests[0], error),)
                )
        runs: list[Run] = []
        failures = []
        for request in job.requests:
            try:
                runs += self._runs(loaded, [request])
            except _errors() as error:
                failures.append(_failure(request, error))
        return Answered(name=job.name, runs=tuple(runs), failures=tuple(failures))

    def _runs(self, loaded: "LoadedPair", requests: Sequence[IdentifiedRequest]) -> list[Run]:
        return answer_many(
            [one.request for one in requests],
            loaded,
            batch_size=len(requests),
            origin=ORIGIN,
            created_at=self._work.created_at,
        )

    def _pair(self) -> "LoadedPair":
        if self._loaded is None:
            from itlim.models.huggingface import load_pair

            pair = self._work.pair
            if pair_hashes(pair) != self._work.hashes:
                import platform

                raise ModelLoadError(
                    f"The models of {pair.name} on {platform.node()} are not those for which the "
                    "batch was planned: copy the same files to every machine, then run the same "
                    "command again."
                )
            self._loaded = load_pair(pair)
        return self._loaded


def _errors() -> tuple[type[Exception], ...]:
    """What one item may cause; anything else is a defect and ends the batch."""
    import torch

    return ItlimError, torch.OutOfMemoryError


def _failure(request: IdentifiedRequest, error: Exception) -> Failure:
    return Failure(run_id=request.id, reason=" ".join(str(error).split()))
