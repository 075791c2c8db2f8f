"""A page that mounts the mark view on marks in the session state; `?case=` picks the text."""

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT)]

from itlim.components.marking.messages import Edits, SentEvent  # noqa: E402
from itlim.components.marking.payload import Suggestion, mark_payload  # noqa: E402
from itlim.errors import InputError  # noqa: E402
from itlim.records import DEFAULT_LABELS, EventKind, Label, Mark, MarkOrigin  # noqa: E402
from itlim.ui.shared.mounts.marks import mark_view, sent_edits  # noqa: E402

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


@dataclass
class Sheet:
    """The stored state of a sheet. Streamlit may run a page twice at the same time and stop either
    run at any access to the session state, so a sheet is one plain object with a lock."""

    marks: list[Mark]
    read_only: bool = False
    done: list[list[Mark]] = field(default_factory=list)
    undone: list[list[Mark]] = field(default_factory=list)
    acked: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    elsewhere: int = 0
    saved_at: str = ""
    error: str = ""
    flag: str = ""
    conflict: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def version(self) -> int:
        return len(self.acked) + self.elsewhere

    def change_elsewhere(self, mark: Mark) -> None:
        with self.lock:
            self.elsewhere += 1
            self.marks = [*self.marks, mark]

    def apply(self, event: SentEvent) -> None:
        match event.kind:
            case EventKind.PUT_MARK:
                self.undone, self.done = [], [*self.done, self.marks]
                self.marks = put(self.marks, event.payload)
            case EventKind.DELETE_MARK:
                self.undone, self.done = [], [*self.done, self.marks]
                self.marks = [mark for mark in self.marks if mark.id != event.payload["id"]]
            case EventKind.UNDO if self.done:
                self.undone = [*self.undone, self.marks]
                *self.done, self.marks = self.done
            case EventKind.REDO if self.undone:
                self.done = [*self.done, self.marks]
                *self.undone, self.marks = self.undone
            case EventKind.SUBMIT | EventKind.SKIP:
                self.read_only = True
            case EventKind.FLAG:
                self.flag = event.payload["reason"]

    def store(self, edits: Edits, *, refuse: bool) -> None:
        """Store edits as a page does, with a list instead of a database."""
        with self.lock:
            self.error = "the database is locked by another process." if refuse else ""
            if refuse:
                return
            self.conflict = self.conflict and not edits.take_newer
            new = [event for event in edits.events if event.event_id not in self.acked]
            if new and new[0].base != self.version:
                self.conflict = True
            if self.conflict:
                return
            for event in new:
                self.apply(event)
                self.acked.append(event.event_id)
                self.saved_at = "12:03:04"
                self.log.append(f"{event.kind} {event.payload}")


case = st.query_params.get("case", "plain")
text = TEXTS.get(case, TELESCOPE)
if "sheet" not in st.session_state:
    marks = first_marks("marked" if case == "readonly" else case, text)
    st.session_state.sheet = Sheet(marks, read_only=case == "readonly")
sheet: Sheet = st.session_state.sheet
columns = st.columns(5)
refuse = columns[0].checkbox("Refuse", value=case == "refuse")
silent = columns[1].checkbox("Keep silent", value=case == "silent")
hidden = columns[3].checkbox("Hide")
if columns[2].button("Change elsewhere"):
    sheet.change_elsewhere(quoted(text, "Kourou", label="not_useful"))
doc = f"study/{case}/{st.query_params.get('run', '')}"
try:
    edits = sent_edits(key="marks-view", doc=doc, text=text)
    if edits is not None and not silent:
        sheet.store(edits, refuse=refuse)
except InputError as error:
    sheet.error = str(error)
decided = " ".join(sheet.log)
suggested = [
    Suggestion(id=f"s{number}", start=text.index(quote), stop=text.index(quote) + len(quote))
    for number, quote in enumerate(("Ariane 5", "18 gold-plated"))
    if case == "suggest" and f"'suggestion_id': 's{number}'" not in decided
]
tokens = [(at, min(at + 4, len(text))) for at in range(0, len(text), 4)]
with sheet.lock:
    payload = mark_payload(
        doc=doc,
        text=text,
        labels=MANY_LABELS if case == "labels" else DEFAULT_LABELS,
        marks=sheet.marks,
        tokens=tokens if case != "emoji" else (),
        version=sheet.version,
        acked=list(sheet.acked),
        saved_at=sheet.saved_at,
        error=sheet.error,
        conflict=sheet.conflict,
        can_undo=bool(sheet.done),
        can_redo=bool(sheet.undone),
        read_only=sheet.read_only,
        suggestions=suggested,
        flag=sheet.flag,
    )
if not hidden:
    mark_view(payload, key="marks-view")
for number, line in enumerate(sheet.log):
    st.text(f"{number}: {line}")
