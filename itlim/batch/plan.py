"""Make jobs of the items of a file: one request per item and pair, grouped by length."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from itlim.batch.instructions import BatchItem
from itlim.batch.work import AnswerJob
from itlim.ids import content_hash
from itlim.pipeline import identify
from itlim.records import DEFAULT_MAX_NEW_TOKENS, IdentifiedRequest, Pair, PairHashes, Request

DEFAULT_BATCH_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """What all requests of a batch have in common."""

    max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS
    top_k: int = 10
    batch_size: int = DEFAULT_BATCH_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """Everything that is asked of one pair."""

    pair: Pair
    hashes: PairHashes
    run_ids: tuple[str, ...]
    """The run of each item, in the order of the items; equal items have the same run."""
    jobs: tuple[AnswerJob, ...]


def plan_pair(
    pair: Pair, hashes: PairHashes, items: Sequence[BatchItem], settings: BatchSettings
) -> PairPlan:
    """The jobs of a pair, those with the longest prompts first.

    Prompts of similar length share a batch, which reduces padding, and a batch that does not fit
    into memory is among the first. The jobs depend only on the arguments, so that a batch that was
    interrupted has the same ones again.
    """
    requests = [
        identify(
            Request(
                pair=pair,
                instruction=item.instruction,
                input=item.input,
                max_new_tokens=settings.max_new_tokens,
                top_k=settings.top_k,
            ),
            hashes,
        )
        for item in items
    ]
    distinct = {one.id: one for one in requests}
    # Characters stand for tokens, so that planning loads no tokenizer.
    ordered = sorted(distinct.values(), key=_characters, reverse=True)
    size = settings.batch_size
    return PairPlan(
        pair=pair,
        hashes=hashes,
        run_ids=tuple(one.id for one in requests),
        jobs=tuple(job_of(ordered[at : at + size]) for at in range(0, len(ordered), size)),
    )


def job_of(requests: Sequence[IdentifiedRequest]) -> AnswerJob:
    """The job that answers these requests together."""
    name = content_hash(*(one.id for one in requests))[:16]
    return AnswerJob(name=name, requests=tuple(requests))


def unfinished(jobs: Sequence[AnswerJob], finished: Collection[str]) -> list[AnswerJob]:
    """The jobs without the requests whose runs are finished; their batches stay the same."""
    left = []
    for job in jobs:
        requests = [one for one in job.requests if one.id not in finished]
        if requests:
            left.append(job if len(requests) == len(job.requests) else job_of(requests))
    return left


def _characters(identified: IdentifiedRequest) -> int:
    return len(identified.request.instruction) + len(identified.request.input)
