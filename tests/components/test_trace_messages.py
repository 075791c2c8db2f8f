import pytest

from itlim.components.trace.messages import parse_candidate, parse_characters, parse_unfolded
from itlim.errors import InputError

KNOWN = {"demo-1", "demo-2"}


def test_a_candidate_on_screen_is_accepted():
    assert parse_candidate({"doc": "d", "id": "demo-2", "ts": 1}, doc="d", known=KNOWN) == "demo-2"


@pytest.mark.parametrize(
    "raw", [None, {"doc": "other", "id": "demo-1"}, {"doc": "d", "id": "demo-9"}]
)
def test_out_of_date_messages_are_ignored(raw):
    assert parse_candidate(raw, doc="d", known=KNOWN) is None


@pytest.mark.parametrize("raw", ["demo-1", {"doc": "d"}, {"id": "demo-1"}, {"doc": "d", "id": 3}])
def test_a_malformed_candidate_is_refused(raw):
    with pytest.raises(InputError, match="browser sent"):
        parse_candidate(raw, doc="d", known=KNOWN)


def test_characters_within_the_response_are_accepted():
    assert parse_characters({"doc": "d", "start": 2, "stop": 5}, doc="d", length=5) == (2, 5)
    assert parse_characters({"doc": "d", "start": 2, "stop": 6}, doc="d", length=5) is None
    assert parse_characters({"doc": "x", "start": 2, "stop": 5}, doc="d", length=5) is None
    assert parse_characters(None, doc="d", length=5) is None


@pytest.mark.parametrize(("start", "stop"), [(3, 3), (-1, 2), (True, 2), ("1", 2), (1.0, 2)])
def test_malformed_characters_are_refused(start, stop):
    with pytest.raises(InputError, match="browser sent"):
        parse_characters({"doc": "d", "start": start, "stop": stop}, doc="d", length=9)


def test_unfolded_parts_are_in_a_fixed_order_and_unknown_ones_are_ignored():
    sent = {"doc": "d", "parts": ["others", "x", "figures"], "ts": 1}
    assert parse_unfolded(sent, doc="d") == ("figures", "others")
    assert parse_unfolded({"doc": "d", "parts": []}, doc="d") == ()
    assert parse_unfolded(sent, doc="another") is None
    assert parse_unfolded(None, doc="d") is None
