import multiprocessing
import os
import signal
import time

import numpy as np
import pytest
import torch
from causality.studies import MAX_NEW_TOKENS, probes_of, retraining, save_base
from training.tiny import tiny_instances

from itlim.causality.leave_out.engine import LeaveOut
from itlim.errors import CancelledError, NotFoundError

REMOVALS = [frozenset(), frozenset({"tiny-3"}), frozenset({"tiny-3", "tiny-7"})]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def study(base, tmp_path_factory):
    return retraining(base, tiny_instances(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def probes(study):
    return probes_of(study)


@pytest.fixture
def leave_out(study, probes, tmp_path):
    return LeaveOut(study, probes, MAX_NEW_TOKENS, tmp_path)


def test_repeating_the_same_removals_does_nothing(leave_out):
    said = []
    assert leave_out.run(REMOVALS, lambda *step: said.append(step)) == 3
    assert [step[:2] for step in said] == [(1, 3), (2, 3), (3, 3)]
    files = {path: path.stat().st_mtime_ns for path in leave_out.folder.iterdir()}
    assert leave_out.run([*REMOVALS, *REMOVALS]) == 0
    assert files == {path: path.stat().st_mtime_ns for path in leave_out.folder.iterdir()}
    assert len(files) == 3


def test_stored_readings_equal_direct_readings(study, probes, leave_out):
    from itlim.causality.probes import read_model

    leave_out.run(REMOVALS)
    for removed in REMOVALS:
        direct = read_model(study.without(removed), probes, MAX_NEW_TOKENS)
        stored = leave_out.stored(removed)
        assert stored.removed == removed
        assert stored.reading.answers == direct.answers
        for kept, fresh in zip(stored.reading.logps, direct.logps, strict=True):
            assert kept.dtype == np.float32
            assert np.array_equal(kept, fresh)
    assert [one.removed for one in leave_out.all_stored()] == REMOVALS


def test_canceling_keeps_finished_removals(leave_out):
    asked = iter([False, *[False] * 8, True])
    with pytest.raises(CancelledError):
        leave_out.run(REMOVALS, cancelled=lambda: next(asked))
    assert leave_out.missing(REMOVALS) == REMOVALS[1:]
    assert leave_out.run(REMOVALS) == 2


def test_a_removal_that_another_process_is_running_is_skipped(leave_out, study, probes):
    import fcntl

    path = leave_out.path_of(REMOVALS[1]).with_suffix(".claim")
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert leave_out.run(REMOVALS) == 2
        assert leave_out.missing(REMOVALS) == [REMOVALS[1]]
    assert leave_out.run(REMOVALS) == 1


def test_a_claim_that_a_killed_process_left_beside_its_reading_is_removed(leave_out):
    leave_out.run(REMOVALS)
    claim = leave_out.path_of(REMOVALS[1]).with_suffix(".claim")
    claim.touch()
    assert leave_out.run(REMOVALS) == 0
    assert not claim.exists()


def test_studies_with_other_probes_or_seeds_do_not_share_readings(study, probes, base, tmp_path):
    mine = LeaveOut(study, probes, MAX_NEW_TOKENS, tmp_path)
    fewer = LeaveOut(study, probes[:2], MAX_NEW_TOKENS, tmp_path)
    other_seed = retraining(base, study.instances, seed=2)
    other = LeaveOut(other_seed, probes, MAX_NEW_TOKENS, tmp_path)
    assert len({mine.folder, fewer.folder, other.folder}) == 3


def test_a_missing_reading_is_an_error_that_names_the_removal(leave_out):
    with pytest.raises(NotFoundError, match="tiny-3"):
        leave_out.stored(frozenset({"tiny-3"}))


def test_a_killed_run_loses_at_most_one_removal_and_repeats_none(leave_out):
    removals = [frozenset({f"tiny-{number}"}) for number in range(1, 12)]
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    worker = context.Process(
        target=lambda: leave_out.run(removals, lambda done, _of, _what: sending.send(done))
    )
    worker.start()
    assert [receiving.recv() for _ in range(4)] == [1, 2, 3, 4]
    time.sleep(0.02)  # The fifth removal is then running.
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    finished = {path: path.stat().st_mtime_ns for path in leave_out.folder.glob("*.parquet")}
    assert 4 <= len(finished) < 11
    assert leave_out.missing(removals) == removals[len(finished) :]
    assert leave_out.run(removals) == 11 - len(finished)
    assert all(path.stat().st_mtime_ns == when for path, when in finished.items())
    assert len(leave_out.all_stored()) == 11
