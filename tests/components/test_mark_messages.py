import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.components.marking.messages import parse_edits
from itlim.components.marking.payload import mark_payload
from itlim.errors import InputError
from itlim.records import DEFAULT_LABELS, EventKind, Mark, MarkOrigin

TEXT = "🐶 Smallest dog breed is the Cheshire Cat."
START = TEXT.index("Cheshire")
MARK = {
    "id": "m1",
    "start": START,
    "stop": START + len("Cheshire Cat"),
    "quote": "Cheshire Cat",
    "label": "not_factual",
    "note": "",
    "evidence_url": "",
    "origin": "manual",
}


def event(kind: str = "put_mark", payload: object = None, **changes: object) -> dict:
    sent = {
        "event_id": "e1",
        "kind": kind,
        "payload": MARK if payload is None else payload,
        "base": 3,
        "client_time": "2026-01-02T12:03:04.000Z",
        "active_ms": 1200,
    }
    return sent | changes


def message(*events: object, **changes: object) -> dict:
    return {"doc": "d", "tab": "t", "events": list(events), "ts": 1} | changes


def parse(raw: object, text: str = TEXT):
    return parse_edits(raw, doc="d", text=text)


def test_a_mark_arrives_as_it_was_made():
    edits = parse(message(event()))
    assert edits.tab == "t"
    assert not edits.take_newer
    (sent,) = edits.events
    assert (sent.event_id, sent.kind, sent.base) == ("e1", EventKind.PUT_MARK, 3)
    assert (sent.client_time, sent.active_ms) == ("2026-01-02T12:03:04.000Z", 1200)
    assert sent.payload == MARK


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("delete_mark", {"id": "m1"}),
        ("undo", {}),
        ("redo", {}),
        ("flag", {"reason": "odd"}),
        ("skip", {"reason": ""}),
        ("submit", {"nothing_wrong": True}),
        ("suggestion", {"suggestion_id": "s1", "accepted": False, "shown_ms": 0}),
    ],
)
def test_every_other_kind_keeps_its_fields_and_no_more(kind, payload):
    (sent,) = parse(message(event(kind, payload | {"stranger": 1}))).events
    assert sent.kind == kind
    assert sent.payload == payload


def test_nothing_and_another_sheet_count_as_nothing():
    assert parse(None) is None
    assert parse(message(event(), doc="other")) is None


def test_no_events_and_a_wish_for_the_newer_state_is_a_message():
    edits = parse(message(take_newer=True))
    assert edits.events == ()
    assert edits.take_newer


def test_events_stay_in_order():
    edits = parse(message(*(event(event_id=f"e{n}", base=n) for n in range(5))))
    assert [sent.event_id for sent in edits.events] == ["e0", "e1", "e2", "e3", "e4"]


@pytest.mark.parametrize(
    "changes",
    [
        {"quote": "Cheshire cat"},
        {"start": 2, "stop": 2},
        {"start": 5, "stop": 3},
        {"start": -1},
        {"stop": len(TEXT) + 1},
        {"start": True},
        {"start": 28.0},
        {"stop": "40"},
        {"quote": None},
        {"label": 3},
        {"label": ""},
        {"id": ""},
        {"id": "x" * 65},
        {"note": "x" * 4001},
        {"note": None},
        {"evidence_url": "x" * 2001},
        {"origin": "stolen"},
        {"origin": ["manual"]},
    ],
)
def test_a_mark_that_cannot_be_is_refused(changes):
    with pytest.raises(InputError, match=r"browser sent|quotes|range"):
        parse(message(event(payload=MARK | changes)))


@pytest.mark.parametrize(
    "raw",
    [
        "edits",
        [],
        {"tab": "t", "events": []},
        message(tab=7),
        message(take_newer="yes"),
        message(events={"0": 1}),
        message("put_mark"),
        message(event("reveal", {})),
        message(event("nonsense", {})),
        message(event(kind=["put_mark"])),
        message(event(payload=[])),
        message(event(event_id="")),
        message(event(base=-1)),
        message(event(active_ms=True)),
        message(event(client_time=None)),
        message(event("submit", {})),
        message(event("submit", {"nothing_wrong": 1})),
        message(event("suggestion", {"suggestion_id": "s", "accepted": True, "shown_ms": -1})),
    ],
)
def test_a_message_of_another_shape_is_refused(raw):
    with pytest.raises(InputError, match="browser sent"):
        parse(raw)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (event("nonsense", {}), "kind = 'nonsense': expected one of put_mark, delete_mark"),
        (event(base=-1), "base = -1: expected a whole number >= 0"),
        (event(event_id=""), "event_id = '': expected a nonempty text"),
        (event(payload=[]), "[]: expected an object"),
        (event(payload=MARK | {"id": "x" * 65}), "expected at most 64 characters, not 65"),
        (event(payload=MARK | {"origin": "stolen"}), "origin = 'stolen': expected one of 'manual'"),
        (event(payload=MARK | {"note": None}), "note = None: expected a text"),
        (event("submit", {"nothing_wrong": 1}), "nothing_wrong = 1: expected true or false"),
    ],
)
def test_an_error_names_what_was_received_and_expected(sent, said):
    with pytest.raises(InputError, match=f"The browser sent.*{re.escape(said)}"):
        parse(message(sent))


def test_utf_16_offsets_are_noticed():
    wrong = MARK | {"start": MARK["start"] + 1, "stop": MARK["stop"] + 1}
    with pytest.raises(InputError, match="code points"):
        parse(message(event(payload=wrong)))


@given(text=st.text(min_size=1), data=st.data())
def test_any_span_of_any_text_keeps_its_quote_to_the_browser_and_back(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    stop = data.draw(st.integers(start + 1, len(text)))
    given_mark = Mark(id="m", start=start, stop=stop, quote=text[start:stop], label="not_factual")
    payload = mark_payload(doc="d", text=text, labels=DEFAULT_LABELS, marks=[given_mark])
    (sent,) = parse(message(event(payload=payload["marks"][0])), text=text).events
    kept = Mark(**sent.payload | {"origin": MarkOrigin(sent.payload["origin"])})
    assert kept == given_mark
    assert text[kept.start : kept.stop] == kept.quote
