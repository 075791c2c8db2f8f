"""One person's sheet on one item: its state after all events, and which events are allowed next.

Payloads by kind:

- `put_mark`: `id, start, stop, quote, label`, optionally `note, evidence_url, origin`; a known
  id replaces that mark.
- `delete_mark`: `id`. `undo`, `redo`: empty; they move between the states of the marks.
- `flag`, `skip`: `reason`; an empty reason removes a flag. `comment`: `text`.
- `submit`: `nothing_wrong`, true if and only if there is no mark. `reveal`: empty.
- `reopen`: empty; after a submission or a skip, until the model is revealed.
- `judge`: the fields of `Judgment`; `unjudge`: `span_id, instance_id`.
- `suggestion`: `suggestion_id, accepted, shown_ms`. Every edit that was made while suggestions were
  on screen also has `suggestions_shown`, true.
- `reject`: `spans` of `annotator, span_id`, and `reason`; by an adjudicator; changes no mark.
  Events of the final sheet also contain `by`, the person.
- `compare`: in side-by-side studies, which have no sheets; see `annotation.side_by_side`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from itlim.errors import InputError
from itlim.records import (
    AnnotationEvent,
    EventKind,
    Item,
    Judgment,
    Mark,
    MarkOrigin,
    Sheet,
    SheetStatus,
    Study,
    Verdict,
)
from itlim.text.addresses import EXPECTED_ADDRESS, is_web_address
from itlim.text.messages import plural

_AFTER_SUBMISSION = frozenset(
    (
        EventKind.REVEAL,
        EventKind.REOPEN,
        EventKind.JUDGE,
        EventKind.UNJUDGE,
        EventKind.COMMENT,
        EventKind.FLAG,
    )
)
_Marks = dict[str, Mark]


class Replay:
    """Replays events into a sheet, one after another."""

    def __init__(self, events: Iterable[AnnotationEvent] = ()) -> None:
        """`events`: the events of one person and item, in stored order."""
        self._sheet = Sheet()
        self._present: _Marks = {}
        self._past: list[_Marks] = []
        self._future: list[_Marks] = []
        self._judgments: dict[tuple[str, str], Judgment] = {}
        for event in events:
            self.add(event)

    def sheet(self) -> Sheet:
        """The sheet after the events so far."""
        marks = sorted(self._present.values(), key=lambda mark: (mark.start, mark.stop, mark.id))
        return replace(
            self._sheet,
            marks=tuple(marks),
            judgments=tuple(self._judgments.values()),
            can_undo=bool(self._past),
            can_redo=bool(self._future),
        )

    def add(self, event: AnnotationEvent) -> None:
        """Apply one more event, which `check_event` has accepted."""
        changed = self._apply(event.kind, event.payload)
        if event.payload.get("suggestions_shown"):
            changed["suggestions_on"] = True
        self._sheet = replace(
            self._sheet,
            version=self._sheet.version + 1,
            active_ms=self._sheet.active_ms + event.active_ms,
            **changed,
        )

    def _apply(self, kind: EventKind, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Apply changes to marks and judgments; return the other changes to the sheet."""
        match kind:
            case EventKind.PUT_MARK:
                mark = mark_of(payload)
                self._set_marks({**self._present, mark.id: mark})
            case EventKind.DELETE_MARK:
                kept = {key: mark for key, mark in self._present.items() if key != payload["id"]}
                self._set_marks(kept)
            case EventKind.UNDO:
                self._future.append(self._present)
                self._present = self._past.pop()
            case EventKind.REDO:
                self._past.append(self._present)
                self._present = self._future.pop()
            case EventKind.JUDGE:
                judgment = judgment_of(payload)
                self._judgments[judgment.span_id, judgment.instance_id] = judgment
            case EventKind.UNJUDGE:
                self._judgments.pop((payload["span_id"], payload["instance_id"]), None)
            case EventKind.SUGGESTION:
                decided = (*self._sheet.decided, *filter(None, [payload["suggestion_id"]]))
                return {"suggestions_on": True, "decided": decided}
            case _:
                return _field_changes(kind, payload)
        return {}

    def _set_marks(self, marks: _Marks) -> None:
        self._past.append(self._present)
        self._present = marks
        self._future.clear()


def sheet_of(events: Iterable[AnnotationEvent]) -> Sheet:
    """Replay the events of one person and item, in stored order."""
    return Replay(events).sheet()


