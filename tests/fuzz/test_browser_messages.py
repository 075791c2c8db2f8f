"""Every decoder of addresses and of messages from browsers, on anything that can be sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.names import tidy_name
from itlim.components.marking.messages import parse_edits
from itlim.components.tokens import messages as tokens
from itlim.components.tour import messages as tour
from itlim.components.tour.payload import STEPS
from itlim.components.trace import messages as trace
from itlim.findings.estimates import Estimate
from itlim.library import load_library
from itlim.store.connection import Store
from itlim.text.csv_cells import csv_cell, csv_text
from itlim.text.markdown import as_markdown, message_as_markdown
from itlim.ui.data_models.derived_view import show_derived
from itlim.ui.findings.compare import compared_pairs
from itlim.ui.findings.rows import rows_in_address
from itlim.ui.shared import permalink
from itlim.ui.shared.batch_watch import BatchWatch
from itlim.ui.shared.old_addresses import OLD_ADDRESSES, parameters
from itlim.ui.shared.people import remembered_name
from itlim.ui.shared.tracing.datasets import named_datasets
from itlim.ui.tour import page as tour_page
from itlim.ui.trace.reverse import parsed_instance
from tests.fuzz.hostile_bytes import anything, check, fuzzed, with_changes

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]
RANGE = {"doc": "d", "start": 1, "stop": 3, "step": "trace", "ts": 1}
EDITS = {
    "doc": "d",
    "tab": "t",
    "take_newer": False,
    "events": [
        {
            "event_id": "e1",
            "kind": "put_mark",
            "payload": {
                "id": "m",
                "start": 0,
                "stop": 4,
                "quote": "some",
                "label": "not_factual",
                "note": "",
                "evidence_url": "",
                "origin": "manual",
            },
            "base": 0,
            "client_time": "2026-01-01T00:00:00Z",
            "active_ms": 1,
        },
        {"event_id": "e2", "kind": "submit", "payload": {"nothing_wrong": False}, "base": 1,
         "client_time": "", "active_ms": 0},
    ],
}  # fmt: skip
numbers = st.integers().map(str) | st.sampled_from(
    ["", "-1", "0", "1", "9" * 5000, "٣", "²", "1e3", " 1", "0x1", "\x00", "1-3", "3-1", "1-", "-"]
)
values = numbers | st.text(max_size=20) | st.tuples(numbers, numbers).map("-".join)
NAMES = ["run", "token", "sel", "metric", "marginal", "shifted", "span", "cand"]


@fuzzed
@given(with_changes(RANGE))
def test_messages_of_the_token_view(raw):
    check(lambda: tokens.parse_range(raw, doc="d", n_tokens=5))
    check(lambda: tokens.parse_step(raw, doc="d"))
    check(lambda: tokens.parse_position(raw, doc="d", n_tokens=5))
    check(lambda: tokens.parse_metric(raw))


@fuzzed
@given(
    with_changes(
        {"doc": "d", "instance": "demo-1", "id": "demo-1", "start": 0, "stop": 3, "parts": ["x"]}
    )
)
def test_messages_of_the_trace_view(raw):
    check(lambda: trace.parse_candidate(raw, doc="d", known={"demo-1"}))
    check(lambda: trace.parse_characters(raw, doc="d", length=9))
    check(lambda: trace.parse_unfolded(raw, doc="d"))


@fuzzed
@given(with_changes({"doc": "d", "step": 2, "leave": True}))
def test_messages_of_the_tour(raw):
    check(lambda: tour.parse_step(raw, doc="d"))


@fuzzed
@given(with_changes(EDITS))
def test_edits_of_the_marking_view(raw):
    check(lambda: parse_edits(raw, doc="d", text="some text 😀"))


def test_the_valid_messages_are_read():
    assert len(parse_edits(EDITS, doc="d", text="some text 😀").events) == 2
    assert tokens.parse_range(RANGE, doc="d", n_tokens=5) == (1, 3)


def test_addresses_of_runs_and_traces(monkeypatch):
    @fuzzed
    @given(st.dictionaries(st.sampled_from(NAMES), values))
    def run(params):
        monkeypatch.setattr(permalink.st, "query_params", params)
        check(permalink.read_view)
        check(permalink.read_trace_link)
        view = permalink.read_view()
        assert view.token is None or view.token >= 0
        assert view.selection is None or view.selection[0] < view.selection[1]

    run()


PAIRS = ["demo-sft", "demo-lft", "real-sft"]
several = st.lists(st.sampled_from(PAIRS) | st.text(max_size=8), max_size=4).map(",".join) | values


@fuzzed
@given(several)
def test_addresses_of_compared_pairs_and_datasets(text):
    first, second = compared_pairs(text, PAIRS)
    assert {first, second} <= set(PAIRS)
    _, known = named_datasets(text, PAIRS, PAIRS[:1])
    assert set(known) <= set(PAIRS)
    assert len(set(known)) == len(known)


def test_addresses_of_instances_steps_and_rows(monkeypatch):
    library = load_library()
    estimate = Estimate(finding_id="f", pair="p", claim="c", value=0.5, unit="percent", n=3,
                        of="tokens", n_responses=2, cases=("run",))  # fmt: skip

    @fuzzed
    @given(values | values.map("demo-{}".format) | values.map("f:p,{}".format))
    def run(text):
        check(lambda: parsed_instance(text, library))
        monkeypatch.setattr(tour_page.st, "query_params", {"step": text, "row": text})
        step = tour_page.named_step()
        assert step is None or 1 <= step <= STEPS
        assert set(rows_in_address([estimate])["selection"]["rows"]) <= {0}

    run()


def test_addresses_of_batches_and_derived_datasets(tmp_path):
    library = load_library()
    with Store(tmp_path / "itlim.duckdb") as store:
        watch = BatchWatch(store, tmp_path / "batches")

    @fuzzed
    @given(values | st.sampled_from(["..", ".", "/", "x" * 5000, "../..", "a/../.."]))
    def run(text):
        batch = watch.batch(text)
        assert batch.folder.parent == watch.folder
        assert batch.id not in ("", "..")
        check(batch.request)
        check(lambda: show_derived(library, text))

    run()


@fuzzed
@given(st.sampled_from(list(OLD_ADDRESSES)), st.dictionaries(st.text(max_size=9), values))
def test_old_addresses(path, params):
    check(lambda: parameters(OLD_ADDRESSES[path], params))


@fuzzed
@given(st.text(max_size=300) | st.text("%0aF+\ud800", max_size=60))
def test_names_in_cookies(value):
    name = remembered_name({"itlim_name": value})
    assert name is None or 0 < len(name) <= 60
    assert len(tidy_name(value)) <= 60


@fuzzed
@given(st.text(st.characters(codec=None)) | st.text("a`-\u202e\u2066\x1b\ud800 "))
def test_any_text_can_be_shown_in_a_message(text):
    for shown in (as_markdown(text), message_as_markdown(text)):
        assert isinstance(shown.encode(), bytes)
        assert not set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\x00\x1b") & set(shown)


@fuzzed
@given(st.text())
def test_a_cell_of_a_csv_file_is_read_as_it_was(text):
    cell = csv_cell(text)
    assert csv_text(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@fuzzed
@given(anything)
def test_any_json_value_of_a_browser_is_no_edit(raw):
    check(lambda: parse_edits(json.loads(json.dumps(raw)), doc="d", text="x"))
