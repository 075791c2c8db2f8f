"""Batches on Data & models under AppTest: every state, and what is said before a start."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from app_pages import open_app, plain_texts, texts, unescaped

from itlim.batch.folders import BatchFolder, BatchRequest, StoredAnswers
from itlim.batch.progress import BatchEnd, BatchProgress, PairProgress
from itlim.batch.report import BatchReport, FailedItem
from itlim.models.fingerprint import pair_hashes
from itlim.store.batches import name_batch
from itlim.store.runs import list_runs
from itlim.ui.shared import batch_watch, services

ROWS = [
    {"instruction": "Tell me who founded Toyota.", "task": "qa", "topic": "companies"},
    {"instruction": "Who painted the sky of Mars?", "task": "qa"},
    {"instruction": "Say hello.", "task": "chat"},
    {"instruction": "Say hello.", "task": "chat"},
    {"note": "nothing to ask"},
]
CONTENT = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
BATCH = "b" * 16
LIMIT_SECONDS = 60


@pytest.fixture
def sleeping(monkeypatch):
    """Processes that do nothing instead of those of batches; they are ended after the test."""
    made = []

    def start(batch):
        batch.forget_end()
        made.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return made[-1]

    monkeypatch.setattr(batch_watch, "start_process", start)
    yield made
    for process in made:
        process.kill()
        process.wait()


def created(home, **changed):
    """A batch on disk whose process is not there."""
    file = home / "asked.jsonl"
    file.write_bytes(CONTENT)
    request = {
        "batch_id": BATCH, "name": "My *questions*", "pairs": ("demo-sft",), "file": file.name,
        "n_items": 4, "n_rejected": 1, "max_new_tokens": 16, "batch_size": 4, "workers": 1,
        "trace": False, "trace_in": (), "requested_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    } | changed  # fmt: skip
    batch = BatchFolder(home / "batches" / request["batch_id"])
    batch.create(BatchRequest(**request), file)
    return batch


def test_a_damaged_batch_is_named_and_the_others_are_listed(home, sleeping):
    created(home)
    bad = created(home, batch_id="a" * 16, name="Bad")
    (bad.folder / "request.json").write_text('{"pairs": null}')
    app = opened()
    assert "a" * 16 in unescaped(app.error)
    assert "damaged" in unescaped(app.error)
    assert "My *questions*" in unescaped(app.markdown)


def opened(**query):
    app = open_app("data_models", part="Batches", **query)
    assert not app.exception
    return app


def opened_when_stored():
    """The batch, once the app's thread has stored what there is of it."""
    app = opened(batch=BATCH)
    deadline = time.monotonic() + LIMIT_SECONDS
    while services.batches().state(services.batches().batch(BATCH)).value == "being stored":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return app.run()


def asked(app, pairs):
    app.file_uploader(key="batch_instructions").set_value(
        [("asked.jsonl", CONTENT, "application/json")]
    )
    app.run()
    app.multiselect(key="batch_start_pairs").set_value(pairs).run()
    assert not app.exception
    return app


def labels(app):
    return [one.label for one in app.button]


def progress(finished, total=6, failures=()):
    one = PairProgress(
        pair="demo-sft", base_hash="b", tuned_hash="t", total=total, finished=finished,
        answered=finished, seconds=3.0 * finished,
    )  # fmt: skip
    return BatchProgress(
        message="Answered by demo-sft", done=finished, total=total, updated_at=time.time() + 3600,
        seconds_left=3600.0 + 120, pairs=(one,), failures=failures,
    )  # fmt: skip


def test_without_a_batch_the_page_says_what_a_batch_is_and_what_the_file_contains():
    app = opened()
    assert "No batch has been started in this app yet." in texts(app.caption)
    assert "Only `instruction` is needed" in texts(app.markdown)
    assert "Start batch" not in labels(app)


def test_a_file_is_described_with_tags_repeats_and_rows_that_cannot_be_asked():
    app = asked(opened(), [])
    text = plain_texts(app)
    assert "4 instructions, 3 of them distinct." in text
    assert "2 tasks: qa (2), chat (2); 1 topic: companies (1)." in text
    (table,) = (one.value for one in app.dataframe if "reason" in one.value)
    assert table["line"].tolist() == [5]
    assert "no instruction; its columns with a text are: 'note'" in table["reason"][0]
    assert "Start batch" not in labels(app)


