"""A small study for tests, with texts that are difficult for offsets."""

from itertools import count

from itlim.annotation.protocol import plan_items
from itlim.ids import text_sha256
from itlim.records import ANYONE, AnnotationEvent, EventKind, Item, Role, Study
from itlim.store.annotation_events import SheetKey, writing_log
from itlim.text.words import word_units

TEXTS = (
    "🐶 Smallest dog breed is the Cheshire Cat.",
    "Toyota was founded by Tony and Maureen Wheeler.\r\nIt makes cafe\u0301 chairs.",
    "שלום עולם: this\u00a0is the 👩‍👩‍👧 family.",
    "Nothing is wrong here.",
)
_numbers = count(1)


def append_events(store, events, *, base) -> int:
    """Store events of one sheet without checking them; the sheet's version afterwards."""
    with writing_log(store, SheetKey.of(events[0])) as writer:
        return len(writer.append(events, base=base, guideline_version="1").events)


def item(text=TEXTS[0], **changes) -> Item:
    facts = {
        "item_id": f"item-{text_sha256(text)[:6]}",
        "instruction": "Say something.",
        "text": text,
        "text_sha256": text_sha256(text),
        "units": word_units(text),
        "units_are_tokens": False,
    }
    return Item(**(facts | changes))


PEOPLE = {ANYONE: Role.ANNOTATOR, "zoe": Role.ADJUDICATOR, "bea": Role.ADMIN}
"""Everybody may annotate, and zoe and bea may set final spans."""


def study(**changes) -> Study:
    facts = {"study_id": "dogs", "title": "Dogs", "annotators_per_item": 2, "people": PEOPLE}
    return Study(**(facts | changes))


def items(of: Study, texts=TEXTS) -> list[Item]:
    return plan_items([item(text) for text in texts], of)


def event(kind, of: Item, annotator="ann", **payload) -> AnnotationEvent:
    return AnnotationEvent(
        event_id=f"event-{next(_numbers)}",
        study_id="dogs",
        item_id=of.item_id,
        annotator=annotator,
        kind=EventKind(kind),
        payload=payload,
        active_ms=10,
    )


def put(of: Item, quote: str, annotator="ann", *, label="not_factual", mark="m1", **more):
    start = of.text.index(quote)
    return event(
        "put_mark",
        of,
        annotator,
        id=mark,
        start=start,
        stop=start + len(quote),
        quote=quote,
        label=label,
        **more,
    )
