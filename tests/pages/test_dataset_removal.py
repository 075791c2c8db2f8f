"""Removing a dataset or its index on Data & models: asked first, with what depends on it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from app_pages import plain_texts, unescaped
from example_retrainings import experiment
from remedies.parents import ROWS, parent_of, write_rows
from streamlit.testing.v1 import AppTest

from itlim.batch.folders import BatchFolder, BatchRequest, StoredAnswers
from itlim.library import DatasetEntry, add_dataset, load_library
from itlim.remedies.deriving import write_derived
from itlim.remedies.simplify_rules import SimplifyRules
from itlim.remedies.simplifying import simplified_by_rules
from itlim.store.retrainings import save_retraining
from itlim.trace import build_index
from itlim.trace.index.folders import index_folder, indexes_folder
from itlim.ui.data_models import dataset_removal
from itlim.ui.data_models.dataset_removal import (
    dependents_of_dataset,
    dependents_of_index,
    is_own_index,
)
from itlim.ui.shared import services

BATCH = {
    "batch_id": "b" * 16, "name": "My *batch*", "pairs": ("demo-sft",), "file": "asked.jsonl",
    "n_items": 1, "n_rejected": 0, "max_new_tokens": 8, "batch_size": 1, "workers": 1,
    "trace": False, "trace_in": ("mine",), "requested_at": datetime(2026, 1, 1, tzinfo=UTC),
}  # fmt: skip


@pytest.fixture
def mine(home):
    """A dataset of the library with an index."""
    entry = DatasetEntry(name="mine", path=write_rows(home / "mine.jsonl", ROWS))
    add_dataset(entry)
    build_index(entry, lexical_only=True)
    return entry


@pytest.fixture
def needed(mine, home):
    """What depends on it: a derived dataset, a batch and a stored retraining."""
    parent = parent_of(home, ROWS)
    out = home / "short.jsonl"
    write_derived(out, parent, simplified_by_rules(parent, SimplifyRules(sentences=1)))
    add_dataset(DatasetEntry(name="short", path=out))
    (home / "asked.jsonl").write_text('{"instruction": "Who?"}\n', encoding="utf-8")
    batch = BatchFolder(home / "batches" / BATCH["batch_id"])
    batch.create(BatchRequest(**BATCH), home / "asked.jsonl")
    batch.note_canceled()
    batch.note_stored(StoredAnswers(n_runs=0, n_new=0))
    save_retraining(services.store(), experiment(instance_ids=("mine-2",)))
    return mine


def detail(name):
    def show(name):
        from itlim.library import load_library
        from itlim.ui.data_models.datasets import dataset_detail

        library = load_library()
        dataset_detail(library.dataset(name), library)

    return AppTest.from_function(show, args=(name,), default_timeout=60).run()


def test_what_depends_on_a_dataset_is_named(needed):
    said = " ".join(dependents_of_dataset(needed, load_library()))
    assert "Batches that trace phrases in it: 'My *batch*'" in said
    assert "Made from it: 'short'" in said
    assert "1 stored retraining left out instances of it" in said
    demo = load_library().dataset("demo")
    said = " ".join(dependents_of_index(demo, load_library()))
    assert "Answers of 'demo-sft', 'demo-lft', which were tuned on it" in said


def asked(what, name):
    """The content of a dialog, which AppTest cannot keep open over a second press."""

    def show(what, name):
        from itlim.library import load_library
        from itlim.ui.data_models import dataset_removal

        if name in load_library().datasets:
            getattr(dataset_removal, what)(load_library().dataset(name))

    return AppTest.from_function(show, args=(what, name), default_timeout=60).run()


def test_an_index_is_deleted_only_after_it_was_confirmed(needed):
    folder = index_folder(needed)
    app = detail("mine")
    app.button(key="delete_index").click().run()
    assert not app.exception
    assert folder.exists()
    assert "My *batch*" in unescaped(app.markdown)
    app = asked("ask_index_deletion", "mine")
    app.button(key="delete_index_confirmed").click().run()
    assert not app.exception
    assert not folder.exists()
    assert needed.path.exists()


def test_a_folder_that_cannot_be_deleted_is_an_error(mine, monkeypatch):
    def denied(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(dataset_removal.shutil, "rmtree", denied)
    app = asked("ask_index_deletion", "mine")
    app.button(key="delete_index_confirmed").click().run()
    assert not app.exception
    assert "cannot be deleted: Permission denied" in unescaped(app.error)
    app = asked("ask_removal", "mine")
    app.button(key="remove_dataset_confirmed").click().run()
    assert not app.exception
    assert "cannot be deleted: Permission denied" in unescaped(app.error)
    assert "mine" in load_library().datasets


def test_a_dataset_is_removed_with_its_index_after_it_was_confirmed(mine):
    folder = index_folder(mine)
    app = detail("mine")
    app.button(key="remove_dataset").click().run()
    assert "mine" in load_library().datasets
    app = asked("ask_removal", "mine")
    app.button(key="remove_dataset_confirmed").click().run()
    assert "mine" not in load_library().datasets
    assert not folder.exists()
    assert mine.path.exists()


def test_an_index_that_ships_is_not_deleted(home):
    real = load_library().dataset("real")
    shipped = index_folder(real)
    assert not is_own_index(shipped)
    assert not is_own_index(Path(indexes_folder() / ".." / "x"))
    app = detail("real")
    assert not app.exception
    assert "ships with itlim and cannot be deleted" in plain_texts(app)
    assert "delete_index" not in [one.key for one in app.button]
    assert shipped.exists()