def test_a_file_without_instructions_says_what_it_needs():
    app = opened()
    app.file_uploader(key="batch_instructions").set_value(
        [("asked.jsonl", b'{"text": "?"}\n', "application/json")]
    )
    app.run()
    assert "give a file with a column `instruction`" in unescaped(app.error)


def test_before_the_start_the_page_counts_answers_and_those_that_exist():
    app = asked(opened(), ["demo-sft", "demo-lft"])
    text = plain_texts(app)
    assert "6 answers: 2 pairs × 3 distinct instructions." in text
    # The shipped runs contain the question about Toyota.
    assert "2 of them exist already and are not repeated." in text
    assert (
        "Time: unknown, since no batch with demo-sft, demo-lft or a pair of the same base has run "
        "on this machine yet."
    ) in text
    assert "Tracing takes additional time." not in text
    app.number_input(key="batch_max_tokens").set_value(64).run()
    app.segmented_control(key="batch_trace").set_value("Each pair's own dataset").run()
    assert "Tracing takes additional time." in plain_texts(app)
    assert "exist already" not in plain_texts(app)


def test_an_earlier_batch_gives_the_estimate_and_says_what_it_is_based_on(home, sleeping):
    app = asked(opened(), ["demo-sft"])
    app.button(key="batch_start").click().run()
    (batch,) = services.batches().batches()
    hashes = pair_hashes(services.library().pair("demo-sft"))
    of_pair = replace(progress(10, 10).pairs[0], base_hash=hashes.base, tuned_hash=hashes.tuned)
    batch.report(replace(progress(10, 10), pairs=(of_pair,)))
    app = asked(opened(), ["demo-lft"])
    assert "Time: a few seconds, at 3 s per answer as measured with demo-sft (n = 10, at most" in (
        plain_texts(app)
    )


def test_a_pair_that_is_not_built_says_what_builds_it_and_is_left_out():
    app = asked(opened(), ["real-sft"])
    assert "itlim real build" in unescaped(app.info)
    assert "The batch leaves it out until then." in unescaped(app.info)
    assert "Start batch" not in labels(app)
    app.multiselect(key="batch_start_pairs").set_value(["real-sft", "demo-sft"]).run()
    assert "3 answers: 1 pair × 3 distinct instructions." in plain_texts(app)


def test_a_start_opens_the_batch_under_its_address_and_again_without_a_second_process(sleeping):
    app = asked(opened(), ["demo-sft"])
    assert app.text_input(key="batch_name_asked.jsonl").value == "asked"
    app.button(key="batch_start").click().run()
    assert not app.exception
    (batch,) = services.batches().batches()
    assert app.query_params["batch"] == batch.id
    assert (batch.known / "runs.parquet").exists()
    # The batch has a copy of the uploaded file.
    assert batch.questions().read_bytes() == CONTENT
    assert not [*(batch.folder.parent / ".uploads").iterdir()]
    assert "Cancel" in labels(app)
    assert "4 instructions of asked.jsonl, answered by demo-sft" in plain_texts(app)
    app.button(key="batches_back").click().run()
    assert "**asked** · running · 4 instructions · demo-sft" in unescaped(app.markdown)
    app = asked(app, ["demo-sft"])
    assert "This batch already exists" in unescaped(app.info)
    app.button(key="batch_start").click().run()
    assert app.query_params["batch"] == batch.id
    assert len(sleeping) == 1


def test_another_batch_of_the_same_file_gets_another_name(sleeping):
    app = asked(opened(), ["demo-sft"])
    app.button(key="batch_start").click().run()
    # Of a batch that was deleted, the answers still have the name.
    run_id = list_runs(services.store(), pairs=["demo-sft"])["run_id"][0].as_py()
    name_batch(services.store(), "asked 2", [run_id])
    app = asked(opened(), ["demo-lft"])
    name = app.text_input(key="batch_name_asked.jsonl")
    assert name.value == "asked 3"
    name.set_value("asked").run()
    app.button(key="batch_start").click().run()
    assert "'asked' already exists" in unescaped(app.error)
    assert len(sleeping) == 1


def test_a_running_batch_shows_progress_per_pair_the_time_left_and_failures(home, sleeping):
    batch = created(home)
    failure = FailedItem(pair="demo-sft", item="q7", line=7, reason="too long")
    services.batches().start(batch)
    batch.report(progress(2, failures=(failure,)))
    app = opened(batch=BATCH)
    (bar,) = app.get("progress")
    assert bar.proto.text.startswith("Answered by demo-sft · 2 of 6 · about")
    assert bar.proto.text.endswith(" left")
    pairs, failed = (one.value for one in app.dataframe)
    assert pairs.to_dict("records") == [
        {"pair": "demo-sft", "answers": 6, "finished": 2, "failed": 0, "s per answer": "3.00"}
    ]
    assert failed.to_dict("records") == [
        {"line": 7, "item": "q7", "pair": "demo-sft", "reason": "too long"}
    ]


