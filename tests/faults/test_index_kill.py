"""kill -9 while an index is replaced: the next start has the old index or the new one, whole."""

import json
import signal
import subprocess
import sys

import pytest
from servers import ROOT

from itlim.library import DatasetEntry
from itlim.trace import build_index, index_folder, open_index
from itlim.trace.index.folders import indexes_folder, lock_of
from itlim.trace.index.interrupted import recover_all

BUILD_AND_DIE = """
import os, pathlib, signal, sys
step, calls, rename = int(sys.argv[2]), 0, pathlib.Path.rename
def dying(path, target):
    global calls
    calls += 1
    if calls == step:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, target)
pathlib.Path.rename = dying
from itlim.library import DatasetEntry
from itlim.trace import build_index
entry = DatasetEntry(name="toy", path=pathlib.Path(sys.argv[1]))
build_index(entry, lexical_only=True, force=True)
if step == 3:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def entry(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    lines = [
        {"instruction": f"Name river {number}.", "output": f"River {number} is long."}
        for number in range(20)
    ]
    path = tmp_path / "toy.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return DatasetEntry(name="toy", path=path)


def killed(entry, step):
    ended = subprocess.run(
        [sys.executable, "-c", BUILD_AND_DIE, str(entry.path), str(step)], cwd=ROOT, check=False
    )
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("step", "interrupted"),
    [(1, ["toy"]), (2, ["toy"]), (3, [])],
    ids=["first", "between", "after"],
)
def test_an_index_is_in_place_after_a_kill_at_each_rename_and_the_next_start_names_it(
    entry, step, interrupted
):
    before = build_index(entry, lexical_only=True).meta.created_at
    killed(entry, step)
    assert recover_all() == interrupted
    assert recover_all() == [], "said once"
    found = open_index(index_folder(entry))
    found.verify()
    assert len(found.instances) == 20
    assert found.meta.created_at >= before
    assert [path.name for path in indexes_folder().iterdir()] == [found.folder.name]


def test_a_first_build_that_was_killed_when_it_was_complete_is_used(entry):
    killed(entry, 1)
    assert recover_all() == ["toy"]
    open_index(index_folder(entry)).verify()


def test_a_build_that_is_under_way_is_left_alone(entry):
    target = build_index(entry, lexical_only=True).folder
    draft = target.with_name(f".{target.name}.building-1")
    draft.mkdir()
    with lock_of(target):
        assert recover_all() == []
        assert draft.exists()
    assert recover_all() == ["toy"]
    assert not draft.exists()
