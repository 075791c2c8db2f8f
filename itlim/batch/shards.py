"""Trace in several datasets whose instances compete, one dataset at a time (`trace.sharding`).

A worker opens the index of one dataset, so no process and no machine needs all of them. Round 1
counts the words of the responses in each dataset; round 2 searches each dataset, given the sum;
the merge chooses the phrase that tracing in all datasets at once chooses.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from itlim.batch.parts import SHARD_FILE, Parts
from itlim.batch.tracing import TracedDataset, phrase_row
from itlim.batch.work import Traced, TracedResponse, TraceJob, Work, Workers
from itlim.ids import content_hash
from itlim.progress import StepProgress
from itlim.records import Phrase
from itlim.schema import RUN_PHRASES

if TYPE_CHECKING:
    from itlim.trace import TraceIndex
    from itlim.trace.dataset_phrases import DatasetPhrases
    from itlim.trace.evidence.background import WordCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """Responses that are counted or searched in one dataset."""

    name: str
    """Hash of the dataset's index, the round, and the ids of the runs."""
    responses: tuple[TracedResponse, ...]
    counts: tuple["WordCounts", ...] = ()
    """Of each response's words in all datasets; empty in round 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What became of a `ShardJob`."""

    name: str
    n_responses: int
    text: str
    """JSON: one entry per response. Floats keep all their bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountWork:
    """Count the words of responses in one dataset."""

    index: Path
    """Folder of the dataset's index; on a cluster, the same path on every machine."""
    uses_models: bool = False

    def start(self) -> Callable[[ShardJob], Shard]:
        return _Searcher(self.index).count


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWork:
    """Search one of several datasets for the phrases of responses."""

    index: Path
    """As in `CountWork`."""
    n_datasets: int
    uses_models: bool = False

    def start(self) -> Callable[[ShardJob], Shard]:
        return _Searcher(self.index, self.n_datasets).search


class _Searcher:
    """Opens the index at its first job."""

    def __init__(self, folder: Path, n_datasets: int = 0) -> None:
        self._folder, self._n_datasets = folder, n_datasets
        self._opened: TraceIndex | None = None

    @property
    def _index(self) -> "TraceIndex":
        from itlim.trace import open_index

        self._opened = self._opened or open_index(self._folder)
        return self._opened

    def count(self, job: ShardJob) -> Shard:
        from itlim.trace.sharding import count_words

        found = [count_words(self._index, one.instruction, one.response) for one in job.responses]
        return _shard(job, [{"total": one.total, "phrases": one.phrases.tolist()} for one in found])

    def search(self, job: ShardJob) -> Shard:
        from itlim.trace.sharding import phrases_of_dataset

        found = [
            phrases_of_dataset(self._index, one.instruction, one.response, counts, self._n_datasets)
            for one, counts in zip(job.responses, job.counts, strict=True)
        ]
        return _shard(job, [asdict(one) for one in found])


def _shard(job: ShardJob, entries: Sequence[Mapping[str, Any]]) -> Shard:
    return Shard(name=job.name, n_responses=len(job.responses), text=json.dumps(entries))


class ShardedTracing:
    """Traces responses in several datasets; finished shards are kept.

    Args:
        datasets: the indexes by dataset; equally good instances count in this order.
        parts: keeps finished shards and phrases.
        workers: where the work is done.
        report: called with the steps done, their total number and a message.
    """

    def __init__(
        self,
        datasets: Mapping[str, TracedDataset],
        parts: Parts,
        workers: Workers,
        report: StepProgress,
    ) -> None:
        self._datasets, self._parts, self._workers = datasets, parts, workers
        self._report = report
        self._done = self._total = 0

    def trace(self, jobs: Sequence[TraceJob], target: str) -> None:
        """Keep the phrases of each job as a part.

        Args:
            jobs: the responses.
            target: name of the datasets together, stored with the phrases.
        """
        self._done = 0
        self._total = 2 * len(self._datasets) * sum(len(job.responses) for job in jobs)
        counted = [self._count(name, jobs) for name in self._datasets]
        sums = [
            tuple(sum(others, first) for first, *others in zip(*of_job, strict=True))
            for of_job in zip(*counted, strict=True)
        ]
        searched = [self._search(name, jobs, sums) for name in self._datasets]
        for job, *found in zip(jobs, *searched, strict=True):
            merged = _merged(job, target, found)
            self._parts.add_phrases(merged.name, merged.phrases)

    def _count(self, name: str, jobs: Sequence[TraceJob]) -> "list[tuple[WordCounts, ...]]":
        from itlim.trace.evidence.background import WordCounts

        dataset = self._datasets[name]
        asked = [
            ShardJob(name=self._shard_name(job, dataset, "count"), responses=job.responses)
            for job in jobs
        ]
        texts = self._done_by(CountWork(index=dataset.folder), asked, f"Counted words in {name}")
        return [
            tuple(
                WordCounts(total=one["total"], phrases=np.array(one["phrases"], np.float64))
                for one in json.loads(text)
            )
            for text in texts
        ]

    def _search(
        self, name: str, jobs: Sequence[TraceJob], sums: "Sequence[tuple[WordCounts, ...]]"
    ) -> "list[list[DatasetPhrases]]":
        dataset = self._datasets[name]
        asked = [
            ShardJob(
                name=self._shard_name(job, dataset, "search"),
                responses=job.responses,
                counts=counts,
            )
            for job, counts in zip(jobs, sums, strict=True)
        ]
        work = SearchWork(index=dataset.folder, n_datasets=len(self._datasets))
        texts = self._done_by(work, asked, f"Searched {name}")
        return [[_dataset_phrases(one) for one in json.loads(text)] for text in texts]

    def _done_by(
        self, work: Work[ShardJob, Shard], jobs: Sequence[ShardJob], message: str
    ) -> list[str]:
        """The text of each job's shard; those that are not kept yet are made."""
        files = [self._parts.path(job.name) / SHARD_FILE for job in jobs]
        left = [job for job, file in zip(jobs, files, strict=True) if not file.exists()]
        self._done += sum(len(job.responses) for job in jobs)
        self._done -= sum(len(job.responses) for job in left)
        if left:
            with closing(self._workers.run(work, left)) as results:
                for result in results:
                    self._parts.add_shard(result.name, result.text)
                    self._done += result.n_responses
                    self._report(self._done, self._total, message)
        return [file.read_text(encoding="utf-8") for file in files]

    def _shard_name(self, job: TraceJob, dataset: TracedDataset, round_name: str) -> str:
        return content_hash(job.name, dataset.key, round_name)[:16]


def _dataset_phrases(entry: Mapping[str, Any]) -> "DatasetPhrases":
    from itlim.trace.dataset_phrases import DatasetPhrases, UnitEvidence

    return DatasetPhrases(
        units=tuple(
            UnitEvidence(p=one["p"], phrase=one["phrase"] and Phrase(**one["phrase"]))
            for one in entry["units"]
        ),
        stretches=tuple(Phrase(**one) for one in entry["stretches"]),
    )


def _merged(job: TraceJob, target: str, found: "Sequence[Sequence[DatasetPhrases]]") -> Traced:
    from itlim.trace.sharding import first_phrase

    rows = [
        phrase_row(
            response,
            target,
            first_phrase(
                of_response,
                response.instruction,
                response.response,
                np.array(response.base_surprisal),
            ),
        )
        for response, *of_response in zip(job.responses, *found, strict=True)
    ]
    return Traced(name=job.name, phrases=pa.Table.from_pylist(rows, schema=RUN_PHRASES))
