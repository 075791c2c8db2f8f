"""The first page after an interruption says what happened; removed files are named, not fatal."""

import json
import shutil
from datetime import UTC, datetime

import pytest
from example_retrainings import experiment
from example_runs import FEATURED_RUN
from example_studies import items, study

from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.causality.retraining.unfinished import UnfinishedExperiments, request_now
from itlim.store.backup import backup_folder, list_backups, make_backup
from itlim.store.connection import Store
from itlim.store.studies import create_study, list_studies
from itlim.trace.index.folders import indexes_folder
from itlim.ui.shared.answers_under_way import InterruptibleWork, noted_work, work_under_way
from tests.app_pages import button, open_app, unescaped


def test_the_next_start_finishes_a_restore_and_says_where_the_earlier_database_is(home):
    database = home / "itlim.duckdb"
    with Store(database) as store:
        create_study(store, study(), items(study()), by="ann")
        made = make_backup(store)
    shutil.copy(made.path, home / "itlim.duckdb.restoring-20260101-000000")
    database.rename(home / "itlim.duckdb.replaced-20260101-000000")
    app = open_app("ask")
    assert not app.exception
    said = unescaped(app.warning)
    assert "Restoring a backup was interrupted, and is complete now." in said
    assert "itlim.duckdb.replaced-20260101-000000" in said
    button(app, "OK, I have read this").click().run()
    assert not app.warning
    assert "interrupted" not in unescaped(open_app("data_models").warning)


def test_interrupted_backups_and_builds_are_cleared_away_and_named(indexed):
    database = indexed / "itlim.duckdb"
    with Store(database) as store:
        made = make_backup(store)
    made.path.with_name("itlim-20260101-000000.part").write_bytes(b"half")
    (index,) = indexes_folder().iterdir()
    draft = index.with_name(f".{index.name}.building-4711")
    draft.mkdir()
    (draft / "words.i32").write_bytes(b"half")
    app = open_app("ask")
    said = unescaped(app.warning)
    assert "A backup was interrupted, and none of it is kept" in said
    assert "Building the index of demo was interrupted" in said
    assert [path.name for path in backup_folder(database).iterdir()] == [made.path.name]
    assert list(indexes_folder().iterdir()) == [index]


def lose(home, **questions):
    """What a process that was killed while it answered leaves."""
    (home / "answering").mkdir()
    for name, question in questions.items():
        document = {"instruction": question, "pid": 1, "since": 0.0}
        (home / "answering" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def test_a_question_that_was_being_answered_at_a_kill_is_named(home):
    lose(home, a="Who founded <b>Toyota</b>?")
    said = unescaped(open_app("ask").warning)
    assert "The app stopped while it answered 'Who founded <b>Toyota</b>?'" in said
    assert "Ask again" in said
    assert not (home / "answering" / "a.json").exists()


def test_a_public_server_does_not_quote_a_visitors_question(home, monkeypatch):
    monkeypatch.setenv("ITLIM_PUBLIC", "1")
    monkeypatch.setenv("ITLIM_READ_ONLY", "0")
    lose(home, a="Who founded Toyota?", b="My secret?")
    said = unescaped(open_app("ask").warning)
    assert "2 answers were under way when the app stopped" in said
    assert "secret" not in said
    assert "Toyota" not in said


def left(home, kind, name):
    """What a process that was killed during some work leaves."""
    folder = home / "under-way" / kind
    folder.mkdir(parents=True)
    document = {"instruction": name, "pid": 1, "since": 0.0}
    (folder / "a.json").write_text(json.dumps(document), encoding="utf-8")


def test_derived_datasets_judges_and_rephrasing_that_were_interrupted_are_named_once(home):
    left(home, "deriving", "short *rows*")
    left(home, "judging", "judge-x")
    left(home, "rephrasing", "Who?")
    said = unescaped(open_app("ask").warning)
    assert "Making the dataset 'short *rows*' was interrupted" in said
    assert "Rating or comparing with the judge 'judge-x' was interrupted" in said
    assert "Asking rephrased wordings of 'Who?' was interrupted" in said
    assert not list((home / "under-way").glob("*/*.json"))


def test_work_is_noted_while_it_runs_and_forgotten_when_it_ends_or_fails(home):
    def files():
        return list((home / "under-way" / "deriving").glob("*.json"))

    with noted_work(InterruptibleWork.DERIVING, "../short"):
        assert len(files()) == 1
        assert work_under_way(InterruptibleWork.DERIVING).lost() == []
    assert not files()
    with pytest.raises(ValueError, match="x"), noted_work(InterruptibleWork.DERIVING, "short"):
        raise ValueError("x")
    assert not files()


def test_a_batch_and_a_retraining_that_were_interrupted_are_named(home):
    batch = BatchFolder(home / "batches" / ("b" * 16))
    (home / "asked.jsonl").write_text('{"instruction": "Who?"}\n', encoding="utf-8")
    batch.create(
        BatchRequest(
            batch_id="b" * 16, name="My *questions*", pairs=("demo-sft",), file="asked.jsonl",
            n_items=1, n_rejected=0, max_new_tokens=8, batch_size=1, workers=1, trace=False,
            trace_in=(), requested_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        home / "asked.jsonl",
    )  # fmt: skip
    question = experiment().question
    UnfinishedExperiments().request(request_now("e", "demo-sft", question, "ann"))
    said = unescaped(open_app("ask").warning)
    assert "The batch 'My *questions*' was interrupted. Finished answers are being stored" in said
    assert "1 retraining of 'demo-sft' was interrupted" in said
    assert "Test continues with the others" in said


def test_a_start_after_a_proper_end_says_nothing(home):
    app = open_app("ask")
    assert not app.warning
    assert "OK, I have read this" not in [one.label for one in app.button]


def test_an_index_that_is_removed_while_the_page_is_open_is_built_again(indexed):
    app = open_app("trace", run=FEATURED_RUN)
    assert not app.exception
    shutil.rmtree(indexes_folder())
    app.run()
    assert not app.exception
    assert not app.error
    assert len(app.get("progress")) == 1


def test_a_full_disk_is_reported_on_the_page_that_could_not_write(home, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", str(home / "library.toml"))

    app = open_app("data_models")
    app.segmented_control(key="part").set_value("Backups").run()
    monkeypatch.setattr("itlim.ui.shared.backup_panel.make_backup", full)
    button(app, "Make a backup now").click().run()
    assert not app.exception
    assert "No space is left on the disk" in unescaped(app.error)
    monkeypatch.undo()
    with_space = app.run()
    assert not with_space.error
    assert list_backups(home / "itlim.duckdb") == []
    assert [one.study_id for one in list_studies(_opened())] == []


def _opened():
    from itlim.ui.shared import services

    return services.shared_store()
