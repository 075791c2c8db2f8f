import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.components.shared.messages import is_about
from itlim.components.tokens.messages import parse_metric, parse_position, parse_range
from itlim.errors import InputError


def test_a_range_of_this_response_is_read():
    raw = {"doc": "run", "start": 3, "stop": 5, "ts": 1}
    assert parse_range(raw, doc="run", n_tokens=5) == (3, 5)


def test_a_position_of_this_response_is_read():
    assert parse_position({"doc": "run", "position": 4}, doc="run", n_tokens=5) == 4


def test_missing_messages_and_those_about_other_responses_are_ignored():
    assert parse_range(None, doc="run", n_tokens=5) is None
    assert parse_range({"doc": "old", "start": 0, "stop": 1}, doc="run", n_tokens=5) is None
    assert parse_position({"doc": "old", "position": 0}, doc="run", n_tokens=5) is None


def test_messages_beyond_the_current_tokens_are_ignored():
    assert parse_range({"doc": "run", "start": 3, "stop": 6}, doc="run", n_tokens=5) is None
    assert parse_position({"doc": "run", "position": 5}, doc="run", n_tokens=5) is None


def test_an_empty_range_means_that_nothing_is_selected():
    assert parse_range({"doc": "run", "start": 0, "stop": 0}, doc="run", n_tokens=5) is None
    assert is_about({"doc": "run", "start": 0, "stop": 0}, "run")
    assert not is_about(None, "run")
    assert not is_about({"doc": "old"}, "run")


def test_metrics_are_known_columns_or_the_category():
    assert parse_metric({"doc": "x", "column": "js"}) == "js"
    assert parse_metric({"doc": "x", "column": "category"}) is None
    for raw in ({"column": "text"}, {}, {"column": ["js"]}, "js"):
        with pytest.raises(InputError):
            parse_metric(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "0-3",
        {"start": 0, "stop": 1},
        {"doc": 7, "start": 0, "stop": 1},
        {"doc": "run", "start": 3, "stop": 1},
        {"doc": "run", "start": -1, "stop": 1},
        {"doc": "run", "start": False, "stop": True},
        {"doc": "run", "start": 0.0, "stop": 1.0},
        {"doc": "run", "start": "0", "stop": "1"},
        {"doc": "run", "start": 0},
    ],
)
def test_malformed_ranges_are_rejected(raw):
    with pytest.raises(InputError, match="browser sent"):
        parse_range(raw, doc="run", n_tokens=5)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"start": -1, "stop": 1}, "start = -1: expected a whole number >= 0."),
        ({"start": 0, "stop": True}, "stop = True: expected a whole number."),
        ({"start": 0}, "{'doc': 'run', 'start': 0}: expected an object with stop."),
        ({"start": 3, "stop": 1}, "the token range [3, 1): expected start <= stop"),
    ],
)
def test_an_error_names_what_was_received_and_expected(raw, message):
    with pytest.raises(InputError, match=re.escape(f"The browser sent {message}")):
        parse_range({"doc": "run"} | raw, doc="run", n_tokens=5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON | st.fixed_dictionaries({"doc": st.just("run"), "start": JSON, "stop": JSON}))
def test_any_value_gives_a_valid_range_none_or_an_input_error(raw):
    try:
        found = parse_range(raw, doc="run", n_tokens=9)
    except InputError:
        return
    assert found is None or (type(found[0]) is int and 0 <= found[0] < found[1] <= 9)
