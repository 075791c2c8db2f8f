"""kill -9 at any time loses no acknowledged run and leaves no partial one."""

import random
import subprocess
import sys
import time

import pytest

from itlim.store.connection import Store
from tests.example_runs import example_run

SAVE_FOREVER = """
import sys, pathlib
from itlim.store.connection import Store
from itlim.store.runs import save_run
from tests.example_runs import example_run
store = Store(pathlib.Path(sys.argv[1]))
number = int(sys.argv[2])
while True:
    name = f"{number:016d}"
    save_run(store, example_run(name))
    print(name, flush=True)
    number += 1
"""


def killed_session(path, first, seconds):
    """Save runs until killed after `seconds`; the acknowledged ids."""
    worker = subprocess.Popen(
        [sys.executable, "-c", SAVE_FOREVER, str(path), str(first)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout.readline()
    time.sleep(seconds)
    worker.kill()
    rest = worker.stdout.read()
    worker.wait()
    # The first line was read above; a line without its end was cut by the kill.
    return [f"{first:016d}", *[line for line in rest.split("\n")[:-1] if len(line) == 16]]


def survivors(path):
    with Store(path) as store, store.reading() as cursor:
        rows = cursor.execute(
            "SELECT run_id, count(position) FROM runs LEFT JOIN token_shifts USING (run_id) "
            "GROUP BY run_id"
        ).fetchall()
        orphans = cursor.execute(
            "SELECT count(*) FROM token_shifts ANTI JOIN runs USING (run_id)"
        ).fetchone()[0]
    assert orphans == 0
    return dict(rows)


@pytest.mark.full
def test_twenty_kills_while_saving_lose_no_acknowledged_run(tmp_path):
    path = tmp_path / "itlim.duckdb"
    random.seed(7)
    acknowledged = []
    for kill in range(20):
        acknowledged += killed_session(path, kill * 100_000, random.uniform(0.0, 0.4))
        kept = survivors(path)
        assert set(acknowledged) <= set(kept)
        assert set(kept.values()) == {example_run().tokens.num_rows}
    assert len(acknowledged) > 20
