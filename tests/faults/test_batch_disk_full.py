"""A batch whose disk becomes full ends with the reason, keeps its answers, and can be resumed."""

import time
from datetime import UTC, datetime

import pytest
from batch_cases import MANY, library_file, n_finished, tiny_pair, write_instructions
from small_disk import BLOCK

from itlim.batch.folders import BatchFolder, BatchRequest, BatchStatus
from itlim.batch.launch import collect, start_process
from itlim.batch.process import main
from itlim.errors import DiskFullError
from itlim.store.connection import Store
from itlim.store.runs import count_runs

pytestmark = pytest.mark.full
ASKED = MANY[:24]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A library with one tiny pair."""
    folder = tmp_path_factory.mktemp("models")
    return library_file(folder / "library.toml", [tiny_pair(folder / "full")])


@pytest.fixture
def request_file(models, disk, tmp_path, monkeypatch):
    """A file of instructions, and the small disk as the user's folder."""
    monkeypatch.setenv("ITLIM_LIBRARY", str(models))
    monkeypatch.setenv("ITLIM_HOME", str(disk.path))
    return write_instructions(tmp_path / "questions.jsonl", ASKED)


def request(file):
    return BatchRequest(
        batch_id="0" * 16, name="first", pairs=("tiny-full",), file=file.name, n_items=len(ASKED),
        n_rejected=0, max_new_tokens=8, batch_size=1, workers=1, trace=False, trace_in=(),
        requested_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def wait_until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_batch_that_fills_the_disk_says_so_keeps_its_answers_and_goes_on_later(
    request_file, disk, tmp_path
):
    batch = BatchFolder(disk.path / "batches" / "0000000000000000")
    batch.create(request(request_file), request_file)
    process = start_process(batch)
    wait_until(lambda: n_finished(batch.out) >= 2)
    disk.fill()
    process.wait(120)
    assert batch.status() is BatchStatus.FAILED
    assert "No space is left" in batch.end().error
    kept = n_finished(batch.out)
    assert 2 <= kept < len(ASKED)
    assert not [name for name in disk.files() if name.endswith((".part", ".draft"))]
    disk.empty()
    with Store(tmp_path / "itlim.duckdb") as store:
        assert collect(batch, store).n_runs == kept == count_runs(store)
        batch.forget_end()
        main(batch.folder)
        assert batch.status() is BatchStatus.FINISHED
        assert batch.end().report.n_new == len(ASKED) - kept, "nothing is answered twice"
        assert collect(batch, store).n_runs == len(ASKED)


def test_a_batch_that_cannot_be_written_is_not_begun(request_file, disk):
    batch = BatchFolder(disk.path / "batches" / "0000000000000000")
    for free in (0, BLOCK):
        disk.fill(free)
        with pytest.raises(DiskFullError, match="the batch was not stored"):
            batch.create(request(request_file), request_file)
        assert not batch.exists()
        assert disk.files() == set()


def test_answers_that_the_database_has_no_room_for_are_stored_when_there_is(
    request_file, disk, tmp_path, monkeypatch
):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    batch = BatchFolder(tmp_path / "home" / "batches" / "0000000000000000")
    batch.create(request(request_file), request_file)
    with Store(disk.path / "itlim.duckdb") as store:
        main(batch.folder)
        disk.fill()
        with pytest.raises(DiskFullError):
            collect(batch, store)
        assert (batch.stored(), count_runs(store)) == (None, 0)
        disk.empty()
        assert collect(batch, store).n_new == count_runs(store) == len(ASKED)
