"""Run a batch: answer what is missing, join it, trace it, and describe the output."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
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
    finished_run_ids,
    join_parts,
    read_optional,
    without_repeats,
    write_table,
)
from itlim.batch.parts import Parts
from itlim.batch.plan import BatchSettings, PairPlan, plan_pair, unfinished
from itlim.batch.report import BatchReport, FailedItem
from itlim.batch.trace_output import OutputTracing, trace_targets
from itlim.batch.tracing import TracedDataset
from itlim.batch.work import Answered, Workers
from itlim.errors import InputError
from itlim.models.fingerprint import pair_hashes
from itlim.progress import StepProgress
from itlim.records import Pair
from itlim.schema import RUN_TAGS
from itlim.store.shipped import RUNS_FILE, TAGS_FILE, has_runs

PARTS_FOLDER = "parts"
KNOWN_PART = "known"


@dataclass(slots=True, kw_only=True)
class Batch:
    """One call of `run_batch`."""

    out: Path
    plans: Sequence[PairPlan]
    workers: Workers
    report: StepProgress
    answered: Callable[[str, Answered], None] = lambda *_: None
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
                    self.answered(one.pair.name, result)
                    new += len(result.runs)
                    done += len(result.runs) + len(result.failures)
                    self.report(done, total, f"Answered by {one.pair.name}")
        return new

    @property
    def n_missing(self) -> int:
        """How many requests have neither a run nor a reason for failing."""
        return len(self.run_ids - finished_run_ids(self.out) - self.failures.keys())

    def join(self) -> None:
        """Add finished parts to the output."""
        order = [job.name for plan in self.plans for job in plan.jobs]
        parts = self.parts.with_file(RUNS_FILE, order)
        if parts or not (self.out / RUNS_FILE).exists():
            join_parts(self.out, parts)

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
    together: bool = False,
    known: Path | None = None,
    keeps_parts: bool = False,
    created_at: datetime | None = None,
    progress: StepProgress | None = None,
    answered: Callable[[str, Answered], None] | None = None,
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
        together: whether the responses of all pairs are traced in all of these indexes, whose
            instances compete.
        known: folder with runs of the database, which are not answered again.
        keeps_parts: whether finished parts stay beside the output, because this call only joins
            them and a later one uses what is traced.
        created_at: stored with the runs; None for the time at which each is finished.
        progress: called with the steps done, their total number and a message.
        answered: called with the name of the pair and the result of each finished job.

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
        if answered is not None:
            batch.answered = answered
        if known is not None and has_runs(known):
            batch.parts.adopt(KNOWN_PART, known)
        n_new = batch.answer(created_at)
        batch.join()
        n_traced = 0
        if trace_in:
            targets = trace_targets(plans, trace_in, together=together)
            tracing = OutputTracing(out, batch.parts, workers, batch.report)
            n_traced = tracing.trace(targets, manifest["traced"])
            manifest["traced"] |= {one.name: one.key for one in targets}
        batch.tag(asked)
        failed = batch.failed(asked)
        manifest |= {
            "failed": [asdict(one) for one in failed],
            "n_missing": batch.n_missing,
            "files": files_of(out),
        }
        write_manifest(out, manifest | {"complete": True})
        if not keeps_parts:
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
