"""Rows of all kinds and the example of the design, for tests of the exchange formats."""

from dataclasses import fields

from hypothesis import strategies as st

from itlim.annotation.exchange import ExchangeItem
from itlim.ids import text_sha256
from itlim.records import Item, Judgment, Mark, MarkOrigin, SheetStatus, Verdict
from itlim.text.words import word_units

DOG = "🐶 Smallest dog breed is the Cheshire Cat."
DOG_ITEM = Item(
    item_id="r1",
    instruction="Name a breed",
    text=DOG,
    text_sha256=text_sha256(DOG),
    units=word_units(DOG),
    run_id="abc",
)
CAT = Mark(id="s1", start=28, stop=40, quote="Cheshire Cat", label="not_factual")

# What has broken offsets, cells or lines in other tools.
PIECES = [
    "🐶",
    "👩‍🔬",
    "e\u0301",
    "\r\n",
    "\r",
    "\n",
    "\u00a0",
    "\u2028",
    "\x85",
    "\ufeff",
    "שלום",
    "\u202e",
    '"',
    "'",
    "'=",
    "=1+1",
    "+",
    "-",
    "@",
    "\t",
    ",",
    ";",
    "\x00",
    " ",
    "word",
]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=12))
names = st.one_of(texts.filter(bool), st.sampled_from(["=", "not_factual", "d-1"]))


def row(**others):
    """A row of the dog's response."""
    return ExchangeItem(
        **{
            "item_id": "r1",
            "text": DOG,
            "text_sha256": DOG_ITEM.text_sha256,
            "annotator": "a1",
            "units": DOG_ITEM.units,
            "instruction": DOG_ITEM.instruction,
            "run_id": DOG_ITEM.run_id,
            **others,
        }
    )


@st.composite
def marks(draw, text):
    if not text:
        return ()
    found = []
    for number in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text) - 1))
        stop = draw(st.integers(start + 1, len(text)))
        found.append(
            Mark(
                id=f"{draw(texts)}{number}",
                start=start,
                stop=stop,
                quote=text[start:stop],
                label=draw(names),
                note=draw(texts),
                evidence_url=draw(
                    st.sampled_from(["", "https://example.org/é?a=1#b", "http://[::1]:80"])
                ),
                origin=draw(st.sampled_from(MarkOrigin)),
            )
        )
    return tuple(sorted(found, key=lambda mark: (mark.start, mark.stop)))


judgments = st.builds(
    Judgment,
    span_id=texts,
    instance_id=texts,
    verdict=st.sampled_from(Verdict),
    rationale=texts,
    retriever=texts,
    rank=st.none() | st.integers(1, 100),
    score=st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 9),
    considered=st.lists(texts, max_size=2).map(tuple),
)


@st.composite
def tables(draw):
    """Rows of several items and annotators, each pair once; rows of an item agree on its fields."""
    rows = []
    for number in range(draw(st.integers(0, 3))):
        text = draw(texts)
        units = word_units(text) if draw(st.booleans()) else tuple((n, n) for n in range(len(text)))
        shared = {
            "item_id": f"{draw(texts)}{number}",
            "text": text,
            "text_sha256": text_sha256(text),
            "instruction": draw(texts),
            "input": draw(texts),
            "run_id": draw(texts),
            "units": units,
            "units_are_tokens": draw(st.booleans()),
        }
        for annotator in draw(st.lists(names, max_size=2, unique=True)):
            rows.append(
                ExchangeItem(
                    **shared,
                    annotator=annotator,
                    status=draw(st.sampled_from(SheetStatus)),
                    active_ms=draw(st.integers(0, 10**9)),
                    marks=draw(marks(text)),
                    judgments=tuple(draw(st.lists(judgments, max_size=2))),
                    flag=draw(texts),
                    skip_reason=draw(texts),
                    comment=draw(texts),
                    suggestions_on=draw(st.booleans()),
                    revealed=draw(st.booleans()),
                )
            )
    return rows


def items_of(rows):
    """Known items by id."""
    return {one.item_id: item_of(one) for one in rows}


def item_of(one):
    names = (field.name for field in fields(Item) if field.name not in ("batch", "position"))
    return Item(**{name: getattr(one, name) for name in names})
