"""The parts that a view receives while an answer grows."""

import json

import pytest
from token_tables import ReplayedTable, long_table, telescope_table

from itlim.components.tokens.feed import TokenFeed
from itlim.components.tokens.payload import token_payload

NAMES = {"doc": "live", "base_name": "base", "tuned_name": "sft"}


def joined(shown: dict, update: dict) -> dict:
    """As `joinedData` of token_table.js does it; tests/browser compares the two."""
    if "follows" not in update:
        return update
    assert update["follows"] == shown["part"]
    start, known = update["start"], len(shown["vocabulary"]["ids"])
    data = shown | update
    for name in ("texts", "token_ids", "argmax_ids"):
        data[name] = shown[name][:start] + update[name]
    for name in ("top_base", "top_tuned"):
        later = [
            [item if at % 2 else item + known for at, item in enumerate(row)]
            for row in update[name]
        ]
        data[name] = shown[name][:start] + later
    data["columns"] = {
        name: values[:start] + update["columns"][name] for name, values in shown["columns"].items()
    }
    data["ends"] = [end for end in shown["ends"] if end < start] + update["ends"]
    data["vocabulary"] = {
        name: shown["vocabulary"][name] + update["vocabulary"][name] for name in ("ids", "texts")
    }
    return data


def seen(payload: dict) -> dict:
    """A payload in a form that does not depend on the order of its vocabulary."""
    words = payload["vocabulary"]

    def listed(row: list) -> list:
        return [
            (words["ids"][at], words["texts"][at], p)
            for at, p in zip(row[::2], row[1::2], strict=True)
        ]

    tops = {name: [listed(row) for row in payload[name]] for name in ("top_base", "top_tuned")}
    left_out = {"vocabulary", "part", "start", "follows"}
    return {name: value for name, value in payload.items() if name not in left_out} | tops


@pytest.mark.parametrize("revised", [0, 2])
def test_joined_parts_equal_the_payload_of_the_whole(revised):
    tokens = telescope_table()
    growing, feed = ReplayedTable(tokens, revised=revised), TokenFeed(**NAMES)
    assert feed.next(growing) is None
    shown: dict = {}
    for growing.count in (1, 2, 6, 10, 40, len(tokens)):
        shown = joined(shown, feed.next(growing))
        assert seen(shown) == seen(token_payload(tokens.slice(0, growing.count), **NAMES))


def test_the_same_part_is_returned_if_nothing_is_new():
    growing, feed = ReplayedTable(telescope_table(), count=5), TokenFeed(**NAMES)
    first = feed.next(growing)
    assert feed.next(growing) == first


def test_a_browser_that_lost_a_part_receives_the_whole():
    growing, feed = ReplayedTable(telescope_table(), count=5), TokenFeed(**NAMES)
    first = feed.next(growing)
    growing.count = 9
    feed.next(growing)
    feed.restart()
    whole = feed.next(growing)
    assert "follows" not in whole
    assert len(whole["texts"]) == 9
    growing.count = 10
    assert feed.next(growing)["follows"] == whole["part"] != first["part"]


def test_parts_of_different_feeds_never_share_a_number():
    growing = ReplayedTable(telescope_table(), count=3)
    numbers = {TokenFeed(**NAMES).next(growing)["part"] for _ in range(5)}
    assert len(numbers) == 5


def test_what_a_poll_sends_does_not_grow_with_the_answer():
    growing, feed = ReplayedTable(long_table(1200)), TokenFeed(**NAMES)
    sizes = []
    for growing.count in range(4, 1201, 4):
        sizes.append(len(json.dumps(feed.next(growing))))
    early, late = sizes[1:51], sizes[-50:]
    assert max(late) < 1.5 * max(early)
    assert max(late) < 4000
