"""A page that mounts the mark view over a list of marks in the session. `?case=` picks the text."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT)]

from itlim.annotation_view.messages import Edits, SentEvent  # noqa: E402
from itlim.annotation_view.payload import Suggestion, mark_payload  # noqa: E402
from itlim.errors import InputError  # noqa: E402
from itlim.records import DEFAULT_LABELS, EventKind, Label, Mark, MarkOrigin  # noqa: E402
from itlim.ui.mark_view import mark_view, sent_edits  # noqa: E402

st.set_page_config(layout="wide")
TELESCOPE = (
    "The James Webb Space Telescope was launched on 25 December 2021 from Kourou, aboard an "
    "Ariane 5 rocket.\n\nIts primary mirror spans 6.5 metres and is made of 18 gold-plated "
    "segments. The telescope took the very first image of an exoplanet in 2004, and it orbits "
    "the Sun about 1.5 million kilometres from Earth.\n\nThree things to remember:\n"
    "1. It observes mainly in the infrared.\n2. Its sunshield is as large as a tennis court.\n"
    "3. Dr. Elena Marchetti, its chief astronomer, won the 2022 Nobel Prize in Physics."
)
TEXTS = {
    "emoji": "👩‍👩‍👧 café 🐶 שלום",
    "awkward": "One\u00a0two\r\nthree\tfour cafe\u0301\n"
    "مرحبا بالعالم 👩‍🚀 <b>x</b> &amp; a\u202eb\n\nend",
    "long": " ".join(f"word{number}" for number in range(3000)),
}
MANY_LABELS = (*DEFAULT_LABELS, *(Label(name=f"l{n}", title=f"Label {n}") for n in range(3, 7)))


def quoted(text: str, quote: str, **changes: object) -> Mark:
    start = text.index(quote)
    values = {"id": quote, "label": "not_factual", **changes}
    return Mark(start=start, stop=start + len(quote), quote=quote, **values)


def first_marks(case: str, text: str) -> list[Mark]:
    if case != "marked":
        return []
    return [
        quoted(text, "the very first image of an exoplanet", evidence_url="https://example.org/2M"),
        quoted(text, "exoplanet in 2004", label="not_useful", origin=MarkOrigin.IMPORTED),
        quoted(text, "Dr. Elena Marchetti", note="No such person is known."),
        quoted(text, "2022 Nobel Prize in Physics"),
        quoted(text, "sunshield is as large", label="not_useful"),
    ]


def put(marks: list[Mark], payload: dict) -> list[Mark]:
    changed = Mark(**payload | {"origin": MarkOrigin(payload["origin"])})
    kept = [mark for mark in marks if mark.id != changed.id]
    return [*kept, changed]


def apply(state, event: SentEvent) -> None:
    match event.kind:
        case EventKind.PUT_MARK:
            state.undone, state.done = [], [*state.done, state.marks]
            state.marks = put(state.marks, event.payload)
        case EventKind.DELETE_MARK:
            state.undone, state.done = [], [*state.done, state.marks]
            state.marks = [mark for mark in state.marks if mark.id != event.payload["id"]]
        case EventKind.UNDO if state.done:
            state.undone = [*state.undone, state.marks]
            *state.done, state.marks = state.done
        case EventKind.REDO if state.undone:
            state.done = [*state.done, state.marks]
            *state.undone, state.marks = state.undone
        case EventKind.SUBMIT | EventKind.SKIP:
            state.read_only = True
        case EventKind.FLAG:
            state.flag = event.payload["reason"]


def store(state, edits: Edits | None) -> None:
    """What a page does, with a list for a database."""
    if edits is None or state.silent:
        return
    state.error = "the database is locked by another process." if state.refuse else ""
    if state.error:
        return
    state.conflict = state.conflict and not edits.take_newer
    new = [event for event in edits.events if event.event_id not in state.acked]
    if new and new[0].base != len(state.acked) + state.elsewhere:
        state.conflict = True
    if state.conflict:
        return
    for event in new:
        apply(state, event)
        state.acked = [*state.acked, event.event_id]
        state.saved_at = "12:03:04"
        state.log = [*state.log, f"{event.kind} {event.payload}"]


case = st.query_params.get("case", "plain")
text = TEXTS.get(case, TELESCOPE)
state = st.session_state
if "marks" not in state:
    for name, value in {"done": [], "undone": [], "acked": [], "log": [], "elsewhere": 0}.items():
        state[name] = value
    for name in ("saved_at", "error", "flag"):
        state[name] = ""
    state.conflict = False
    state.read_only = case == "readonly"
    state.marks = first_marks("marked" if case == "readonly" else case, text)
columns = st.columns(5)
columns[0].checkbox("Refuse", key="refuse", value=case == "refuse")
columns[1].checkbox("Keep silent", key="silent", value=case == "silent")
hidden = columns[3].checkbox("Hide")
if columns[2].button("Change elsewhere"):
    state.elsewhere += 1
    state.marks = [*state.marks, quoted(text, "Kourou", label="not_useful")]
doc = f"study/{case}/{st.query_params.get('run', '')}"
try:
    store(state, sent_edits(key="marks-view", doc=doc, text=text))
except InputError as error:
    state.error = str(error)
decided = " ".join(state.log)
suggested = [
    Suggestion(id=f"s{number}", start=text.index(quote), stop=text.index(quote) + len(quote))
    for number, quote in enumerate(("Ariane 5", "18 gold-plated"))
    if case == "suggest" and f"'suggestion_id': 's{number}'" not in decided
]
tokens = [(at, min(at + 4, len(text))) for at in range(0, len(text), 4)]
payload = mark_payload(
    doc=doc,
    text=text,
    labels=MANY_LABELS if case == "labels" else DEFAULT_LABELS,
    marks=state.marks,
    tokens=tokens if case != "emoji" else (),
    version=len(state.acked) + state.elsewhere,
    acked=state.acked,
    saved_at=state.saved_at,
    error=state.error,
    conflict=state.conflict,
    can_undo=bool(state.done),
    can_redo=bool(state.undone),
    read_only=state.read_only,
    suggestions=suggested,
    flag=state.flag,
)
if not hidden:
    mark_view(payload, key="marks-view")
for number, line in enumerate(state.log):
    st.text(f"{number}: {line}")
