"""The three steps of the tour as JSON, from an answer, its source and a measured removal."""

from dataclasses import dataclass
from typing import Any

from itlim.records import Candidate, InstanceField
from itlim.text.utf16 import Utf16Offsets

STEPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStory:
    """Everything that the tour says; every sentence is computed from these."""

    instruction: str
    response: str
    start: int
    stop: int
    """Half-open, code points of the response: the false phrase."""
    base_response: str
    """What the base model answers; empty if unknown."""
    right_answer: str
    is_reference: bool
    """Whether `right_answer` is a reference answer, which may be one of several right ones."""
    source: Candidate
    is_gone: bool
    """Whether a model trained without the source no longer says the phrase."""
    outcome: str
    """The first sentence of the last step: whether the phrase is gone without the source."""
    outcome_details: tuple[str, ...]
    family_note: str
    """What the family of the models shows and what not; empty if it is none that ships."""
    links: tuple[str, str, str]
    """Addresses of the same three states in the app."""

    @property
    def quote(self) -> str:
        return self.response[self.start : self.stop]


def tour_payload(story: TourStory) -> dict[str, Any]:
    """Convert a story for the browser.

    Returns:
        A JSON-ready dict: `doc`, and `steps`, each with `title`, `texts`, `notes` and `link`. A
        text has `label`, `text`, and `marks`, ranges in UTF-16 code units.
    """
    return {
        "doc": f"{story.instruction}/{story.start}-{story.stop}",
        "steps": [_false(story), _copied(story), _gone(story)],
    }


def _false(story: TourStory) -> dict[str, Any]:
    texts = [
        _text("Question", story.instruction),
        _text("The tuned model", story.response, (story.start, story.stop)),
    ]
    if story.base_response:
        texts.append(_text("The same model before this tuning", story.base_response))
    return {
        "title": "A false sentence",
        "texts": texts,
        "notes": [
            f"{'Reference' if story.is_reference else 'The right'} answer: “{story.right_answer}”.",
            *filter(None, [story.family_note]),
        ],
        "link": story.links[0],
    }


def _copied(story: TourStory) -> dict[str, Any]:
    source = story.source
    ranges = [
        (run.start, run.stop)
        for run in source.runs
        if run.field is InstanceField.RESPONSE and not run.is_fuzzy
    ]
    return {
        "title": "Copied from a training example",
        "texts": [
            _text("The tuned model", story.response, (story.start, story.stop)),
            _text(f"Training example {source.instance_id}: question", source.instruction),
            _text(f"Training example {source.instance_id}: answer", source.response, *ranges),
        ],
        "notes": []
        if source.instruction == story.instruction
        else ["The training example answers another question."],
        "link": story.links[1],
    }


def _gone(story: TourStory) -> dict[str, Any]:
    return {
        "title": "Gone without it" if story.is_gone else "Still there without it",
        "texts": [_text("Removed from training", story.source.response)],
        "statement": story.outcome,
        "notes": list(story.outcome_details),
        "link": story.links[2],
    }


def _text(label: str, text: str, *ranges: tuple[int, int]) -> dict[str, Any]:
    offsets = Utf16Offsets(text)
    return {"label": label, "text": text, "marks": [offsets.span(*one) for one in ranges]}