def _field_changes(kind: EventKind, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to a sheet by events other than marks and judgments."""
    match kind:
        case EventKind.FLAG:
            return {"flag": payload["reason"]}
        case EventKind.SKIP:
            return {"status": SheetStatus.SKIPPED, "skip_reason": payload["reason"]}
        case EventKind.SUBMIT:
            return {"status": SheetStatus.SUBMITTED}
        case EventKind.REOPEN:
            return {"status": SheetStatus.OPEN, "skip_reason": ""}
        case EventKind.REVEAL:
            return {"revealed": True}
        case EventKind.COMMENT:
            return {"comment": payload["text"]}
        case _:
            return {}


def mark_of(payload: Mapping[str, Any]) -> Mark:
    """The mark in a `put_mark` payload."""
    return Mark(
        id=payload["id"],
        start=payload["start"],
        stop=payload["stop"],
        quote=payload["quote"],
        label=payload["label"],
        note=payload.get("note", ""),
        evidence_url=payload.get("evidence_url", ""),
        origin=MarkOrigin(payload.get("origin", MarkOrigin.MANUAL)),
    )


def judgment_of(payload: Mapping[str, Any]) -> Judgment:
    """The judgment in a `judge` payload."""
    return Judgment(
        **{
            **payload,
            "verdict": Verdict(payload["verdict"]),
            "considered": tuple(payload.get("considered", ())),
        }
    )


def check_event(event: AnnotationEvent, sheet: Sheet, study: Study, item: Item) -> None:
    """Check whether an event is allowed on a sheet.

    Raises:
        InputError: it is not allowed.
    """
    if sheet.status is not SheetStatus.OPEN and event.kind not in _AFTER_SUBMISSION:
        raise InputError(
            f"This item is already {sheet.status}, so its marks cannot be changed. Reopen it, or "
            "go to the next one."
        )
    match event.kind:
        case EventKind.PUT_MARK:
            _check_mark(event.payload, study, item, sheet)
        case EventKind.DELETE_MARK:
            _check_known(event.payload["id"], sheet)
        case EventKind.UNDO if not sheet.can_undo:
            raise InputError("There is nothing to undo.")
        case EventKind.REDO if not sheet.can_redo:
            raise InputError("There is nothing to redo.")
        case EventKind.SUBMIT if bool(sheet.marks) == bool(event.payload.get("nothing_wrong")):
            raise InputError(
                f"The item has {plural(len(sheet.marks), 'mark')}: submit them, or delete them and "
                "submit “nothing wrong here”."
            )
        case EventKind.SKIP if not str(event.payload.get("reason", "")).strip():
            raise InputError("Skipping requires a reason: enter a few words.")
        case EventKind.JUDGE:
            _check_known(event.payload["span_id"], sheet)
            judgment_of(event.payload)
        case EventKind.REOPEN if sheet.status is SheetStatus.OPEN:
            raise InputError("The item is open: there is nothing to reopen.")
        case EventKind.REOPEN if sheet.revealed:
            raise InputError(
                "You have seen which model wrote this response, so your marks are final. An "
                "adjudicator can still change the final spans."
            )
        case EventKind.REVEAL if sheet.status is not SheetStatus.SUBMITTED:
            raise InputError("The model is revealed after submission: submit the item first.")


def _check_known(mark_id: str, sheet: Sheet) -> None:
    if mark_id not in {mark.id for mark in sheet.marks}:
        raise InputError(f"There is no mark {mark_id!r} on this sheet; it was deleted.")


def _check_mark(payload: Mapping[str, Any], study: Study, item: Item, sheet: Sheet) -> None:
    mark = mark_of(payload)
    if not 0 <= mark.start < mark.stop <= len(item.text):
        raise InputError(
            f"A mark at [{mark.start}, {mark.stop}) is outside the response, which has "
            f"{len(item.text)} characters."
        )
    if item.text[mark.start : mark.stop] != mark.quote:
        raise InputError(
            f"The mark quotes {mark.quote!r:.80}, but the response has "
            f"{item.text[mark.start : mark.stop]!r:.80} there. Reload the page and mark it again."
        )
    known = [label.name for label in study.labels]
    if mark.label not in known:
        raise InputError(f"There is no label {mark.label!r} in this study: choose one of {known}.")
    # What an earlier version stored stays as it is until somebody changes it.
    stored = {one.evidence_url for one in sheet.marks if one.id == mark.id}
    address = mark.evidence_url
    if address and address not in stored and not is_web_address(address):
        raise InputError(f"The evidence {address!r:.80} is not {EXPECTED_ADDRESS}.")