def test_a_canceled_batch_ends_its_process_and_can_be_resumed(home, sleeping):
    batch = created(home)
    services.batches().start(batch)
    app = opened(batch=BATCH)
    app.button(key="batch_cancel").click().run()
    sleeping[0].wait()
    app = opened_when_stored()
    assert "Canceled. 0 answers stored, 0 of them new." in unescaped(app.info)
    assert "My \\*questions\\*" in texts(app.subheader)
    app.button(key="batch_resume").click().run()
    assert len(sleeping) == 2
    assert "Cancel" in labels(app)


def test_after_a_restart_a_batch_whose_process_is_gone_is_interrupted_and_can_be_resumed(
    home, sleeping
):
    batch = created(home)
    batch.report(progress(2))
    app = opened_when_stored()
    assert "Interrupted: the process ended without a result" in unescaped(app.warning)
    app.button(key="batch_resume").click().run()
    assert len(sleeping) == 1


def test_a_failed_batch_shows_its_error(home):
    batch = created(home, pairs=("gone",))
    batch.finish(BatchEnd(ended_at=0.0, error="No pair named 'gone'."))
    (batch.folder / "log.txt").write_text("first\n" * 50 + "Killed\n")
    app = opened_when_stored()
    assert "No pair named 'gone'." in unescaped(app.error)
    assert "Resume" in labels(app)
    assert "Open findings" not in labels(app)
    assert app.code[0].value.splitlines() == ["first"] * 39 + ["Killed"]


def test_a_finished_batch_lists_failures_and_leads_to_its_findings_and_runs(home):
    batch = created(home)
    failed = FailedItem(pair=None, item="5", line=5, reason="no instruction")
    report = BatchReport(n_runs=3, n_new=2, n_traced=0, failed=(failed,))
    batch.report(progress(6))
    batch.finish(BatchEnd(ended_at=0.0, report=report))
    batch.note_stored(StoredAnswers(n_runs=3, n_new=2))
    opened()
    run_id = list_runs(services.store(), pairs=["demo-sft"])["run_id"][0].as_py()
    name_batch(services.store(), batch.request().name, [run_id])
    app = opened(batch=BATCH)
    assert "Finished. 3 answers stored, 2 of them new." in unescaped(app.success)
    assert app.dataframe[1].value["pair"].tolist() == ["every pair"]
    assert "Resume" not in labels(app)
    app.button(key="batch_runs").click().run()
    assert not app.exception
    assert app.segmented_control(key="part").value == "Stored runs"
    assert app.multiselect(key="runs_pairs").value == ["demo-sft"]
    assert "batch" not in app.query_params


def test_the_findings_of_a_stopped_batch_are_those_of_the_pairs_that_answered(home, indexed):
    batch = created(home, pairs=("demo-lft", "demo-sft"))
    batch.note_canceled()
    batch.note_stored(StoredAnswers(n_runs=1, n_new=1))
    opened()
    run_id = list_runs(services.store(), pairs=["demo-sft"])["run_id"][0].as_py()
    name_batch(services.store(), batch.request().name, [run_id])
    app = opened(batch=BATCH)
    app.button(key="batch_findings").click().run()
    assert not app.exception
    assert app.query_params["pairs"] == "demo-sft"
    assert app.query_params["tag"] == "batch: My *questions*"
    assert not app.error


def test_a_link_to_a_deleted_batch_says_so_and_leaves_its_folder_alone(home):
    app = opened(batch="../../etc")
    assert "no batch 'etc' on this machine" in unescaped(app.error)
    app.button(key="batches_back").click().run()
    assert "No batch has been started" in texts(app.caption)


def test_a_deleted_batch_is_gone_from_the_list(home):
    batch = created(home)
    batch.note_stored(StoredAnswers(n_runs=0, n_new=0))
    app = opened(batch=BATCH)
    app.button(key="batch_delete").click().run()
    app.button(key="batch_delete_confirmed").click().run()
    assert not batch.folder.exists()
    assert "No batch has been started" in texts(opened().caption)
