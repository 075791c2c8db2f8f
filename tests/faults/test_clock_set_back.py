"""The clock is set back: no edit is lost, no order flips, and nothing waits for a time to come.

A first process runs with a clock that is days ahead, by a small library that the system loads into
it. What follows runs with the clock of the machine, so for the files the clock was set back.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from example_studies import append_events, event, item, items, put, study
from servers import ROOT

from itlim.batch.folders import BatchFolder
from itlim.batch.progress import BatchProgress
from itlim.errors import ItemTakenError
from itlim.records import EventKind
from itlim.store.annotation_events import events_of
from itlim.store.backup import MAX_BACKUPS, backup_if_due, list_backups, make_backup
from itlim.store.claims import check_free, claim_states, holders_of, take_claim
from itlim.store.connection import Store
from itlim.store.queue import next_item, progress_of
from itlim.store.studies import create_study, items_of, load_study
from itlim.ui.data_models.batch_view import progress_text
from itlim.ui.shared.batch_watch import BatchState

AHEAD = timedelta(days=3)
DOG = item()
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *found) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, found);
    if (id == CLOCK_REALTIME) found->tv_sec += atol(getenv("CLOCK_AHEAD"));
    return code;
}
"""
ANNOTATE = """
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
sys.path[:0] = ["tests", "."]
from example_studies import append_events, item, items, put, study
from itlim.store.backup import backup_if_due
from itlim.store.claims import take_claim
from itlim.store.connection import Store
from itlim.store.studies import create_study
of, dog = study(annotators_per_item=1), item()
with Store(Path(sys.argv[1])) as store:
    create_study(store, of, items(of), by="ann")
    with store.writing() as cursor:
        take_claim(cursor, of, "ann", dog.item_id)
    append_events(store, [replace(put(dog, "🐶"), event_id="of-the-future")], base=0)
    backup_if_due(store)
print(datetime.now(UTC).timestamp())
"""


@pytest.fixture(scope="module")
def ahead(tmp_path_factory):
    """`ahead(script, *arguments)` runs Python with a clock that is three days ahead."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler on Linux")
    folder = tmp_path_factory.mktemp("clock")
    (folder / "clock.c").write_text(CLOCK)
    library = folder / "clock.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, folder / "clock.c", "-ldl"], check=True
    )
    clock = {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(int(AHEAD.total_seconds()))}

    def run(script, *arguments):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
            cwd=ROOT, env=os.environ | clock, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def store(ahead, tmp_path):
    """A study in which ann began an item, and a backup, both made in the future."""
    said = ahead(ANNOTATE, tmp_path / "itlim.duckdb")
    assert float(said) > (datetime.now(UTC) + AHEAD - timedelta(hours=1)).timestamp()
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def test_edits_made_after_the_clock_was_set_back_are_kept_in_their_order(store):
    append_events(store, [put(DOG, "Smallest", mark="m2")], base=1)
    append_events(store, [event("undo", DOG)], base=2)
    stored = events_of(store, "dogs")[DOG.item_id, "ann"]
    assert [one.kind for one in stored] == [EventKind.PUT_MARK, EventKind.PUT_MARK, EventKind.UNDO]
    assert [one.payload.get("quote") for one in stored] == ["🐶", "Smallest", None]


def test_a_claim_of_the_future_does_not_hold_its_place_until_that_time_has_come(store):
    of = load_study(store, "dogs")
    assert holders_of(store, of, DOG.item_id) == []
    check_free(store, of, "bea", DOG.item_id)
    found = set()
    while (name := next_item(store, of, "bea")) is not None:
        found.add(name)
        with store.writing() as cursor:
            take_claim(cursor, of, "bea", name)
        append_events(store, [_submit(name)], base=0)
    assert found == {one.item_id for one in items_of(store, "dogs")}, "no item waits for ann"
    assert claim_states(store, "dogs")[DOG.item_id, "ann"] == "released"


def _submit(item_id):
    of = item(item_id=item_id)
    return event("submit", of, "bea", nothing_wrong=True)


def test_a_person_goes_on_with_the_item_they_began_before_the_clock_was_set_back(store):
    of = load_study(store, "dogs")
    assert next_item(store, of, "ann") == DOG.item_id
    with store.writing() as cursor:
        take_claim(cursor, of, "ann", DOG.item_id)
    append_events(store, [put(DOG, "Smallest", mark="m2")], base=1)
    assert [one.annotator for one in holders_of(store, of, DOG.item_id)] == ["ann"]
    assert progress_of(store, of, "ann").open == 1
    with pytest.raises(ItemTakenError, match="ann has taken this item"):
        check_free(store, of, "bea", DOG.item_id)


def test_a_small_step_back_takes_nobodys_item(tmp_path):
    of, now = study(annotators_per_item=1), datetime.now(UTC)
    with Store(tmp_path / "small.duckdb") as store:
        create_study(store, of, items(of), by="ann")
        with store.writing() as cursor:
            take_claim(cursor, of, "ann", DOG.item_id, now=now + timedelta(minutes=1))
        assert next_item(store, of, "bea", now=now) != DOG.item_id


def test_backups_go_on_and_the_newest_of_the_list_is_the_one_made_last(store):
    (of_the_future,) = list_backups(store.path)
    assert of_the_future.made_at > datetime.now(UTC) + timedelta(days=2)
    append_events(store, [put(DOG, "Smallest", mark="m2")], base=1)
    made = backup_if_due(store)
    assert made is not None, "the daily backup does not wait for the time of the earlier one"
    assert [one.path for one in list_backups(store.path)] == [made.path, of_the_future.path]
    assert backup_if_due(store) is None, "and is not made at every start"
    assert backup_if_due(store, now=datetime.now(UTC) + timedelta(hours=25)) is not None
    with Store(list_backups(store.path)[1].path, read_only=True) as copy:
        assert len(events_of(copy, "dogs")[DOG.item_id, "ann"]) == 2


def test_a_backup_after_the_clock_was_set_back_is_not_the_one_that_is_deleted(store):
    for _ in range(MAX_BACKUPS + 2):
        made = make_backup(store)
        assert made.path.exists()
        assert list_backups(store.path)[0].path == made.path
    assert len(list_backups(store.path)) == MAX_BACKUPS


def test_the_time_left_of_a_batch_does_not_grow_by_the_step_of_the_clock(tmp_path):
    batch = BatchFolder(tmp_path)
    in_the_future = (datetime.now(UTC) + AHEAD).timestamp()
    batch.report(
        BatchProgress(message="Answered", done=1, total=2, updated_at=in_the_future, seconds_left=4)
    )
    assert "a few seconds left" in progress_text(BatchState.RUNNING, batch.progress())


BUILD = """
import os, sys
from pathlib import Path
from itlim.library import DatasetEntry
from itlim.trace import build_index
build_index(DatasetEntry(name="toy", path=Path(sys.argv[1])), lexical_only=True)
"""


def test_a_dataset_that_changes_after_the_clock_was_set_back_makes_its_index_stale(ahead, tmp_path):
    from itlim.library import DatasetEntry
    from itlim.trace import index_folder, open_index

    path = tmp_path / "toy.jsonl"
    path.write_text('{"instruction": "Name a river.", "output": "The Nile."}\n')
    ahead(BUILD, path)
    entry = DatasetEntry(name="toy", path=Path(path))
    assert not open_index(index_folder(entry)).is_stale()
    path.write_text('{"instruction": "Name a river.", "output": "The Rhine, of course."}\n')
    assert open_index(index_folder(entry)).is_stale()
