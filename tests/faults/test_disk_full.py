"""A full disk, for real: a clear error, nothing half-written, earlier data intact, work goes on."""

import json
import re
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest
from example_studies import append_events, item, items, put, study
from servers import ROOT
from small_disk import BLOCK, MEGABYTE

from itlim.batch.exchange import export_runs
from itlim.errors import DiskFullError, IndexFolderError, StoreError
from itlim.library import DatasetEntry
from itlim.store.annotation_events import events_of
from itlim.store.backup import backup_folder, list_backups, make_backup
from itlim.store.connection import Store
from itlim.store.query import export_views
from itlim.store.restoring import restore
from itlim.store.runs import count_runs, load_run, save_run
from itlim.store.studies import create_study
from itlim.trace import build_index, open_index
from tests.example_runs import example_run

DOG = item()
SAYS_WHAT_TO_DO = "No space is left on the disk of .* was not stored.*[Ff]ree some space"


def large_run(number, letters=300_000):
    """A run that takes some hundred KB, and nothing like it when compressed."""
    noise = "".join(chr(0x4E00 + (number * 7919 + place * place) % 20_000) for place in range(1000))
    prompt = "".join(noise[place % 997 :] for place in range(letters // 1000))
    return replace(example_run(f"{number:016d}"), prompt=prompt)


@pytest.fixture
def home(disk, monkeypatch):
    """The small disk as the user's folder."""
    monkeypatch.setenv("ITLIM_HOME", str(disk.path))
    return disk.path


@pytest.fixture
def store(home):
    # A small threshold makes DuckDB write to the database file itself, not only to its log.
    with Store(home / "itlim.duckdb", limits={"checkpoint_threshold": "500KB"}) as opened:
        for number in range(3):
            save_run(opened, large_run(number))
        create_study(opened, study(), items(study()), by="ann")
        append_events(opened, [put(DOG, "🐶")], base=0)
        yield opened


def saved_until_full(store, first=100):
    """Numbers of the runs that were stored before the disk was full, at most 100."""
    saved = []
    for number in range(first, first + 100):
        try:
            save_run(store, large_run(number))
        except DiskFullError as error:
            said = str(error)
            break
        saved.append(number)
    assert re.search(SAYS_WHAT_TO_DO, said)
    return saved


@pytest.mark.parametrize("free", [0, 40 * BLOCK, 300 * BLOCK])
def test_a_run_that_does_not_fit_is_not_stored_and_everything_else_goes_on(store, disk, free):
    disk.fill(free)
    saved = saved_until_full(store)
    for _ in range(3):
        with pytest.raises(StoreError):
            save_run(store, large_run(500, letters=9_000_000))
    assert count_runs(store) == 3 + len(saved), "reading goes on while the disk is full"
    assert load_run(store, large_run(1).run_id) == large_run(1)
    assert load_run(store, large_run(500).run_id) is None
    disk.empty()
    save_run(store, large_run(501))
    store.close()
    with Store(store.path) as again:
        assert count_runs(again) == 4 + len(saved)
        assert load_run(again, large_run(501).run_id) == large_run(501)


def test_readers_on_other_threads_go_on_after_a_checkpoint_failed(store, disk):
    disk.fill()
    saved_until_full(store)
    disk.empty()
    with store.reading() as early:
        assert early.execute("SELECT count(*) FROM runs").fetchone()[0] >= 3
        with store.reading() as second:
            assert second.execute("SELECT count(*) FROM runs").fetchone()[0] >= 3


def test_an_edit_that_does_not_fit_is_not_acknowledged_and_can_be_sent_again(store, disk):
    disk.fill()
    saved_until_full(store)
    acknowledged = []
    for number in range(1, 200):
        refused = put(DOG, "Smallest", mark=f"m{number + 1}", note="n" * 20_000)
        try:
            append_events(store, [refused], base=number)
        except DiskFullError as error:
            said = str(error)
            break
        acknowledged.append(refused.event_id)
    assert re.search(SAYS_WHAT_TO_DO, said)
    stored = [one.event_id for one in events_of(store, "dogs")[DOG.item_id, "ann"]]
    assert stored[1:] == acknowledged
    disk.empty()
    append_events(store, [refused], base=len(stored))
    assert len(events_of(store, "dogs")[DOG.item_id, "ann"]) == len(stored) + 1


@pytest.mark.parametrize("free", [0, 20 * BLOCK, 150 * BLOCK])
def test_a_backup_that_does_not_fit_leaves_nothing_and_calls_no_database_damaged(store, disk, free):
    first = make_backup(store)
    disk.fill(free)
    with pytest.raises(
        DiskFullError, match=r"the backup was not stored\. The database is as it was"
    ):
        make_backup(store)
    assert [one.path for one in list_backups(store.path)] == [first.path]
    assert [path.name for path in backup_folder(store.path).iterdir()] == [first.path.name]
    assert count_runs(store) == 3
    disk.empty()
    assert make_backup(store).size > 0


def test_a_restore_that_does_not_fit_changes_nothing(store, disk):
    made = make_backup(store)
    save_run(store, large_run(9))
    store.close()
    before = disk.files()
    disk.fill(10 * BLOCK)
    with pytest.raises(DiskFullError, match="The database is as it was"):
        restore(store.path, made.path)
    assert {name for name in disk.files() if "lock" not in name} == before
    with Store(store.path) as again:
        assert (count_runs(again), again.note) == (4, "")


def test_an_export_that_does_not_fit_leaves_nothing(store, disk):
    disk.fill(10 * BLOCK)
    before = disk.files()
    with pytest.raises(DiskFullError, match="the export was not stored"):
        export_runs(store, disk.path / "exported")
    disk.fill()
    with pytest.raises(DiskFullError, match="not stored"):
        export_views(store, disk.path / "views.duckdb")
    assert disk.files() == before
    disk.empty()
    assert export_runs(store, disk.path / "exported") == 3


def test_an_exported_file_replaces_an_earlier_one_only_as_a_whole(store, disk, itlim):
    for number in range(1, 40):
        append_events(store, [put(DOG, "🐶", mark=f"m{number + 1}", note="n" * 3000)], base=number)
    store.close()
    out = disk.path / "marks.json"
    arguments = ("export", "--format", "itlim-jsonl", "--db", store.path, "--out", out)
    assert itlim(*arguments)[0] == 0
    before = out.read_bytes()
    disk.fill(BLOCK)
    code, _, said = itlim(*arguments)
    assert code == 2
    assert "No space is left" in said
    assert "A file that was there is unchanged" in said
    assert out.read_bytes() == before
    assert not [name for name in disk.files() if name.endswith(".part")]


def test_a_new_database_that_does_not_fit_says_so_and_is_created_later(disk):
    path = disk.path / "itlim.duckdb"
    for free in (0, 2 * BLOCK):
        disk.fill(free)
        with pytest.raises(DiskFullError, match="the database was not stored"):
            Store(path)
    disk.empty()
    with Store(path) as store:
        assert count_runs(store) == 0


def toy(folder, rows=300):
    """A dataset of a few hundred rows."""
    lines = [
        {"instruction": f"Name river {number}.", "output": f"River {number} flows past {number}."}
        for number in range(rows)
    ]
    path = folder / "toy.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return DatasetEntry(name="toy", path=path)


def test_an_index_that_does_not_fit_leaves_nothing_and_the_earlier_one_is_used(
    home, disk, tmp_path
):
    entry, out = toy(tmp_path), home / "toy"
    whole = sum(
        path.stat().st_size for path in build_index(entry, out, lexical_only=True).folder.iterdir()
    )
    toy(tmp_path, 299)
    for part in range(7):
        disk.fill(int(part / 10 * whole) + BLOCK)
        before = disk.files()
        with pytest.raises(IndexFolderError, match=r"no space is left on its disk\. None of it"):
            build_index(entry, out, lexical_only=True)
        assert disk.files() == before
        assert len(open_index(out).instances) == 300
    disk.empty()
    assert len(build_index(entry, out, lexical_only=True).instances) == 299


EMBED = """
import os, sys
sys.path.insert(0, "tests/trace")
from pathlib import Path
from tiny_encoder import tiny_encoder
from itlim.errors import IndexFolderError
from itlim.library import DatasetEntry
from itlim.trace import build_index
disk, aside, out = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[1]) / "toy"
os.environ["ITLIM_ENCODER"] = str(tiny_encoder(aside))
entry = DatasetEntry(name="toy", path=aside / "toy.jsonl")
build_index(entry, out, lexical_only=True)
import faulthandler; faulthandler.enable()
for blocks in (1, 2, 4, 6, 8, 12):
    left = os.statvfs(disk).f_bavail - blocks
    (disk / "fill").write_bytes(bytes(left * 4096))
    try:
        index = build_index(entry, out)
        print("built", index.has_meaning)
    except IndexFolderError as error:
        print("refused", error)
    (disk / "fill").unlink()
print("at last", build_index(entry, out).has_meaning)
"""


@pytest.mark.full
def test_embeddings_that_do_not_fit_raise_an_error_instead_of_ending_the_process(
    home, disk, tmp_path
):
    toy(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(EMBED), str(disk.path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert any("no space is left on its disk" in line for line in said)
    assert said[-1] == "at last True"


LIMITED = """
import pathlib, resource, sys
from itlim.errors import DiskFullError
from itlim.store.connection import Store
from itlim.store.runs import count_runs, save_run
from tests.example_runs import example_run
store = Store(pathlib.Path(sys.argv[1]))
save_run(store, example_run("0" * 16))
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
number = 0
try:
    for number in range(1, 100):
        save_run(store, example_run(f"{number:016d}"))
except DiskFullError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
save_run(store, example_run("f" * 16))
print(number, count_runs(store))
store.close()
print(count_runs(Store(pathlib.Path(sys.argv[1]))))
"""


def test_a_limit_of_the_size_of_files_is_reported_like_a_full_disk(tmp_path):
    """Needs no right to mount anything, unlike the other tests of this file."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "itlim.duckdb")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    error, counts, reopened = done.stdout.splitlines()
    assert "No space is left" in error
    number, count = map(int, counts.split())
    assert count == number + 1
    assert int(reopened) == count


def test_the_disk_of_these_tests_is_really_full(disk):
    disk.fill()
    with pytest.raises(OSError, match="No space left"):
        (disk.path / "more").write_bytes(bytes(MEGABYTE))
