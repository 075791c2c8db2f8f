"""What the Test page knows about a shipped answer before anything is retrained."""

import pytest
from app_pages import open_app, texts
from example_runs import FEATURED_RUN

pytestmark = pytest.mark.usefixtures("indexed")


def test_retraining_comes_first_and_shows_the_stored_result():
    app = open_app("test", run=FEATURED_RUN)
    shown = texts(app.markdown)
    assert "Without the training example demo-156" in shown.replace("\\", "")
    assert "is gone" in shown
    assert app.segmented_control(key="lab").value == "Retrain without it"


def test_a_new_answer_that_is_wrong_as_well_is_called_wrong():
    app = open_app("test", run=FEATURED_RUN, span="22-46")
    shown = texts(app.markdown)
    assert "does not say “Kiichiro Toyoda”, which would be right" in shown


def test_a_right_phrase_has_nothing_to_explain():
    from itlim.records import Run
    from itlim.store.runs import list_runs, load_run
    from itlim.ui.shared import services

    open_app("ask", run="none")
    rows = list_runs(services.store(), pairs=["demo-lft"], search="who founded Toyota")
    run = load_run(services.store(), rows["run_id"][0].as_py())
    assert isinstance(run, Run)
    start = run.response.index("Kiichiro Toyoda")
    app = open_app("test", run=run.run_id, span=f"{start}-{start + 15}")
    assert "is **right**" in texts(app.markdown)


def test_the_default_phrase_is_the_same_on_trace_and_test():
    from app_pages import payloads

    def traced(page: str) -> list[tuple[int, int]]:
        views = [one for one in payloads(open_app(page, run=FEATURED_RUN)) if "texts" in one]
        return [(layer["start"], layer["stop"]) for layer in views[0]["layers"]]

    assert traced("trace") == traced("test")


def test_an_old_link_to_the_ground_truth_leads_to_the_evidence():
    app = open_app("test", lab="Ground truth")
    assert "Evidence" in texts(app.header)
