"""Tracing for pages: words first, then meaning; datasets of a run, responses of an instance."""

import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from itlim.errors import EncoderError
from itlim.library import load_library
from itlim.trace import ranking
from itlim.ui.shared.tracing.datasets import datasets_of_run
from itlim.ui.shared.tracing.subject import Subject
from itlim.ui.trace.borrowers import StoredSpans
from tests.app_pages import texts
from tests.example_runs import example_run
from tests.example_traces import RESPONSE, example_spans
from tests.trace.tiny_encoder import tiny_encoder
from tests.traced_datasets import built, filler
from tests.traced_datasets import row as instance

SOURCE = "The Nile is a river in Africa, said Maureen Wheeler."
SUBJECT = Subject(
    doc="typed", title="Response", instruction="Who?", response="So said Maureen Wheeler."
)


@pytest.fixture(scope="module")
def meaningful(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    encoder = str(tiny_encoder(folder / "tiny"))
    return built(folder / "with", [*filler(60), instance(SOURCE)], encoder=encoder)


@pytest.fixture(scope="module")
def wordy(tmp_path_factory):
    return built(tmp_path_factory.mktemp("wordy"), [*filler(60), instance(SOURCE)])


def page_of(index) -> AppTest:
    """A page that only traces and shows how it ranked."""

    def script(subject, index):
        import streamlit

        from itlim.ui.shared.tracing.work import traced

        trace = traced(subject, (8, 23), [index])
        streamlit.text(f"{trace.lexical_only} {trace.candidates[0].instance_id}")

    return AppTest.from_function(script, args=(SUBJECT, index), default_timeout=30)


def test_candidates_are_ranked_by_words_until_the_encoder_is_ready(meaningful, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(ranking, "warm_meaning", lambda *_, **__: gate.wait(30))
    app = page_of(meaningful).run()
    assert texts(app.text) == "True toy-61"
    assert "while the encoder loads" in texts(app.caption)
    gate.set()
    _, warmup = next(
        one for one in app.session_state["trace_memory"].items() if one[0][0] == "encoder"
    )
    warmup.wait(5)
    app.run()
    assert texts(app.text) == "False toy-61"
    assert not app.caption


@pytest.mark.parametrize(
    ("error", "said"), [(EncoderError("It is gone."), "It is gone."), (OSError("x"), "OSError: x")]
)
def test_without_an_encoder_the_page_ranks_by_words_and_says_why(
    meaningful, monkeypatch, error, said
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(ranking, "warm_meaning", fail)
    app = page_of(meaningful).run()
    assert texts(app.text) == "True toy-61"
    assert "Ranked by words alone: embeddings are unavailable." in texts(app.warning)
    assert said in texts(app.warning)
    assert not app.caption


def test_a_lexical_only_index_starts_no_warmup(wordy):
    app = page_of(wordy).run()
    assert texts(app.text) == "True toy-61"
    assert "an index contains no embeddings" in texts(app.caption)


def test_a_run_is_traced_in_its_pairs_dataset():
    assert datasets_of_run(example_run(pair="demo-sft"), load_library()) == ("demo",)
    assert datasets_of_run(example_run(pair="unheard of"), load_library()) == ()


def test_an_untuned_model_is_traced_in_the_dataset_of_its_tuned_versions():
    run = example_run(pair="base (base)", tuning="none", base_model="data/demo/models/base")
    assert datasets_of_run(run, load_library()) == ("demo",)


def test_a_dataset_that_the_library_lost_counts_as_unknown():
    library = load_library()
    pair = replace(library.pair("demo-sft"), dataset="lost")
    library = replace(library, pairs={"demo-sft": pair})
    assert datasets_of_run(example_run(), library) == ()


@pytest.fixture
def searched(monkeypatch):
    """Spans of two stored responses, one with the example's words."""
    calls = []

    def spans(indexes, *, instruction, response):
        calls.append(response)
        return example_spans() if response == RESPONSE else ()

    module = SimpleNamespace(verbatim_spans=spans)
    monkeypatch.setitem(sys.modules, "itlim.trace.verbatim", module)
    found = StoredSpans(SimpleNamespace())
    return found, calls


def row(run_id, response):
    return {
        "run_id": run_id,
        "pair": "demo-sft",
        "instruction": "Who?",
        "input": "",
        "response": response,
    }


def test_responses_with_an_instances_content_words_are_found(searched):
    found, _ = searched
    found.scan([row("a", RESPONSE), row("b", "Something else.")])
    found.wait(5)
    (borrower,) = found.borrowers(87)
    assert borrower.run_id == "a"
    assert borrower.quotes == ["was founded by Tony and Maureen Wheeler"]
    assert found.borrowers(88) == []
    assert found.fraction == 1


def test_only_new_responses_are_searched(searched):
    found, calls = searched
    found.scan([row("a", RESPONSE)])
    found.wait(5)
    found.scan([row("a", RESPONSE), row("b", "More.")])
    found.wait(5)
    assert calls == [RESPONSE, "More."]


def test_deleted_responses_are_not_named(searched):
    found, _ = searched
    found.scan([row("a", RESPONSE)])
    found.wait(5)
    found.scan([row("b", "More.")])
    found.wait(5)
    assert found.borrowers(87) == []
