"""An index is built atomically, once, and never replaces anything but an index."""

import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from index_datasets import ROWS, entry_of, write_dataset
from tiny_encoder import tiny_encoder

from itlim.errors import (
    CancelledError,
    DatasetError,
    IndexFolderError,
    IndexMissingError,
    InputError,
    NotFoundError,
)
from itlim.library import DatasetEntry
from itlim.trace import build_index, ensure_index, index_folder, open_index
from itlim.trace.index import build

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return str(tiny_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, encoder):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ITLIM_ENCODER", encoder)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def no_chance(monkeypatch):
    """Skip fitting the chance baseline, which takes most of a tiny build and has its own tests."""
    monkeypatch.setattr(build, "write_chance", lambda _folder, _phases: None)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "data").mkdir()
    return write_dataset(tmp_path / "data" / "rivers.jsonl")


@pytest.fixture
def entry(path):
    return entry_of(path)


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}


def test_building_twice_is_a_no_op(entry):
    folder = build_index(entry).folder
    before = stamps(folder)
    assert build_index(entry).folder == folder
    assert stamps(folder) == before
    assert ensure_index(entry).folder == folder
    assert build_index(entry, force=True).folder == folder
    assert stamps(folder) != before


def test_a_folder_may_be_a_string(entry, tmp_path):
    out = str(tmp_path / "mine")
    assert build_index(entry, out, lexical_only=True).folder == tmp_path / "mine"
    before = stamps(tmp_path / "mine")
    assert ensure_index(entry, out, lexical_only=True).folder == tmp_path / "mine"
    assert stamps(tmp_path / "mine") == before
    with pytest.raises(InputError, match="contains the index of rivers, not of lakes"):
        ensure_index(replace(entry, name="lakes"), out, lexical_only=True)


def test_embeddings_are_added_to_a_lexical_only_index(entry, encoder):
    folder = build_index(entry, lexical_only=True).folder
    before = stamps(folder)
    index = build_index(entry)
    assert index.folder == folder
    assert index.has_meaning
    after = stamps(folder)
    assert {name: after[name] for name in before if name != "meta.json"} == {
        name: before[name] for name in before if name != "meta.json"
    }
    assert set(after) - set(before) == {"instructions.faiss", "pairs.faiss"}
    index.verify()
    # A later request for words alone uses the existing index.
    assert build_index(entry, lexical_only=True).has_meaning


def test_an_index_with_embeddings_equals_one_they_were_added_to(entry, tmp_path):
    build_index(entry, tmp_path / "added", lexical_only=True)
    added = build_index(entry, tmp_path / "added").meta
    at_once = build_index(entry, tmp_path / "at-once").meta
    assert added.files == at_once.files
    assert added.encoder == at_once.encoder


def test_content_determines_the_default_folder(entry, path, encoder, monkeypatch, tmp_path):
    first = build_index(entry, lexical_only=True).folder
    assert first.parent == tmp_path / "home" / "indexes"
    assert first.name.startswith("rivers-")
    copy = write_dataset(tmp_path / "rivers.jsonl")
    assert index_folder(entry_of(copy)) == first, "the same content elsewhere has the same place"
    assert index_folder(entry_of(path, "other")) != first
    monkeypatch.setenv("ITLIM_ENCODER", encoder + "/")
    assert index_folder(entry) != first
    monkeypatch.setenv("ITLIM_ENCODER", encoder)
    write_dataset(path, ROWS[:2])
    second = build_index(entry, lexical_only=True).folder
    assert second != first
    assert len(open_index(second).instances) == 2
    assert len(open_index(first).instances) == 4


def test_the_old_index_of_a_changed_dataset_remains_usable_as_stale_until_rebuilt(entry, path):
    old = build_index(entry, lexical_only=True).folder
    write_dataset(path, ROWS[:2])
    assert index_folder(entry) == old
    assert open_index(index_folder(entry)).is_stale()
    new = ensure_index(entry, lexical_only=True).folder
    assert index_folder(entry) == new != old
    path.unlink()
    assert index_folder(entry) in (old, new)


