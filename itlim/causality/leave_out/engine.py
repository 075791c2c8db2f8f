"""Leave instances out, one retraining each, and keep what every retrained model says.

The readings lie in a working folder, one file a removal, written under another
name first and then renamed: a run that is killed loses at most the removal it was
at. File names are hashes of all that decides a reading, so that the same work is
never done twice. Several processes may share a folder.
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
from itlim.progress import Cancelled, StepProgress

ENGINE_VERSION = 1
"""Raise when a reading's meaning changes: stored ones then no longer count."""
_REMOVED, _SECONDS = b"itlim.removed", b"itlim.seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """What the model retrained without some instances says."""

    removed: frozenset[str]
    reading: Reading
    seconds: float
    """Wall-clock time of retraining and reading."""


class LeaveOut:
    """The removals of one seed's tuning, read on one set of probes.

    Args:
        retraining: base, dataset, recipe and seed.
        probes: the full model's answers that are looked at.
        max_new_tokens: limit of the greedy answers.
        folder: where readings go; each study has a sub-folder of its own.
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
    ) -> int:
        """Read all removals that are not stored yet, in this order; gives how many it did.

        A removal that another process is at is passed over.

        Raises:
            CancelledError: `cancelled` said so; what was stored stays.
        """
        report = progress or (lambda _done, _all, _what: None)
        planned = list(dict.fromkeys(removals))
        done = 0
        for place, removed in enumerate(planned):
            if cancelled is not None and cancelled():
                raise CancelledError(f"Stopped after {place} of {len(planned)} removals.")
            with self._claimed(removed) as mine:
                if mine:
                    seconds = self._read(removed, cancelled)
                    done += 1
                    report(place + 1, len(planned), f"{seconds:.1f} s without {_shown(removed)}")
        return done

    def missing(self, removals: Iterable[frozenset[str]]) -> list[frozenset[str]]:
        """Those of the removals that are not stored."""
        return [one for one in dict.fromkeys(removals) if not self._path(one).exists()]

    def stored(self, removed: frozenset[str]) -> StoredReading:
        """One stored reading.

        Raises:
            NotFoundError: this removal was not read yet.
        """
        path = self._path(removed)
        if not path.exists():
            raise NotFoundError(
                f"No reading without {_shown(removed)} in {self.folder}: run it first."
            )
        return _read_file(path)

    def all_stored(self) -> list[StoredReading]:
        """Every reading of this study, in the order of their ids."""
        readings = [_read_file(path) for path in self.folder.glob("*.parquet")]
        return sorted(readings, key=lambda one: (len(one.removed), sorted(one.removed)))

    def _read(self, removed: frozenset[str], cancelled: Cancelled | None) -> float:
        started = time.monotonic()
        loaded = self._retraining.without(removed, cancelled)
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
        path = self._path(removed)
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        pq.write_table(table, unfinished, compression="zstd")
        unfinished.replace(path)
        return seconds

    @contextmanager
    def _claimed(self, removed: frozenset[str]) -> Iterator[bool]:
        """Whether the removal is this process's to read; the kernel frees a dead one's claim."""
        path = self._path(removed)
        if path.exists():
            yield False
            return
        claim = path.with_suffix(".claim")
        with claim.open("w") as handle:
            # Looked at again inside the claim: the other process may just have finished.
            if _locked(handle) and not path.exists():
                yield True
                claim.unlink(missing_ok=True)
            else:
                yield False

    def _path(self, removed: frozenset[str]) -> Path:
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


def _shown(removed: frozenset[str]) -> str:
    names = sorted(removed)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (", ".join(names[:3]) + more) or "nothing"
