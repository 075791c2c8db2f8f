"""Batches of the app: a process that reports to files, and what is stored of its answers."""

import json
import os
import signal
import threading
import time
from datetime import UTC, datetime

import pytest
from batch_cases import (
    MANY,
    QUESTIONS,
    TOO_LONG,
    library_file,
    n_finished,
    rows_of,
    tiny_pair,
    write_instructions,
)
from filelock import FileLock

from itlim.batch.folders import BatchFolder, BatchRequest, BatchStatus
from itlim.batch.instructions import read_instructions
from itlim.batch.launch import collect, end_process, keep_known, start_process
from itlim.batch.listing import damaged_batches, list_batches
from itlim.batch.manifest import read_manifest
from itlim.batch.process import WAITING, main
from itlim.errors import InputError, NotFoundError
from itlim.store.batches import batch_tag, tags_by_run
from itlim.store.connection import Store
from itlim.store.runs import count_runs, delete_runs

PAIRS = ("tiny-full", "tiny-adapter")
LIMIT_SECONDS = 120


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A library with two tiny pairs."""
    folder = tmp_path_factory.mktemp("models")
    pairs = [tiny_pair(folder / "full"), tiny_pair(folder / "adapter", "adapter")]
    return library_file(folder / "library.toml", pairs)


@pytest.fixture
def home(models, tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_LIBRARY", str(models))
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def created(home, questions=QUESTIONS, *, name="first", pairs=PAIRS, tokens=8, size=3, **columns):
    home.mkdir(parents=True, exist_ok=True)
    file = write_instructions(home / "questions.jsonl", questions, **columns)
    asked = read_instructions(file)
    request = BatchRequest(
        batch_id=f"{name:0<16}", name=name, pairs=pairs, file=file.name,
        n_items=len(asked.items), n_rejected=len(asked.rejected), max_new_tokens=tokens,
        batch_size=size, workers=1, trace=False, trace_in=(),
        requested_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    batch = BatchFolder(home / "batches" / request.batch_id)
    batch.create(request, file)
    return batch


def wait_until(condition):
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_request_is_read_as_it_was_written_and_a_strange_folder_is_none(home):
    batch = created(home, topic=[*"abcdefg"])
    assert batch.request().pairs == PAIRS
    assert batch.questions().read_bytes() == (home / "questions.jsonl").read_bytes()
    (home / "batches" / "other").mkdir()
    (home / "batches" / "other" / "request.json").write_text('{"pairs": []}')
    assert [one.id for one in list_batches()] == [batch.id]
    with pytest.raises(InputError, match=r"'other' cannot be read: its request.json is damaged"):
        BatchFolder(home / "batches" / "other").request()
    with pytest.raises(NotFoundError, match="no batch 'gone'"):
        BatchFolder(home / "batches" / "gone").request()


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("request.json", {"pairs": None}),
        ("request.json", {"requested_at": None}),
        ("request.json", {"requested_at": "2026-01-01"}),
        ("request.json", {"file": "../../secret"}),
        ("request.json", {"n_items": "many"}),
    ],
)
def test_a_damaged_request_is_named_and_the_other_batches_are_listed(home, name, changed):
    good, bad = created(home), created(home, name="bad")
    path = bad.folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    assert [one.id for one in list_batches()] == [good.id]
    (error,) = damaged_batches()
    assert bad.id in str(error)
    assert "Delete its folder" in str(error)


@pytest.mark.parametrize("content", ['{"pid": null}', '{"pid": -1}', "{}", "[", "[" * 5000])
def test_damaged_reports_of_a_batch_count_as_missing(home, content):
    batch = created(home)
    for name in ("progress.json", "end.json", "stored.json", "process.json"):
        (batch.folder / name).write_text(content)
    found = (batch.progress(), batch.end(), batch.stored(), batch.process_id())
    assert found == (None, None, None, None)
    assert batch.status() is BatchStatus.INTERRUPTED


def test_a_finished_batch_says_what_each_pair_answered_and_what_failed(home):
    batch = created(home, [*QUESTIONS, TOO_LONG])
    assert batch.status() is BatchStatus.INTERRUPTED
    main(batch.folder)
    assert batch.status() is BatchStatus.FINISHED
    report = batch.end().report
    assert (report.n_runs, report.n_new) == (14, 14)
    assert [(one.pair, one.line) for one in report.failed] == [(name, 8) for name in PAIRS]
    progress = batch.progress()
    assert (progress.done, progress.total) == (16, 16)
    assert [(one.pair, one.total, one.finished, one.failed) for one in progress.pairs] == [
        (name, 8, 7, 1) for name in PAIRS
    ]
    assert {(one.pair, one.item, one.line) for one in progress.failures} == {
        (name, "8", 8) for name in PAIRS
    }
    assert all("context" in one.reason for one in progress.failures)


def test_a_batch_of_an_unknown_pair_fails_with_the_reason(home):
    batch = created(home, pairs=("tiny-other",))
    main(batch.folder)
    assert batch.status() is BatchStatus.FAILED
    assert "No pair named 'tiny-other'" in batch.end().error


def test_a_second_process_leaves_a_held_batch_alone(home):
    batch = created(home)
    with batch.held() as is_ours:
        assert is_ours
        assert batch.status() is BatchStatus.RUNNING
        assert batch.process_id() == os.getpid()
        main(batch.folder)
        assert batch.end() is None
    assert batch.process_id() is None


def test_a_batch_waits_for_another_one_to_end(home):
    batch = created(home, QUESTIONS[:2], pairs=PAIRS[:1])
    with FileLock(home / "batches" / ".turn"):
        thread = threading.Thread(target=main, args=(batch.folder,))
        thread.start()
        wait_until(lambda: batch.progress() and batch.progress().message == WAITING)
        assert batch.status() is BatchStatus.RUNNING
    thread.join()
    assert batch.end().report.n_new == 2


def test_stored_answers_are_not_repeated_and_all_of_the_batch_get_its_name(home, store):
    earlier = created(home, QUESTIONS[:4], name="earlier")
    main(earlier.folder)
    collect(earlier, store)
    assert count_runs(store) == 8
    batch = created(home, name="later", task=[*"aabbccd"])
    keep_known(batch, store)
    main(batch.folder)
    assert batch.end().report.n_new == 6
    stored = collect(batch, store)
    assert (stored.n_runs, stored.n_new) == (14, 6)
    assert batch.stored() == stored
    tags = tags_by_run(store)
    assert sum(batch_tag("later") in names for names in tags.values()) == 14
    assert sum(batch_tag("earlier") in names for names in tags.values()) == 8
    assert sum("task: a" in names for names in tags.values()) == 4
    assert collect(batch, store).n_new == 0
    delete_runs(store, list(tags))
    assert not tags_by_run(store)


def test_the_finished_answers_of_a_stopped_batch_are_stored_and_the_rest_is_answered_later(
    home, store
):
    batch = created(home)

    class StopError(Exception):
        pass

    def stop(folder):
        from batch_cases import answered, asked

        def progress(done, _total, _message):
            if done >= 6:
                raise StopError

        from itlim.library import load_library

        pairs = [load_library().pair(name) for name in PAIRS]
        with pytest.raises(StopError):
            answered(pairs, asked(home), folder, progress=progress)

    stop(batch.out)
    kept = {row["run_id"] for path in (batch.out / "parts").iterdir()
            for row in rows_of(path, "runs.parquet")}  # fmt: skip
    assert batch.status() is BatchStatus.INTERRUPTED
    stored = collect(batch, store)
    assert 0 < stored.n_runs == len(kept) < 14
    manifest = read_manifest(batch.out)
    assert (manifest["complete"], manifest["n_missing"]) == (True, 14 - len(kept))
    # What is traced so far is not in the output yet, and is used by the resumed batch.
    assert n_finished(batch.out) == 2
    batch.forget_end()
    main(batch.folder)
    assert batch.end().report.n_new == 14 - len(kept)
    assert n_finished(batch.out) == 0
    assert collect(batch, store).n_runs == 14
    assert read_manifest(batch.out)["n_missing"] == 0


@pytest.mark.full
def test_a_killed_and_a_canceled_process_keep_what_is_finished(home, store):
    batch = created(home, MANY, pairs=PAIRS[:1], tokens=48, size=2)
    process = start_process(batch)
    wait_until(lambda: n_finished(batch.out) >= 2)
    os.kill(batch.process_id(), signal.SIGKILL)
    process.wait()
    assert batch.status() is BatchStatus.INTERRUPTED
    first = n_finished(batch.out)
    process = start_process(batch)
    wait_until(lambda: n_finished(batch.out) > first)
    end_process(batch)
    process.wait()
    assert batch.status() is BatchStatus.CANCELED
    kept = collect(batch, store)
    assert 2 * first < kept.n_runs < len(MANY)
    start_process(batch).wait()
    assert batch.status() is BatchStatus.FINISHED
    assert batch.end().report.n_new == len(MANY) - kept.n_runs
    assert collect(batch, store).n_runs == len(MANY)
