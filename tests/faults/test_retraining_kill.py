"""kill -9 of a process that works on its queue of retrainings: the next one goes on from there."""

import os
import signal
import subprocess
import sys

import pytest
from servers import ROOT

from itlim.causality.retraining.known_recipe import known_recipe
from itlim.causality.retraining.question import experiment_id, question_of
from itlim.causality.retraining.unfinished import UnfinishedExperiments, request_now
from itlim.models.huggingface import load_pair
from itlim.store.connection import Store
from itlim.store.retrainings import load_retraining
from tests.tuned_pairs import NILE, library_of, tiny_run, tuned_library

pytestmark = pytest.mark.full
# What the app does when Test is opened; it prints each step once.
RESUME = """
import time
from itlim.ui.test.retrain_work import resume_retrainings, retrainings_in_progress
assert resume_retrainings() == ()
works, said = retrainings_in_progress(), set()
while True:
    are_done = all(one.done for one in works.values())
    for name, one in works.items():
        if (line := f"{name} {one.phase}") not in said:
            said.add(line)
            print(line, flush=True)
    if are_done:
        break
    time.sleep(0.001)
assert not [one.error for one in works.values() if one.error], [one.error for one in works.values()]
"""


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """Two retrainings that were asked for: ids, the first one has two controls."""
    path = tuned_library(tmp_path / "made", ["sft"])
    monkeypatch.setenv("ITLIM_LIBRARY", str(path))
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    library = library_of(path)
    known = known_recipe(library.pair("tiny-sft"), library)
    run = tiny_run(load_pair(known.pair))
    names = []
    for n_controls in (2, 1):
        question = question_of(run, (0, 8), [NILE], known, n_controls=n_controls)
        names.append(experiment_id(question, known))
        UnfinishedExperiments().request(request_now(names[-1], "tiny-sft", question, "ann"))
    return names


def resumed():
    return subprocess.Popen(
        [sys.executable, "-c", RESUME],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def tuned_in(lines, name):
    """The models of an experiment that a process tuned."""
    mine = [line.removeprefix(f"{name} ") for line in lines if line.startswith(name)]
    return {line.split(":")[0] for line in mine if ": step" in line}


def test_a_queue_that_was_killed_is_finished_without_repeating_finished_models(queue, tmp_path):
    first, second = queue
    process, before = resumed(), []
    for line in process.stdout:
        before.append(line)
        if line.startswith(f"{first} Tuning control 1 of 2: step"):
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait(60) == -signal.SIGKILL
    process.stdout.close()
    assert [one.experiment_id for one in UnfinishedExperiments().requests()] == queue
    done = tuned_in(before, first) - {"Tuning control 1 of 2"}
    assert len(done) == 2

    process = resumed()
    after, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    again = tuned_in(after.splitlines(), first)
    assert again == {"Tuning control 1 of 2", "Tuning control 2 of 2"}
    assert UnfinishedExperiments().requests() == []
    with Store(tmp_path / "home" / "itlim.duckdb") as store:
        assert len(load_retraining(store, first).arms) == 4
        assert len(load_retraining(store, second).arms) == 3
