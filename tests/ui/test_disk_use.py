"""Disk use: every part once, with its size, and only what may be deleted can be."""

import os

import pytest
from traced_datasets import built, filler

from itlim.errors import InputError
from itlim.library import load_library
from itlim.store.backup import make_backup
from itlim.store.connection import Store
from itlim.trace.index.folders import indexes_folder
from itlim.ui.data_models.disk_use import DiskUse, delete_part, disk_uses, size_of


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("ITLIM_HOME", str(folder))
    monkeypatch.delenv("ITLIM_DB", raising=False)
    return folder


def by_name(parts):
    return {part.path.name: part for part in parts}


def test_an_empty_home_has_no_parts(home):
    assert disk_uses(load_library()) == []


def test_the_parts_add_up_to_the_folder(home):
    with Store(home / "itlim.duckdb") as store:
        make_backup(store)
    (home / "findings").mkdir()
    (home / "findings" / "a.json").write_bytes(b"x" * 70)
    (home / "datasets").mkdir()
    (home / "datasets" / "mine.jsonl").write_bytes(b"x" * 50)
    (home / "strange.bin").write_bytes(b"x" * 30)
    parts = disk_uses(load_library())
    assert sum(part.size for part in parts) == size_of(home)
    assert [part.size for part in parts] == sorted((part.size for part in parts), reverse=True)
    named = by_name(parts)
    assert named["findings"].size == 70
    assert {name for name, part in named.items() if part.after_deletion} == {"findings"}


def test_an_index_names_its_dataset_and_whether_the_library_has_it(home):
    folder = built(home / "made", filler()).folder
    indexes_folder().mkdir()
    folder.rename(indexes_folder() / "one")
    (indexes_folder() / "two").mkdir()
    (indexes_folder() / ".three.building-1").mkdir()
    (home / "made").rmdir() if not any((home / "made").iterdir()) else None
    named = by_name(disk_uses(load_library()))
    assert "which is not in the library" in named["one"].purpose
    assert named["two"].purpose == "damaged or unfinished index"
    assert not named[".three.building-1"].after_deletion, "somebody may be building it"


def test_only_parts_that_may_be_deleted_are(home):
    kept = home / "itlim.duckdb"
    kept.write_bytes(b"x")
    with pytest.raises(InputError, match="is not deleted from here"):
        delete_part(DiskUse(path=kept, purpose="database", size=1))
    assert kept.exists()
    gone = home / "findings"
    gone.mkdir()
    (gone / "a").write_bytes(b"x")
    delete_part(DiskUse(path=gone, purpose="findings", size=1, after_deletion="Made again."))
    assert not gone.exists()


def test_links_are_not_followed(home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "big").write_bytes(b"x" * 1000)
    (home / "link").symlink_to(outside)
    (home / "file").symlink_to(outside / "big")
    assert size_of(home) == 0
    os.rename(home / "link", home / "findings")
    part = by_name(disk_uses(load_library()))["findings"]
    delete_part(part)
    assert (outside / "big").exists()
