"""Batches on Data & models, under AppTest."""

from streamlit.testing.v1 import AppTest

from itlim.batch.exchange import export_runs, pack
from itlim.settings import PROJECT_FOLDER
from itlim.store.connection import Store
from itlim.store.runs import count_runs, delete_runs, load_run, save_run
from itlim.ui.shared import services
from tests.example_runs import example_run


def open_runs():
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=60).run()
    app = app.switch_page("pages/views/data_models.py").run()
    return app.segmented_control(key="part").set_value("Batches").run()


def archive_of(folder, run):
    """What a user uploads: the packed output of a batch."""
    with Store(folder / "other.duckdb") as store:
        save_run(store, run)
        export_runs(store, folder / "batch")
    pack(folder / "batch", folder / "batch.zip")
    return (folder / "batch.zip").read_bytes()


def upload(app, content):
    app.file_uploader(key="batch_file").set_value([("batch.zip", content, "application/zip")])
    return app.button(key="batch_import").click().run()


def test_an_uploaded_batch_is_stored_once_and_a_deleted_run_stays_deleted(tmp_path):
    run = example_run(pair="batch-pair")
    app = upload(open_runs(), archive_of(tmp_path, run))
    assert not app.exception
    assert [one.value for one in app.success] == ["Imported 1 new run."]
    assert load_run(services.store(), run.run_id).response == run.response
    delete_runs(services.store(), [run.run_id])
    app.run()
    assert load_run(services.store(), run.run_id) is None


def test_a_file_that_is_no_batch_says_what_to_upload(tmp_path):
    app = upload(open_runs(), b"text")
    assert not app.exception
    assert "not a ZIP archive" in app.error[0].value


def test_the_runs_of_the_chosen_pairs_are_offered_as_an_archive():
    app = open_runs()
    before = count_runs(services.store())
    app.multiselect(key="batch_pairs").set_value(["demo-lft"]).run()
    app.button(key="batch_export").click().run()
    assert not app.exception
    (download,) = app.get("download_button")
    n_runs = int(download.proto.label.split()[1])
    assert 0 < n_runs < before
