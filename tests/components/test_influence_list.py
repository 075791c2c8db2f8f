import json

from itlim.components.trace.influence_list import influence_payload

ROW = {
    "instance_id": "demo-7",
    "dataset": "demo",
    "source_line": 7,
    "instruction": "Name a lake.",
    "input": "",
    "response": "Lake Como 🙂",
    "extra": "{}",
}


def test_instances_keep_their_order_their_texts_and_their_cosine():
    packed = influence_payload(
        [(ROW, 0.25), (ROW | {"instance_id": "demo-8", "input": "In Italy."}, -0.5)],
        doc="d",
        licences={"demo": "CC0"},
    )
    first, second = packed["candidates"]
    assert packed["list_only"]
    assert (first["rank"], first["id"], first["score"], first["unit"]) == (
        1,
        "demo-7",
        0.25,
        "cosine",
    )
    assert (first["line"], first["licence"]) == (7, "CC0")
    assert first["fields"] == [
        {"name": "instruction", "text": "Name a lake."},
        {"name": "response", "text": "Lake Como 🙂"},
    ]
    assert [one["name"] for one in second["fields"]] == ["instruction", "input", "response"]
    assert second["score"] == -0.5
    assert json.loads(json.dumps(packed, allow_nan=False)) == packed


def test_a_list_without_instances_is_empty():
    assert influence_payload([], doc="d")["candidates"] == []
