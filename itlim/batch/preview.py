"""What a batch will do, before it is started: its answers, those that exist, and the time."""

from collections.abc import Sequence
from dataclasses import dataclass

from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.batch.listing import list_batches
from itlim.batch.plan import PairPlan
from itlim.batch.progress import PairProgress
from itlim.ids import content_hash
from itlim.store.batches import finished_runs
from itlim.store.connection import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How long earlier answers of a pair took on this machine."""

    pair: str
    """The pair that answered; another one with the same base if the pair itself never did."""
    n: int
    """Answers that were measured."""
    seconds: float
    """Per answer; with a share of the loading if there was a single job."""
    start_seconds: float
    """Before the first answer; 0 if there was a single job."""
    max_new_tokens: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPreview:
    """What a batch will ask of one pair."""

    pair: str
    n_answers: int
    n_known: int
    """Answers that are stored already."""
    speed: Speed | None
    """None if no pair with this base answered a batch on this machine."""

    @property
    def n_left(self) -> int:
        return self.n_answers - self.n_known

    @property
    def seconds(self) -> float | None:
        """Estimated time of the answers that are left; None without any measured speed."""
        if not self.n_left:
            return 0.0
        if self.speed is None:
            return None
        return self.speed.start_seconds + self.n_left * self.speed.seconds


def preview_pairs(
    store: Store, plans: Sequence[PairPlan], batches: Sequence[BatchFolder] | None = None
) -> list[PairPreview]:
    """What a batch will ask of each pair.

    Args:
        store: the open database.
        plans: what is asked of each pair.
        batches: earlier batches; all of this user if None.
    """
    earlier = list_batches() if batches is None else batches
    measured = [one for batch in earlier for one in _speeds(batch)]
    found = []
    for plan in plans:
        asked = set(plan.run_ids)
        own = [speed for base, tuned, speed in measured if tuned == plan.hashes.tuned]
        similar = [speed for base, tuned, speed in measured if base == plan.hashes.base]
        found.append(
            PairPreview(
                pair=plan.pair.name,
                n_answers=len(asked),
                n_known=len(finished_runs(store, asked)),
                # The most answers tell the most: loading counts least.
                speed=max(own or similar, key=lambda one: one.n, default=None),
            )
        )
    return found


def batch_id(request_parts: tuple[object, ...], plans: Sequence[PairPlan]) -> str:
    """Id of a batch: the same file, pairs, models and settings give the same batch."""
    models = [(plan.pair.name, plan.hashes.base, plan.hashes.tuned) for plan in plans]
    return content_hash(*request_parts, *models)[:16]


def _speeds(batch: BatchFolder) -> list[tuple[str, str, Speed]]:
    """Base, tuned model and measured speed of each pair that answered in a batch."""
    request, progress = batch.request(), batch.progress()
    return [
        (one.base_hash, one.tuned_hash, _speed(one, request))
        for one in (progress.pairs if progress else ())
        if one.answered
    ]


def _speed(measured: PairProgress, request: BatchRequest) -> Speed:
    n, seconds, start = measured.answered, measured.seconds / measured.answered, 0.0
    later = measured.answered - measured.first_answered
    if later:
        # The first job includes loading.
        n, seconds = later, (measured.seconds - measured.first_seconds) / later
        start = max(0.0, measured.first_seconds - measured.first_answered * seconds)
    return Speed(
        pair=measured.pair,
        n=n,
        seconds=seconds,
        start_seconds=start,
        max_new_tokens=request.max_new_tokens,
        workers=request.workers,
    )
