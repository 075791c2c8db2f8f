"""Retrain once per removal and store the reading of every retrained model.

Readings are stored in a working folder, one file per removal. Each file is written under a
temporary name and then renamed, so a killed run loses at most the current removal. File names
are hashes of everything that determines a reading, so no removal is computed twice. Several
processes can share a folder.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from itlim.causality.probes import Probe, Reading, read_model
from itlim.causality.retraining.without_instances import Retraining
from itlim.errors import CancelledError, NotFoundError
from itlim.ids import content_hash
from itlim.models.pair import LoadedPair
from itlim.progress import Cancelled, StepProgress

ENGINE_VERSION = 1
"""Increase when the meaning of a reading changes; stored readings are then ignored."""
_REMOVED, _SECONDS = b"itlim.removed", b"itlim.seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """Reading of the model that was retrained without some instances."""

    removed: frozenset[str]
    reading: Reading
    seconds: float
    """Wall-clock time of retraining and reading."""


class LeaveOut:
    """Runs and stores the removals of one tuning seed for one set of probes.

    Args:
        retraining: base, dataset, recipe and seed.
        probes: prompts with the full model's answers.
        max_new_tokens: maximum length of the greedy answers.
        folder: folder for readings; each study has its own subfolder.
    """

    def __init__(
        self,
        retraining: Retraining,
        probes: Sequence[Probe],
        max_new_tokens: int,
        folder: Path,
    ) -> None:
        self._retraining = retraining
        self._probes = tuple(probes)
        self._max_new_tokens = max_new_tokens
        read = [[probe.prompt.token_ids, probe.response_ids] for probe in probes]
        name = content_hash(ENGINE_VERSION, retraining.identity(), read, max_new_tokens)[:16]
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(
        self,
        removals: Iterable[frozenset[str]],
        progress: StepProgress | None = None,
        cancelled: Cancelled | None = None,
        *,
        steps: StepProgress | None = None,
    ) -> int:
        """Run all removals that are not stored yet, in the given order.

        Removals that another process is running are skipped.

        Args:
            removals: sets of ids of instances that are left out together.
            progress: called after each removal with the removals done and their total number.
            cancelled: called between steps; returns True to stop.
            steps: called during each tuning with the same numbers and the current step.

        Returns:
            The number of removals that were run.

        Raises:
            CancelledError: `cancelled` returned True; stored readings are kept.
        """
        report = progress or (lambda _done, _all, _what: None)
        planned = list(dict.fromkeys(removals))
        self._remove_settled_claims()
        done = 0
        for place, removed in enumerate(planned):
            if cancelled is not None and cancelled():
                raise CancelledError(f"Canceled after {place} of {len(planned)} removals.")
            with self._claimed(removed) as mine:
                if mine:
                    seconds = self._read(
                        removed,
                        cancelled,
                        None if steps is None else _within(steps, place, len(planned), removed),
                    )
                    done += 1
                    report(place + 1, len(planned), f"{seconds:.1f} s without {_shown(removed)}")
        return done

    def missing(self, removals: Iterable[frozenset[str]]) -> list[frozenset[str]]:
        """The removals that are not stored yet."""
        return [one for one in dict.fromkeys(removals) if not self.path_of(one).exists()]

    def stored(self, removed: frozenset[str]) -> StoredReading:
        """One stored reading.

        Raises:
            NotFoundError: the removal has not been run.
        """
        path = self.path_of(removed)
        if not path.exists():
            raise NotFoundError(
                f"There is no reading without {_shown(removed)} in {self.folder}: run this removal "
                "first."
            )
        return _read_file(path)

    def all_stored(self) -> list[StoredReading]:
        """Every reading of this study, by number of removed instances, then by their ids."""
        readings = [_read_file(path) for path in self.folder.glob("*.parquet")]
        return sorted(readings, key=lambda one: (len(one.removed), sorted(one.removed)))

    def keep_full(self, loaded: LoadedPair) -> None:
        """Store the reading of the full model, which `Retraining.full` has just tuned."""
        with self._claimed(frozenset()) as mine:
            if mine:
                self._keep(frozenset(), loaded, time.monotonic())

    def _read(
        self, removed: frozenset[str], cancelled: Cancelled | None, steps: StepProgress | None
    ) -> float:
        started = time.monotonic()
        loaded = self._retraining.without(removed, cancelled, steps)
        return self._keep(removed, loaded, started)

    def _keep(self, removed: frozenset[str], loaded: LoadedPair, started: float) -> float:
        """Read a model and store its reading; returns the time since `started`."""
        reading = read_model(loaded, self._probes, self._max_new_tokens)
        seconds = time.monotonic() - started
        table = pa.table(
            {
                "logps": pa.array([row.tolist() for row in reading.logps], pa.list_(pa.float32())),
                "answer": pa.array(reading.answers, pa.string()),
            }
        ).replace_schema_metadata(
            {_REMOVED: json.dumps(sorted(removed)), _SECONDS: f"{seconds:.3f}"}
        )
        path = self.path_of(removed)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        pq.write_table(table, unfinished, compression="zstd")
        unfinished.replace(path)
        return seconds

    @contextmanager
    def _claimed(self, removed: frozenset[str]) -> Iterator[bool]:
        """Yield whether this process may run the removal.

        The claim is a file lock, which the kernel releases if the process dies.
        """
        path = self.path_of(removed)
        if path.exists():
            yield False
            return
        claim = path.with_suffix(".claim")
        with claim.open("w") as handle:
            # Check again under the lock: another process may have just finished this removal.
            if _locked(handle) and not path.exists():
                yield True
                claim.unlink(missing_ok=True)
            else:
                yield False

    def _remove_settled_claims(self) -> None:
        """Remove the claims of finished removals, left by processes that were killed in between."""
        for claim in self.folder.glob("*.claim"):
            if claim.with_suffix(".parquet").exists():
                claim.unlink(missing_ok=True)

    def path_of(self, removed: frozenset[str]) -> Path:
        """The file of a removal's reading; it exists once the removal has been run."""
        return self.folder / f"{content_hash(sorted(removed))[:16]}.parquet"


def _read_file(path: Path) -> StoredReading:
    table = pq.read_table(path)
    metadata = table.schema.metadata
    return StoredReading(
        removed=frozenset(json.loads(metadata[_REMOVED])),
        reading=Reading(
            logps=tuple(np.array(row, dtype=np.float32) for row in table["logps"].to_pylist()),
            answers=tuple(table["answer"].to_pylist()),
        ),
        seconds=float(metadata[_SECONDS]),
    )


def _locked(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _within(report: StepProgress, place: int, total: int, removed: frozenset[str]) -> StepProgress:
    """Report the steps of one tuning as part of all removals."""
    return lambda done, of, _loss: report(
        place, total, f"Tuning without {_shown(removed)}: step {done} of {of}"
    )


def _shown(removed: frozenset[str]) -> str:
    names = sorted(removed)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (", ".join(names[:3]) + more) or "nothing"