def test_an_index_beside_the_dataset_is_used_while_the_content_is_the_same(tmp_path):
    entry = entry_of(write_dataset(tmp_path / "toy.jsonl"))
    beside = build_index(entry, tmp_path / "index", lexical_only=True).folder
    assert index_folder(entry) == beside
    assert index_folder(replace(entry, name="other")) != beside, "ids begin with the name"
    write_dataset(tmp_path / "toy.jsonl", ROWS[:2])
    assert index_folder(entry) != beside
    built = build_index(entry, lexical_only=True).folder
    assert index_folder(entry) == built


def test_another_file_of_the_same_name_does_not_use_the_old_index(entry, tmp_path):
    build_index(entry, lexical_only=True)
    other = entry_of(write_dataset(tmp_path / "other.jsonl", ROWS[:2]), entry.name)
    with pytest.raises(IndexMissingError):
        open_index(index_folder(other))


def test_a_dataset_read_in_another_way_has_another_index(tmp_path):
    rows = [{"a": "Which river?", "b": "The Nile."}, {"a": "Which city?", "b": "Paris."}]
    path = write_dataset(tmp_path / "rows.jsonl", rows)

    def entry(instruction, response):
        mapping = {"instruction": instruction, "response": response}
        return DatasetEntry(name="rows", path=path, mapping=mapping)

    first = build_index(entry("a", "b"), lexical_only=True)
    second = build_index(entry("b", "a"), lexical_only=True)
    assert first.folder != second.folder
    assert (
        first.instance_at(0)["instruction"] == second.instance_at(0)["response"] == "Which river?"
    )


def test_a_hub_dataset_is_not_looked_up_to_find_its_index():
    entry = DatasetEntry(name="far", hub="owner/far")
    assert not index_folder(entry).exists()


@pytest.mark.parametrize("phase", ["Reading", "suffixes", "Embedding instr", "Embedding pairs"])
def test_canceling_leaves_nothing(entry, tmp_path, phase):
    out = tmp_path / "out" / "index"
    stop = threading.Event()

    def progress(_fraction, message):
        if phase in message:
            stop.set()

    with pytest.raises(CancelledError):
        build_index(entry, out, progress=progress, cancelled=stop.is_set)
    assert list(out.parent.iterdir()) == []
    assert build_index(entry, out).has_meaning


