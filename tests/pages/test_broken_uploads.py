"""Files that are broken, sent through the upload fields: one error each, and every page opens."""

import io
import json
import zipfile

import pytest
from app_pages import open_app, unescaped
from example_runs import FEATURED_RUN, example_run

from itlim.export import run_to_json, run_to_parquet
from itlim.store.runs import count_runs, load_measured
from itlim.ui.shared import services


def zipped(manifest, **tables):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("manifest.json", manifest)
        for name, content in tables.items():
            archive.writestr(f"{name}.parquet", content)
    return sink.getvalue()


def manifest(**parts):
    return json.dumps({"format": "itlim-batch/1", "complete": True} | parts)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(manifest(files=None)), "is damaged: files is None"),
        (zipped(manifest(files={"runs.parquet": []})), "is damaged: files is"),
        (zipped(manifest()), "lacks runs.parquet"),
        (zipped(manifest(files={}), runs=b"PAR1"), "lacks runs.parquet"),
        (zipped("[" * 5000), "cannot be read"),
    ],
)
def test_a_broken_archive_of_a_batch_is_one_error(content, said):
    app = open_app("data_models", part="Batches")
    before = count_runs(services.store())
    app.file_uploader(key="batch_file").set_value([("batch.zip", content, "application/zip")])
    app.button(key="batch_import").click().run()
    assert not app.exception
    assert said in unescaped(app.error)
    assert count_runs(services.store()) == before


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 5000, b"PAR1 PAR1", b'{"a":' * 3000])
def test_a_broken_file_of_instructions_is_one_error(content):
    app = open_app("data_models", part="Batches")
    app.file_uploader(key="batch_instructions").set_value(
        [("asked.jsonl", content, "application/json")]
    ).run()
    assert not app.exception
    assert len(app.error) == 1


def test_a_run_that_no_page_could_show_is_not_imported_and_the_first_page_opens(home):
    featured = load_measured(services.store(), FEATURED_RUN)
    hostile = json.loads(run_to_json(featured)) | {"run_id": "ab" * 8, "tuning": "x"}
    nan = run_to_json(example_run()).replace('"js": 0.01', '"js": NaN')
    cut = run_to_parquet(example_run())[:-40]
    app = open_app("data_models", part="Stored runs")
    app.file_uploader(key="import_files").set_value(
        [
            ("hostile.json", json.dumps(hostile).encode(), "application/json"),
            ("nan.json", nan.encode(), "application/json"),
            ("cut.parquet", cut, "application/octet-stream"),
        ]
    )
    app.button(key="import_start").click().run()
    assert not app.exception
    said = unescaped(app.error)
    assert "tuning is 'x', expected one of none, full, adapter" in said
    assert "js is nan, expected" in said
    assert len(app.error) == 3
    app = open_app("ask", run=FEATURED_RUN)
    assert not app.exception
