from itlim.components.trace.hits import hits_payload
from itlim.records import InstanceField
from itlim.trace.search import Hit


def hit(**changes):
    values = {
        "dataset": "demo",
        "instance_id": "demo-7",
        "row": 7,
        "line": 9,
        "instruction": "Who?",
        "input": "",
        "response": "🙂 Ann Lee did.",
        "extra": "{}",
        "field": InstanceField.RESPONSE,
        "start": 2,
        "stop": 9,
        "score": 1.0,
        "unit": "ratio",
    }
    return Hit(**(values | changes))


def test_the_match_is_marked_in_its_field_by_utf16_units():
    (card,) = hits_payload([hit()], doc="d", licences={"demo": "CC0"})["candidates"]
    (run,) = card["runs"]
    assert card["fields"][run["field"]]["name"] == "response"
    assert run["at"] == [3, 10]
    assert run["quote"] == "Ann Lee"
    assert (card["licence"], card["line"], card["unit"]) == ("CC0", 9, "similarity")


def test_ranks_follow_the_order_and_only_inexact_matches_are_hatched():
    hits = [hit(), hit(score=0.8), hit(score=0.7, unit="cosine")]
    cards = hits_payload(hits, doc="d")["candidates"]
    assert hits_payload([hit(unit="occurrences")], doc="d")["candidates"][0]["unit"] == "time"
    assert [card["rank"] for card in cards] == [1, 2, 3]
    assert [card["runs"][0]["fuzzy"] for card in cards] == [False, True, False]