def test_canceling_the_embeddings_leaves_the_lexical_index(entry):
    folder = build_index(entry, lexical_only=True).folder
    before = stamps(folder)
    with pytest.raises(CancelledError):
        build_index(entry, cancelled=lambda: True)
    assert stamps(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_killed_build_leaves_nothing_that_opens_and_the_next_cleans_up(path, tmp_path):
    out = tmp_path / "out" / "index"
    script = f"""
        import os, signal
        from pathlib import Path
        from itlim.library import DatasetEntry
        from itlim.trace import build_index

        def progress(fraction, message):
            if "suffixes" in message:
                os.kill(os.getpid(), signal.SIGKILL)

        entry = DatasetEntry(name="rivers", path=Path({str(path)!r}))
        build_index(entry, Path({str(out)!r}), lexical_only=True, progress=progress)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not out.exists()
    assert len(list(out.parent.iterdir())) == 1, "the draft of the killed build"
    build_index(entry_of(path), out, lexical_only=True)
    assert [left.name for left in out.parent.iterdir()] == ["index"]


def test_progress_rises_to_the_end_and_names_every_phase(entry, tmp_path):
    seen = []
    build_index(entry, tmp_path / "i", progress=lambda *step: seen.append(step))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    said = " ".join(message for _, message in seen)
    for phase in ("Reading rivers", "sorting suffixes", "Loading the encoder",
                  "Embedding instructions", "Embedding pairs: 100%", "Writing"):  # fmt: skip
        assert phase in said


def test_concurrent_builds_do_the_work_once(entry, monkeypatch):
    builds = []
    write_words = build.write_words
    started, go_on = threading.Event(), threading.Event()

    def slowly(folder, reader, phases):
        builds.append(folder)
        started.set()
        assert go_on.wait(10)
        return write_words(folder, reader, phases)

    monkeypatch.setattr(build, "write_words", slowly)
    messages = []

    def second_says(_fraction, message):
        messages.append(message)
        if "Waiting" in message:
            go_on.set()

    first = threading.Thread(target=build_index, args=(entry,), kwargs={"lexical_only": True})
    first.start()
    assert started.wait(10)
    found = build_index(entry, lexical_only=True, progress=second_says)
    first.join()
    assert any("Waiting" in message for message in messages)
    assert len(builds) == 1
    assert len(found.instances) == 4


def test_waiting_for_another_build_can_be_canceled(entry, tmp_path):
    from itlim.progress import Phases
    from itlim.trace.index.folders import locked

    out = tmp_path / "index"
    with locked(out, Phases({})), pytest.raises(CancelledError):
        build_index(entry, out, lexical_only=True, cancelled=lambda: True)


def test_a_dataset_that_changes_during_the_build_is_refused(entry, path, tmp_path):
    def progress(_fraction, message):
        if "suffixes" in message:
            write_dataset(path, ROWS[:2])

    with pytest.raises(DatasetError, match="changed while it was being read"):
        build_index(entry, tmp_path / "index", lexical_only=True, progress=progress)
    assert not (tmp_path / "index").exists()


def test_only_an_index_is_replaced(entry, path, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    for force in (False, True):
        with pytest.raises(InputError, match="not empty and does not contain an index"):
            build_index(entry, out, lexical_only=True, force=force)
    assert (out / "thesis.txt").read_text() == "years of work"
    with pytest.raises(InputError, match="is a file"):
        build_index(entry, path, lexical_only=True)
    folder = build_index(entry, tmp_path / "index", lexical_only=True).folder
    (folder / "notes.txt").write_text("about this index")
    with pytest.raises(InputError, match="does not contain an index"):
        build_index(entry, folder, lexical_only=True, force=True)


def test_an_empty_folder_is_filled(entry, tmp_path):
    (tmp_path / "index").mkdir()
    assert len(build_index(entry, tmp_path / "index", lexical_only=True).instances) == 4


def test_the_index_of_another_dataset_is_replaced_by_force_only(entry, tmp_path):
    out = tmp_path / "index"
    build_index(entry, out, lexical_only=True)
    other = entry_of(write_dataset(tmp_path / "lakes.jsonl", ROWS[:1]))
    with pytest.raises(InputError, match="index of rivers, not of lakes"):
        build_index(other, out, lexical_only=True)
    assert open_index(out).dataset == "rivers"
    assert build_index(other, out, lexical_only=True, force=True).dataset == "lakes"


@pytest.mark.parametrize("name", ["words.i32", "meta.json"])
def test_a_damaged_or_stale_index_is_rebuilt_in_its_place(entry, path, tmp_path, name):
    out = tmp_path / "index"
    build_index(entry, out, lexical_only=True)
    (out / name).write_bytes(b"damaged")
    assert len(build_index(entry, out, lexical_only=True).instances) == 4
    write_dataset(path, ROWS[:2])
    assert len(build_index(entry, out, lexical_only=True).instances) == 2


def test_an_open_index_survives_its_own_replacement(entry, path, tmp_path):
    old = build_index(entry, tmp_path / "index")
    write_dataset(path, ROWS[:1])
    build_index(entry, tmp_path / "index")
    assert old.instance_at(3)["source_line"] == 6
    assert old.lexical.words[-1] == 0


def test_another_encoder_makes_other_vectors(entry, tmp_path, monkeypatch):
    out = tmp_path / "index"
    first = build_index(entry, out).meta.encoder
    other = str(tiny_encoder(tmp_path / "other", window=5))
    second = build_index(entry, out, encoder=other).meta.encoder
    assert first is not None
    assert second is not None
    assert second.name == other
    assert second.n_pairs_cut > first.n_pairs_cut


def test_a_dataset_without_a_usable_row_gives_no_index(tmp_path):
    path = write_dataset(tmp_path / "bad.jsonl", [None, {"instruction": "x"}])
    with pytest.raises(DatasetError):
        build_index(entry_of(path), tmp_path / "index", lexical_only=True)
    assert not (tmp_path / "index").exists()
    with pytest.raises(DatasetError):
        build_index(entry_of(tmp_path / "none.jsonl"), tmp_path / "index")
    with pytest.raises(NotFoundError):
        build_index(DatasetEntry(name="far", url="https://example.org"), tmp_path / "index")


def test_a_folder_that_cannot_be_written_is_an_error(entry):
    with pytest.raises(IndexFolderError, match="cannot be written"):
        build_index(entry, Path("/proc/no/index"), lexical_only=True)
