"""Trace the joined runs of an output, and keep what is traced already."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.batch.output import read_optional, write_table
from itlim.batch.parts import PHRASES_FILE, Parts
from itlim.batch.plan import PairPlan
from itlim.batch.shards import ShardedTracing
from itlim.batch.tracing import TracedDataset, TraceWork, plan_traces
from itlim.batch.work import TraceJob, Workers
from itlim.ids import content_hash
from itlim.progress import StepProgress
from itlim.schema import RUN_PHRASES

BETWEEN_NAMES = " + "


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceTarget:
    """One or more datasets in which some runs are traced; the instances of several compete."""

    datasets: Mapping[str, TracedDataset]
    """By name, in alphabetical order, so that their order does not change the result."""
    run_ids: frozenset[str]

    @property
    def name(self) -> str:
        """The names of the datasets, as stored with the phrases."""
        return BETWEEN_NAMES.join(self.datasets)

    @property
    def key(self) -> str:
        """Hash of what the indexes contain."""
        keys = [one.key for one in self.datasets.values()]
        return keys[0] if len(keys) == 1 else content_hash(*keys)


def trace_targets(
    plans: Sequence[PairPlan], datasets: Mapping[str, TracedDataset], *, together: bool
) -> list[TraceTarget]:
    """Where the runs of each pair are traced.

    Args:
        plans: the pairs with their runs.
        datasets: the indexes by name.
        together: whether all runs are traced in all datasets at once; otherwise each pair's are
            traced in the dataset that it was tuned on.
    """
    if together:
        everything = frozenset(run_id for plan in plans for run_id in plan.run_ids)
        return [TraceTarget(datasets=dict(sorted(datasets.items())), run_ids=everything)]
    return [
        TraceTarget(
            datasets={name: dataset},
            run_ids=frozenset(
                run_id for plan in plans if plan.pair.dataset == name for run_id in plan.run_ids
            ),
        )
        for name, dataset in datasets.items()
    ]


class OutputTracing:
    """Traces the runs of an output.

    Args:
        out: folder with the joined runs.
        parts: keeps what is finished.
        workers: where the work is done.
        report: called with the steps done, their total number and a message.
    """

    def __init__(self, out: Path, parts: Parts, workers: Workers, report: StepProgress) -> None:
        self._out, self._parts, self._workers, self._report = out, parts, workers, report

    def trace(self, targets: Sequence[TraceTarget], traced_before: Mapping[str, str]) -> int:
        """Trace what is not traced yet, one target after the other; returns how many responses.

        Args:
            targets: which runs are traced in which datasets.
            traced_before: the key of each target by its name, when it was traced last.
        """
        old = read_optional(self._out, PHRASES_FILE).to_pylist()
        names = {one.name for one in targets}
        current = {one.name for one in targets if traced_before.get(one.name) == one.key}
        kept = [row for row in old if row["dataset"] in current or row["dataset"] not in names]
        finished = {(row["run_id"], row["dataset"]) for row in kept}
        tables = [pa.Table.from_pylist(kept, schema=RUN_PHRASES)]
        for target in targets:
            wanted = {one for one in target.run_ids if (one, target.name) not in finished}
            tables += self._traced(target, wanted)
        write_table(self._out, PHRASES_FILE, pa.concat_tables(tables))
        return sum(table.num_rows for table in tables[1:])

    def _traced(self, target: TraceTarget, wanted: set[str]) -> list[pa.Table]:
        jobs = plan_traces(self._out, wanted, target.key)
        files = [self._parts.path(job.name) / PHRASES_FILE for job in jobs]
        left = [job for job, file in zip(jobs, files, strict=True) if not file.exists()]
        if left and len(target.datasets) > 1:
            sharded = ShardedTracing(target.datasets, self._parts, self._workers, self._report)
            sharded.trace(left, target.name)
        elif left:
            self._trace_in_one(target, left)
        return [pq.read_table(file) for file in files]

    def _trace_in_one(self, target: TraceTarget, jobs: Sequence[TraceJob]) -> None:
        (dataset,) = target.datasets.values()
        done, total = 0, sum(len(job.responses) for job in jobs)
        with closing(self._workers.run(TraceWork(index=dataset.folder), jobs)) as results:
            for result in results:
                self._parts.add_phrases(result.name, result.phrases)
                done += result.phrases.num_rows
                self._report(done, total, f"Traced in {target.name}")
