"""Run a batch: answer what is missing, join it, trace it, and describe the output."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from itlim.batch.answering import AnswerWork
from itlim.batch.instructions import InstructionFile
from itlim.batch.manifest import (
    LOCK_FILE,
    accepted_manifest,
    files_of,
    new_manifest,
    write_manifest,
)
from itlim.batch.output import (
    TAGS_FILE,
    finished_run_ids,
    join_parts,
    read_optional,
    without_repeats,
    write_table,
)
from itlim.batch.parts import PHRASES_FILE, Parts
from itlim.batch.plan import BatchSettings, PairPlan, plan_pair, unfinished
from itlim.batch.report import BatchReport, FailedItem
from itlim.batch.tracing import TraceWork, plan_traces
from itlim.batch.work import Workers
from itlim.errors import InputError
from itlim.models.fingerprint import pair_hashes
from itlim.progress import StepProgress
from itlim.records import Pair
from itlim.schema import RUN_PHRASES, RUN_TAGS
from itlim.store.shipped import RUNS_FILE

PARTS_FOLDER = "parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedDataset:
    """An index that is ready to trace in."""

    folder: Path
    key: str
    """Hash of what the index contains."""


@dataclass(slots=True, kw_only=True)
class Batch:
    """One call of `run_batch`."""

    out: Path
    plans: Sequence[PairPlan]
    workers: Workers
    report: StepProgress
    failures: dict[str, str] = field(default_factory=dict)
    """Reason by run id."""

    @property
    def parts(self) -> Parts:
        return Parts(self.out / PARTS_FOLDER)

    @property
    def run_ids(self) -> set[str]:
        return {run_id for plan in self.plans for run_id in plan.run_ids}

    def answer(self, created_at: datetime | None) -> int:
        """Answer all requests without a finished run; returns the number of new runs."""
        finished = finished_run_ids(self.out) | self.parts.run_ids()
        work = []
        for plan in self.plans:
            jobs = unfinished(plan.jobs, finished)
            finished.update(plan.run_ids)
            work.append(
                (AnswerWork(pair=plan.pair, hashes=plan.hashes, created_at=created_at), jobs)
            )
        total = sum(len(job.requests) for _, jobs in work for job in jobs)
        done = new = 0
        for one, jobs in work:
            if not jobs:
                continue
            self.report(done, total, f"Loading {one.pair.name}")
            with closing(self.workers.run(one, jobs)) as results:
                for result in results:
                    if result.runs:
                        self.parts.add_runs(result.name, result.runs)
                    self.failures |= {failure.run_id: failure.reason for failure in result.failures}
                    new += len(result.runs)
                    done += len(result.runs) + len(result.failures)
                    self.report(done, total, f"Answered by {one.pair.name}")
        return new

    def join(self) -> None:
        """Add finished parts to the output."""
        order = [job.name for plan in self.plans for job in plan.jobs]
        parts = self.parts.with_file(RUNS_FILE, order)
        if parts or not (self.out / RUNS_FILE).exists():
            join_parts(self.out, parts)

    def trace(self, datasets: Mapping[str, TracedDataset], traced_before: Mapping[str, str]) -> int:
        """Trace what is not traced yet, one dataset after the other; returns how many responses."""
        old = read_optional(self.out, PHRASES_FILE).to_pylist()
        current = {name for name, one in datasets.items() if traced_before.get(name) == one.key}
        kept = [row for row in old if row["dataset"] in current or row["dataset"] not in datasets]
        finished = {(row["run_id"], row["dataset"]) for row in kept}
        tables = [pa.Table.from_pylist(kept, schema=RUN_PHRASES)]
        for name, dataset in datasets.items():
            asked = {
                run_id
                for plan in self.plans
                if plan.pair.dataset == name
                for run_id in plan.run_ids
            }
            wanted = {run_id for run_id in asked if (run_id, name) not in finished}
            tables += self._traced(name, dataset, wanted)
        write_table(self.out, PHRASES_FILE, pa.concat_tables(tables))
        return sum(table.num_rows for table in tables[1:])

    def _traced(self, name: str, dataset: TracedDataset, wanted: set[str]) -> list[pa.Table]:
        jobs = plan_traces(self.out, wanted, dataset.key)
        left = [job for job in jobs if not (self.parts.path(job.name) / PHRASES_FILE).exists()]
        done, total = 0, sum(len(job.responses) for job in left)
        if left:
            with closing(self.workers.run(TraceWork(index=dataset.folder), left)) as results:
                for result in results:
                    self.parts.add_phrases(result.name, result.phrases)
                    done += result.phrases.num_rows
                    self.report(done, total, f"Traced to {name}")
        return [pq.read_table(self.parts.path(job.name) / PHRASES_FILE) for job in jobs]

    def tag(self, asked: InstructionFile) -> None:
        """Write which item, task and topic each run belongs to."""
        finished = finished_run_ids(self.out)
        rows = [
            {"run_id": run_id, "item": item.id, "task": item.task, "topic": item.topic}
            for plan in self.plans
            for run_id, item in zip(plan.run_ids, asked.items, strict=True)
            if run_id in finished
        ]
        rows += read_optional(self.out, TAGS_FILE).to_pylist()
        unique = without_repeats(rows, ["run_id", "item"])
        write_table(self.out, TAGS_FILE, pa.Table.from_pylist(unique, schema=RUN_TAGS))

    def failed(self, asked: InstructionFile) -> tuple[FailedItem, ...]:
        """Every row without a run: those that cannot be asked, then those that failed."""
        rejected = [
            FailedItem(pair=None, item=row.id, line=row.line, reason=row.reason)
            for row in asked.rejected
        ]
        failed = [
            FailedItem(
                pair=plan.pair.name, item=item.id, line=item.line, reason=self.failures[run_id]
            )
            for plan in self.plans
            for run_id, item in zip(plan.run_ids, asked.items, strict=True)
            if run_id in self.failures
        ]
        return (*rejected, *failed)


def run_batch(
    pairs: Sequence[Pair],
    asked: InstructionFile,
    out: Path,
    *,
    workers: Workers,
    settings: BatchSettings | None = None,
    trace_in: Mapping[str, TracedDataset] | None = None,
    created_at: datetime | None = None,
    progress: StepProgress | None = None,
) -> BatchReport:
    """Answer every item with the tuned model of every pair; what is in `out` is not repeated.

    Args:
        pairs: the pairs, with distinct names.
        asked: the items.
        out: folder of the output; created if it does not exist.
        workers: where the work is done.
        settings: limits of the answers and the size of a batch.
        trace_in: the indexes by dataset, in which the responses of the pairs that were tuned on it
            are traced; None traces nothing.
        created_at: stored with the runs; None for the time at which each is finished.
        progress: called with the steps done, their total number and a message.

    Raises:
        InputError: the folder contains something else, the output of other models or settings,
            or is in use.
        ModelLoadError: a pair cannot be loaded.
    """
    chosen = settings or BatchSettings()
    plans = [plan_pair(pair, pair_hashes(pair), asked.items, chosen) for pair in pairs]
    with _locked(out):
        before = accepted_manifest(out, plans, chosen)
        manifest = new_manifest(before, plans, asked, chosen)
        write_manifest(out, manifest | {"complete": False})
        batch = Batch(out=out, plans=plans, workers=workers, report=progress or (lambda *_: None))
        n_new = batch.answer(created_at)
        batch.join()
        n_traced = 0
        if trace_in:
            n_traced = batch.trace(trace_in, manifest["traced"])
            manifest["traced"] |= {name: one.key for name, one in trace_in.items()}
        batch.tag(asked)
        failed = batch.failed(asked)
        manifest |= {"failed": [asdict(one) for one in failed], "files": files_of(out)}
        write_manifest(out, manifest | {"complete": True})
        batch.parts.clear()
    n_runs = manifest["files"][RUNS_FILE]["n_rows"]
    return BatchReport(n_runs=n_runs, n_new=n_new, n_traced=n_traced, failed=failed)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the folder; the system releases it when the process ends in any way."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = FileLock(out / LOCK_FILE, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise InputError(f"Another command writes to {out}: wait for its end.") from error
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}. Choose a folder.") from error
    try:
        yield
    finally:
        lock.release()
