"""Files that itlim keeps beside datasets and batches, damaged: read, or named in an error."""

import json

import pytest
from hypothesis import given

from itlim.batch.folders import BatchFolder
from itlim.batch.listing import damaged_batches, list_batches
from itlim.datasets.lineage import lineage_lines, read_lineage
from itlim.remedies.kept_replies import KeptReplies
from itlim.ui.data_models.batch_view import describe, progress_text
from itlim.ui.shared.batch_watch import BatchState
from tests.fuzz.hostile_bytes import check, fuzzed, json_variants, lines, variants, written

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]


def test_lineages(folder):
    row = {"instance_id": "d-1", "reason": "r"}
    parent = {"name": "p", "source": "/x", "sha256": "0" * 64, "rows": 2, "unreadable": 0,
              "lineage": None}  # fmt: skip
    first = {"kind": "itlim-lineage/1", "operation": "simplify", "method": "m", "version": "1",
             "parent": parent, "made_at": "2026-01-01T00:00:00", "itlim_version": "0.1", "rows": 1,
             "changed": 1, "sha256": "0" * 64, "settings": {"a": 1}, "model": "", "host": "",
             "left_out": {"r": 1}, "failed": [row]}  # fmt: skip
    valid = first | {"parent": parent | {"lineage": first}}
    dataset = written(folder, "made.jsonl", b"{}")
    written(folder, "made.jsonl.lineage", json.dumps(valid).encode())
    assert len(lineage_lines(read_lineage(dataset))) == 10

    def read_and_shown():
        if (lineage := read_lineage(dataset)) is not None:
            lineage_lines(lineage)

    @fuzzed
    @given(json_variants(valid))
    def run(content):
        written(folder, "made.jsonl.lineage", content)
        check(read_and_shown)

    run()


FAILED = {"pair": None, "item": "1", "line": 1, "reason": "r"}
BATCH_FILES = {
    "request.json": {
        "batch_id": "b", "name": "n", "pairs": ["p"], "file": "f.jsonl", "n_items": 1,
        "n_rejected": 0, "max_new_tokens": 8, "batch_size": 2, "workers": 1, "trace": False,
        "trace_in": [], "requested_at": "2026-01-01T00:00:00+00:00",
    },
    "progress.json": {
        "message": "m", "done": 1, "total": 2, "updated_at": 1.5, "seconds_left": None,
        "pairs": [{"pair": "p", "base_hash": "b", "tuned_hash": "t", "total": 2, "finished": 1,
                   "failed": 0, "answered": 1, "seconds": 0.5, "first_answered": 0,
                   "first_seconds": 0.0}],
        "failures": [FAILED],
    },
    "end.json": {
        "ended_at": 2.5, "error": "",
        "report": {"n_runs": 1, "n_new": 1, "n_traced": 0, "failed": [FAILED]},
    },
    "stored.json": {"n_runs": 1, "n_new": 1},
    "process.json": {"pid": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", BATCH_FILES)
def test_files_of_batches(folder, name):
    place = folder / "batches" / name / "b"
    place.mkdir(parents=True)
    batch = BatchFolder(place)
    for file, document in BATCH_FILES.items():
        written(place, file, json.dumps(document).encode())
    assert all((batch.request(), batch.progress(), batch.end(), batch.stored()))

    def read():
        for one in list_batches(place.parent):
            describe(one.request())
            progress_text(BatchState.RUNNING, one.progress())
            one.status()
        damaged_batches(place.parent)
        batch.process_id()
        batch.end()
        batch.stored()

    @fuzzed
    @given(json_variants(BATCH_FILES[name]))
    def run(content):
        written(place, name, content)
        check(read)

    run()


def test_kept_replies(folder):
    valid = {"request": "r", "text": "t 😀", "finish_reason": "stop", "prompt_tokens": 1,
             "completion_tokens": 2}  # fmt: skip
    assert len(KeptReplies(written(folder, "replies.jsonl", lines([valid])))) == 1

    @fuzzed
    @given(json_variants(valid) | variants(lines([valid, valid | {"request": "s"}])))
    def run(content):
        path = written(folder, "replies.jsonl", content)
        check(lambda: KeptReplies(path))

    run()
