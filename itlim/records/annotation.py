"""What people say about a response: studies, marks, verdicts, and the events they are made of.

All offsets are code points, half-open, into a text that never changes once it is marked.
Nothing here is overwritten: a person's sheet is what their events add up to.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a person may do in a study; each may do what those before it may."""

    ANNOTATOR = "annotator"
    ADJUDICATOR = "adjudicator"
    ADMIN = "admin"


class SheetStatus(StrEnum):
    """How far one person is with one item."""

    OPEN = "open"
    SUBMITTED = "submitted"
    SKIPPED = "skipped"


class MarkOrigin(StrEnum):
    """How a mark came to be."""

    MANUAL = "manual"
    SUGGESTED = "suggested"
    """A span worth a look, accepted."""
    IMPORTED = "imported"
    ADJUDICATED = "adjudicated"


class Verdict(StrEnum):
    """A person's judgement of where a span came from (paper, section 5: yes, no, N/A)."""

    CAUSAL = "causal"
    COINCIDENTAL = "coincidental"
    UNSURE = "unsure"
    NOT_APPLICABLE = "not_applicable"


class EventKind(StrEnum):
    """What can happen to a sheet; the payload of each is named in `annotation.sheet`."""

    PUT_MARK = "put_mark"
    DELETE_MARK = "delete_mark"
    UNDO = "undo"
    REDO = "redo"
    FLAG = "flag"
    SKIP = "skip"
    SUBMIT = "submit"
    REVEAL = "reveal"
    JUDGE = "judge"
    UNJUDGE = "unjudge"
    COMMENT = "comment"
    SUGGESTION = "suggestion"
    REJECT = "reject"
    COMPARE = "compare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A kind of fault that can be marked."""

    name: str
    title: str
    meaning: str = ""


DEFAULT_LABELS = (
    Label(name="not_factual", title="Not factual", meaning="Says something that is not true."),
    Label(name="not_useful", title="Not useful", meaning="True or not, of no use to the reader."),
)
"""The paper's two (section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A marked span."""

    id: str
    start: int
    stop: int
    quote: str
    """text[start:stop], checked at every door."""
    label: str
    note: str = ""
    evidence_url: str = ""
    origin: MarkOrigin = MarkOrigin.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict on one span and one instance, with how the instance was come by."""

    span_id: str
    instance_id: str
    verdict: Verdict
    rationale: str = ""
    """The shared concept in words: "both instances talk about …"."""
    retriever: str = ""
    """tracer, decoy, or own search."""
    rank: int | None = None
    """1-based rank the retriever gave; hidden while judging."""
    score: float | None = None
    considered: tuple[str, ...] = ()
    """Other instances that were shown with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationEvent:
    """Something one person did to one item; stored once, never changed."""

    event_id: str
    """Made by the client: the same event sent twice is stored once."""
    study_id: str
    item_id: str
    annotator: str
    kind: EventKind
    payload: dict[str, Any] = field(default_factory=dict)
    client_time: str = ""
    """ISO time at the client."""
    active_ms: int = 0
    """Time at work since the event before."""
    tab: str = ""
    """Which browser tab sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One person's work on one item, as its events add up."""

    marks: tuple[Mark, ...] = ()
    """In the order in which they stand in the text."""
    judgements: tuple[Judgement, ...] = ()
    status: SheetStatus = SheetStatus.OPEN
    flag: str = ""
    """Why the item was flagged; empty if it was not."""
    skip_reason: str = ""
    comment: str = ""
    active_ms: int = 0
    version: int = 0
    """Events so far: an edit names the version it was made on."""
    can_undo: bool = False
    can_redo: bool = False
    revealed: bool = False
    suggestions_on: bool = False
    """Whether suggestions were shown: such items are left out of blind figures."""
    decided: tuple[str, ...] = ()
    """Ids of the suggestions that were accepted or rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One response to look at."""

    item_id: str
    instruction: str
    text: str
    """The response; immutable."""
    text_sha256: str
    units: tuple[tuple[int, int], ...]
    """Tokens of the run, or words where there are none, as code points."""
    units_are_tokens: bool = True
    input: str = ""
    run_id: str = ""
    """Empty for an imported response."""
    batch: int = 0
    """0 is the pilot."""
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What is annotated, by whom, and by which rules."""

    study_id: str
    title: str
    guideline: str = ""
    guideline_version: str = "1"
    labels: tuple[Label, ...] = DEFAULT_LABELS
    annotators_per_item: int = 2
    """k of the paper's cycles: never handed to more."""
    pilot: int = 0
    """Items everybody begins with, before comments."""
    batch_size: int = 0
    """Items a batch; 0 is one batch of all."""
    audit: int = 0
    """Items looked at again in the end."""
    seed: int = 0
    claim_minutes: int = 60
    people: dict[str, Role] = field(default_factory=dict)
    """Empty: whoever comes may do anything (single-user mode)."""
    suggestions: bool = False
    decoys: int = 0
    """Decoy instances a span while judging origins."""
    open_batch: int = 0
    """Highest batch that is handed out."""
