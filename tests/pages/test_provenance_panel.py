"""The panel "Which dataset was this model tuned on?" of the Datasets page, under AppTest."""

import time

import pytest
from borrowed_answers import answers, build_invented, dataset_rows
from streamlit.testing.v1 import AppTest

from itlim.errors import InputError
from itlim.settings import PROJECT_FOLDER
from itlim.trace.provenance.answers import answers_of_rows
from itlim.ui.data_models.provenance_work import ProvenanceWork, uploaded_answers


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("invented")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(folder))
        return [build_invented(folder, f"set-{seed}", dataset_rows(seed), patch) for seed in (1, 2)]


def answered(name, rows):
    return lambda: answers_of_rows(name, rows)


def finished(work):
    work.start()
    work.wait(120)
    assert work.done
    return work


def texts(elements):
    return " ".join(str(element.value) for element in elements)


def test_the_stored_answers_of_a_pair_are_compared_with_the_indexed_datasets(home, monkeypatch):
    build_invented(home, "invented", dataset_rows(1), monkeypatch, target=False)
    app = AppTest.from_file(str(PROJECT_FOLDER / "app.py"), default_timeout=120).run()
    app.switch_page("pages/views/data_models.py").run()
    # The shipped dataset has an index as well.
    assert app.multiselect(key="provenance_datasets").value == ["real", "invented"]
    app.multiselect(key="provenance_datasets").set_value(["invented"]).run()
    app.selectbox(key="provenance_pair").set_value("demo-sft").run()
    app.button(key="provenance_start").click().run()
    deadline = time.monotonic() + 120
    while not app.session_state["provenance_work"].done and time.monotonic() < deadline:
        time.sleep(0.05)
    app.run()
    assert not app.exception
    assert not app.error, texts(app.error)
    assert "Without answers of other models" in texts(app.info)
    table = next(one.value for one in app.dataframe if "share" in one.value)
    assert table["dataset"].tolist() == ["invented"]
    assert table["n"].tolist() == [272]


def show_result_of(found):
    from itlim.ui.data_models.provenance import show_result

    show_result(found)


def test_a_result_shows_one_sentence_a_table_and_the_intervals(home, indexes):
    tuned = answered("tuned", answers(0, copied_from=dataset_rows(2)))
    work = finished(ProvenanceWork(indexes, tuned, [answered("other", answers(1))]))
    assert work.error is None
    app = AppTest.from_function(show_result_of, args=(work.result,), default_timeout=60).run()
    assert not app.exception
    assert "The responses repeat set-2 more often" in texts(app.info)
    assert app.dataframe[0].value["dataset"].tolist() == ["set-2", "set-1"]
    assert len(app.get("plotly_chart")) == 1
    drawn = " ".join(one.proto.body for one in app.get("html"))
    assert "a difference of" in drawn
    assert [one.label for one in app.get("download_button")] == ["JSON", "CSV"]


def test_a_canceled_comparison_has_no_result(indexes):
    work = ProvenanceWork(indexes, answered("tuned", answers(0)), [])
    work.cancel()
    assert finished(work).was_cancelled
    assert work.result is None


def test_the_reason_of_a_failure_is_kept_for_the_page(indexes):
    other = answered("other", [{"instruction": "Why?", "output": "Because."}])
    work = finished(ProvenanceWork(indexes, answered("tuned", answers(0)), [other]))
    assert isinstance(work.error, InputError)
    assert "No instruction of other" in str(work.error)


class Uploaded:
    name = "../model a.csv"

    def getvalue(self):
        return b"instruction,output\nName a river.,The Volga.\n"


def test_an_uploaded_file_is_read_and_named_after_the_file():
    read = uploaded_answers(Uploaded())()
    assert read.name == "model a"
    assert [one.response for one in read.answers] == ["The Volga."]
