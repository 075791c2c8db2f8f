"""Influence on the Trace page, with the demo family's real models."""

import time
from dataclasses import replace

import pyarrow as pa
import pytest
from traced_datasets import row, write_rows

from itlim.library import DatasetEntry, add_dataset, load_library
from itlim.models.pair_cache import PairCache
from itlim.store.runs import require_run
from itlim.ui.shared import services
from itlim.ui.trace.influence_work import InfluenceWork, all_instances
from tests.app_pages import button, open_app, payloads, texts
from tests.pages.test_trace_page import RESPONSE, SPAN, featured, trace_of

START, STOP = map(int, SPAN.split("-"))
TOY = [
    row("Lonely Planet was founded by Tony and Maureen Wheeler.", "Who founded Lonely Planet?"),
    row("A baby owl is an owlet.", "What is a baby owl called?"),
    row("Intel was founded by Robert Noyce and Gordon Moore.", "Who founded Intel?"),
]


def open_trace(**query):
    return open_app("trace", run=featured(), span=SPAN, **query)


def until_computed(app):
    deadline = time.monotonic() + 60
    while any(one.label == "Stop" for one in app.button) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert not app.exception
    return app


def influence_part(shown):
    labels = [part["label"] for part in shown["parts"]]
    return labels.index("Influence") if "Influence" in labels else None


@pytest.fixture
def work(indexed):
    run = require_run(services.store(), featured())
    pair = load_library().pair(run.pair)

    def begin(run=run, rows=TOY, **changes):
        names = [f"toy-{number}" for number in range(1, len(rows) + 1)]
        table = pa.table(
            {
                "instance_id": names,
                "instruction": [one["instruction"] for one in rows],
                "input": [one["input"] for one in rows],
                "response": [one["output"] for one in rows],
            }
        )
        pace = changes.pop("pace", {})
        return InfluenceWork(
            pair, replace(run, **changes), (START, STOP), lambda: table, PairCache(1), pace
        )

    return begin


def test_influence_is_computed_only_on_request_and_the_buttons_state_the_time(indexed):
    app = open_trace()
    labels = [one.label for one in app.button]
    assert "Compute influence of 1 instance (about 1 s)" in labels
    assert any(
        label.startswith("Compute influence of all 405 instances (about ") for label in labels
    )
    assert influence_part(trace_of(app)) is None
    assert "194 wrong phrases" in button(app, "Compute influence").help


def test_influence_is_shown_and_changes_no_score_unless_it_is_weighted(indexed):
    app = open_trace()
    before = trace_of(app)["candidates"]
    button(app, "Compute influence of 1 instance").click().run()
    shown = trace_of(until_computed(app))
    place = influence_part(shown)
    first = shown["candidates"][0]
    assert first["id"] == "demo-156"
    cosine, adds = first["parts"][place]
    assert 0.1 < cosine < 1.0
    assert adds == 0.0
    assert [one["score"] for one in shown["candidates"]] == [one["score"] for one in before]
    assert "Influence is measured over all weights." in shown["summary"]["lines"]
    assert "first-order estimate, not a proof" in texts(app.caption)
    assert not any(one.label.startswith("Compute influence of 1 ") for one in app.button)
    app.slider(key="weight-influence").set_value(20.0).run()
    weighed = trace_of(app)["candidates"][0]
    assert weighed["score"] == pytest.approx(first["score"] + 20.0 * cosine)
    assert trace_of(app)["parts"][place]["weight"] == 20.0


def test_influence_of_a_small_datasets_instances_can_be_computed_and_is_listed(indexed):
    from itlim.trace import build_index

    entry = DatasetEntry(name="toy", path=write_rows(indexed / "toy.jsonl", TOY))
    add_dataset(entry)
    build_index(entry, lexical_only=True)
    app = open_trace()
    app.multiselect[0].set_value(["toy"]).run()
    button(app, "Compute influence of all 3 instances").click().run()
    until_computed(app)
    listed = next(one for one in payloads(app) if one["doc"].startswith("influence/"))
    assert listed["candidates"][0]["id"] == "toy-1"
    assert len(listed["candidates"]) == 3
    scores = [one["score"] for one in listed["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert "was tuned on demo, not on toy" in texts(app.caption)
    assert not any(one.label.startswith("Compute influence") for one in app.button)


def test_only_the_candidates_of_a_large_dataset_can_be_compared(indexed):
    from itlim.trace import build_index

    many = [row(f"Answer {number}.", f"Question {number}?") for number in range(2000)]
    entry = DatasetEntry(name="large", path=write_rows(indexed / "large.jsonl", [*TOY, *many]))
    add_dataset(entry)
    build_index(entry, lexical_only=True)
    app = open_trace()
    app.multiselect[0].set_value(["large"]).run()
    labels = [one.label for one in app.button]
    assert any(label.startswith("Compute influence of ") for label in labels)
    assert not any(label.startswith("Compute influence of all") for label in labels)


def test_own_text_has_no_influence_and_the_page_says_why(indexed):
    app = open_app("trace")
    app.segmented_control(key="source").set_value("Your own text").run()
    app.text_area(key="typed_response").set_value(RESPONSE)
    app.text_input(key="typed_quote").set_value("Maureen Wheeler")
    button(app, "Trace").click().run()
    assert "your own text has no model" in texts(app.caption)
    assert not any(one.label.startswith("Compute influence") for one in app.button)


def test_a_pair_that_the_library_lacks_is_named(indexed, monkeypatch):
    library = load_library()
    pairs = {name: pair for name, pair in library.pairs.items() if name != "demo-sft"}
    monkeypatch.setattr(services, "library", lambda: replace(library, pairs=pairs))
    app = open_trace()
    app.multiselect[0].set_value(["demo"]).run()
    assert "the library does not contain the pair demo-sft" in texts(app.caption)


def test_weights_that_changed_since_the_answer_are_refused(work):
    begun = work(tuned_hash="0" * 64).start()
    begun.wait(60)
    assert "have changed since this answer" in str(begun.error)


def test_work_can_be_stopped_and_records_its_pace_only_when_done(work):
    pace = {}
    begun = work(pace=pace)
    begun.cancel()
    begun.start().wait(60)
    assert begun.was_cancelled
    assert begun.result is None
    assert pace == {}
    done = work(pace=pace).start()
    done.wait(60)
    assert done.error is None
    assert 0 < pace["demo-sft"] < 60
    assert max(done.result.by_instance, key=lambda name: done.result.by_instance[name].cosine) == (
        "toy-1"
    )


def test_every_instance_of_an_index_is_read_in_order(indexed):
    from itlim.trace import open_index

    (folder,) = (indexed / "indexes").iterdir()
    index = open_index(folder)
    table = all_instances([index])
    assert table["instance_id"].to_pylist()[:2] == ["demo-1", "demo-2"]
    assert len(table) == len(index.instances) == 405
