"""Batches in real processes: kill -9, and several workers."""

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest
from batch_cases import (
    MANY,
    answered,
    asked,
    comparable,
    library_file,
    n_finished,
    tiny_pair,
    write_instructions,
)

from itlim.batch.local import LocalWorkers
from itlim.batch.parts import Parts
from itlim.errors import ModelLoadError

TOKENS = 48
"""Enough for a batch that takes longer than it takes to notice its first part."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tiny_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def whole(pair, tmp_path_factory):
    """The output of a batch in this process that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    answered([pair], asked(folder, MANY), folder / "out", batch_size=2, max_new_tokens=TOKENS)
    return folder / "out"


def started(pair, folder, *options, group=False):
    """The command as a process of its own."""
    library = library_file(folder / "library.toml", [pair])
    file = write_instructions(folder / "questions.jsonl", MANY)
    command = [sys.executable, "-m", "itlim", "batch", "--pair", pair.name, "--instructions", file]
    command += ["--out", folder / "out", "--batch-size", 2, "--max-new-tokens", TOKENS, *options]
    return subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=group,
        # A shell that runs the tests in the background ignores SIGINT, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, "ITLIM_LIBRARY": str(library), "ITLIM_HOME": str(folder / "home")},
    )


def wait_for_parts(out, number, process, seconds=120):
    end = time.monotonic() + seconds
    while n_finished(out) < number and process.poll() is None:
        assert time.monotonic() < end, "no part was finished"
        time.sleep(0.02)


@pytest.mark.full
@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_loses_no_finished_batch_and_the_next_command_does_not_repeat_it(
    pair, whole, tmp_path, workers
):
    random.seed(workers)
    kept = 0
    for _ in range(2):
        process = started(pair, tmp_path, "--workers", workers)
        wait_for_parts(tmp_path / "out", kept // 2 + random.randint(1, 4), process)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive, "workers outlive their command"
        times = {
            path: path.stat().st_mtime_ns
            for path in Parts(tmp_path / "out/parts").with_file("runs.parquet")
        }
        kept = len(Parts(tmp_path / "out" / "parts").run_ids())
    assert 0 < kept < len(MANY)
    last = started(pair, tmp_path, "--workers", workers)
    wait_for_parts(tmp_path / "out", kept // 2 + 1, last)
    unchanged = {path: path.stat().st_mtime_ns for path in times if path.exists()}
    assert unchanged == {path: times[path] for path in unchanged}
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, err
    assert out.strip() == f"{tmp_path / 'out'}: {len(MANY)} runs, {len(MANY) - kept} new"
    assert comparable(tmp_path / "out") == comparable(whole)


@pytest.mark.full
def test_several_processes_give_the_same_output_as_one(pair, whole, tmp_path):
    file = asked(tmp_path, MANY)
    answered(
        [pair], file, tmp_path / "out", batch_size=2, max_new_tokens=TOKENS, workers=LocalWorkers(2)
    )
    assert comparable(tmp_path / "out") == comparable(whole)


@pytest.mark.full
def test_a_pair_that_cannot_be_loaded_ends_the_batch_with_its_reason(pair, tmp_path):
    from dataclasses import replace

    from itlim.batch.answering import AnswerWork
    from itlim.batch.plan import BatchSettings, plan_pair
    from itlim.models.fingerprint import pair_hashes

    file = asked(tmp_path, MANY)
    planned = plan_pair(pair, pair_hashes(pair), file.items, BatchSettings())
    moved = AnswerWork(pair=replace(pair, tuned=pair.base), hashes=planned.hashes)
    with pytest.raises(ModelLoadError, match="copy the same files to every machine"):
        list(LocalWorkers(2).run(moved, planned.jobs))


@pytest.mark.full
def test_ctrl_c_ends_the_command_and_its_workers_with_code_130_and_says_how_to_resume(
    pair, tmp_path
):
    process = started(pair, tmp_path, "--workers", 2, group=True)
    wait_for_parts(tmp_path / "out", 2, process)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == (
        "itlim: interrupted. Finished batches are kept: the same command resumes where it stopped."
    )
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
