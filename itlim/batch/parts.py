"""Finished parts of a batch: folders that appear complete or not at all."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from itlim.records import Run
from itlim.store.shipped import RUNS_FILE, TOKENS_FILE, ship_runs

PHRASES_FILE = "phrases.parquet"
SHARD_FILE = "shard.json"
_UNFINISHED = ".part"
_FAST_COMPRESSION = 3


class Parts:
    """The parts in a folder, each in its own folder.

    A part is written beside its place and renamed, so a kill leaves no partial one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """The folder of a part, whether it is finished or not."""
        return self.folder / name

    def with_file(self, file: str, first: Sequence[str] = ()) -> list[Path]:
        """The finished parts that contain a file: those named first, then others by name."""
        if not self.folder.is_dir():
            return []
        rank = {name: number for number, name in enumerate(first)}
        found = [path for path in self.folder.iterdir() if not path.name.endswith(_UNFINISHED)]
        ordered = sorted(found, key=lambda path: (rank.get(path.name, len(rank)), path.name))
        return [path for path in ordered if (path / file).exists()]

    def run_ids(self) -> set[str]:
        """The runs of all finished parts."""
        return {
            run_id
            for path in self.with_file(RUNS_FILE)
            for run_id in pq.read_table(path / RUNS_FILE, columns=["run_id"])["run_id"].to_pylist()
        }

    def add_runs(self, name: str, runs: Sequence[Run]) -> Path:
        """Keep runs as a part."""
        return self._add(
            name, lambda folder: ship_runs(runs, folder, compression=_FAST_COMPRESSION)
        )

    def add_phrases(self, name: str, phrases: pa.Table) -> Path:
        """Keep traced phrases as a part."""
        return self._add(name, lambda folder: pq.write_table(phrases, folder / PHRASES_FILE))

    def add_shard(self, name: str, text: str) -> Path:
        """Keep what one dataset contributes to phrases that are traced in several."""

        def write(folder: Path) -> None:
            (folder / SHARD_FILE).write_text(text, encoding="utf-8")

        return self._add(name, write)

    def adopt(self, name: str, source: Path) -> Path:
        """Keep the runs of a folder as a part."""

        def copy(folder: Path) -> None:
            for file in (RUNS_FILE, TOKENS_FILE):
                shutil.copyfile(source / file, folder / file)

        return self._add(name, copy)

    def clear(self) -> None:
        """Delete all parts; a kill meanwhile leaves either all of them or none."""
        gone = self.folder.with_name(self.folder.name + _UNFINISHED)
        shutil.rmtree(gone, ignore_errors=True)
        if self.folder.exists():
            self.folder.rename(gone)
            shutil.rmtree(gone)

    def _add(self, name: str, write: Callable[[Path], object]) -> Path:
        folder = self.path(name)
        draft = folder.with_name(name + _UNFINISHED)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            write(draft)
        except BaseException:
            # On a full disk, what is left of it would be in the way of the rest.
            shutil.rmtree(draft, ignore_errors=True)
            raise
        if folder.exists():
            # A part of this name has the same content.
            shutil.rmtree(draft)
        else:
            draft.rename(folder)
        return folder
