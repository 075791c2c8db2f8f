"""The tour's steps and its exported file, for a story that was made up here."""

import json
import re
from dataclasses import replace

import pytest
from example_traces import example_trace

from itlim.components.tour.document import tour_document
from itlim.components.tour.messages import parse_step
from itlim.components.tour.payload import TourStory, tour_payload
from itlim.errors import InputError


def story(**changes) -> TourStory:
    trace = example_trace()
    made = TourStory(
        instruction="Who <b>painted</b> it? 🙂",
        response="🙂 It was painted by A. Nobody.",
        start=20,
        stop=29,
        base_response="It was painted by B.",
        right_answer="B.",
        is_reference=False,
        family_note="",
        source=trace.candidates[0],
        is_gone=True,
        outcome="Without x-1, “A. Nobody” is gone.",
        outcome_details=("The new answer says “B”, which is right.",),
        links=("./?run=1", "./trace?run=1", "./test?run=1"),
    )
    return replace(made, **changes)


def test_the_false_phrase_is_marked_in_utf16_units():
    texts = tour_payload(story())["steps"][0]["texts"]
    ((start, stop),) = texts[1]["marks"]
    shown = texts[1]["text"].encode("utf-16-le")[2 * start : 2 * stop].decode("utf-16-le")
    assert shown == story().quote


def test_no_step_claims_what_the_story_does_not_know():
    steps = tour_payload(story(base_response="", is_gone=False))["steps"]
    assert [one["label"] for one in steps[0]["texts"]] == ["Question", "The tuned model"]
    assert steps[2]["title"] == "Still there without it"


def test_the_first_step_says_what_is_known_of_the_right_answer_and_of_the_family():
    first = tour_payload(story(family_note="Toy: built to show it."))["steps"][0]
    assert first["notes"] == ["The right answer: “B.”.", "Toy: built to show it."]
    first = tour_payload(story(is_reference=True))["steps"][0]
    assert first["notes"] == ["Reference answer: “B.”."]


def test_the_exported_file_holds_the_steps_without_links_or_markup_of_a_model():
    page = tour_document(story())
    data = re.search(r'id="itlim-tour">(.*?)</script>', page, re.DOTALL)[1]
    assert [one["title"] for one in json.loads(data)["steps"]] == [
        "A false sentence",
        "Copied from a training example",
        "Gone without it",
    ]
    assert "./trace" not in page
    assert "<b>painted" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_a_step_outside_the_tour_is_rejected():
    assert parse_step({"doc": "d", "step": 3, "ts": 1}, doc="d") == 3
    assert parse_step({"doc": "other", "step": 3}, doc="d") is None
    with pytest.raises(InputError):
        parse_step({"doc": "d", "step": 4}, doc="d")
    assert parse_step(None, doc="d") is None
