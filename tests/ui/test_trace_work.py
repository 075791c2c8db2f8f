"""What pages ask of tracing, without a page: threads, names of datasets, who holds what."""

import sys
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from itlim.errors import EncoderError
from itlim.library import load_library
from itlim.ui.shared.tracing.datasets import datasets_of_run
from itlim.ui.shared.tracing.work import Meaning
from itlim.ui.trace.borrowers import StoredSpans
from tests.example_runs import example_run
from tests.example_traces import RESPONSE, example_spans


def test_meaning_is_known_once_it_was_read():
    gate = threading.Event()
    meaning = Meaning(gate.wait).start()
    assert not meaning.is_known
    gate.set()
    meaning.wait(5)
    assert meaning.is_known


@pytest.mark.parametrize(
    ("error", "said"), [(EncoderError("no encoder"), "no encoder"), (OSError("x"), "OSError: x")]
)
def test_what_goes_wrong_while_reading_is_kept_for_the_page(error, said):
    def fail():
        raise error

    meaning = Meaning(fail).start()
    meaning.wait(5)
    assert meaning.done
    assert not meaning.is_known
    assert said in str(meaning.error)


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
def looked_through(monkeypatch):
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


def test_who_holds_an_instances_content_words_is_found(looked_through):
    found, _ = looked_through
    found.look_through([row("a", RESPONSE), row("b", "Something else.")])
    found.wait(5)
    (borrower,) = found.borrowers(87)
    assert borrower.run_id == "a"
    assert borrower.quotes == ["was founded by Tony and Maureen Wheeler"]
    assert found.borrowers(88) == []
    assert found.fraction == 1


def test_only_new_responses_are_looked_through(looked_through):
    found, calls = looked_through
    found.look_through([row("a", RESPONSE)])
    found.wait(5)
    found.look_through([row("a", RESPONSE), row("b", "More.")])
    found.wait(5)
    assert calls == [RESPONSE, "More."]


def test_deleted_responses_are_not_named(looked_through):
    found, _ = looked_through
    found.look_through([row("a", RESPONSE)])
    found.wait(5)
    found.look_through([row("b", "More.")])
    found.wait(5)
    assert found.borrowers(87) == []
