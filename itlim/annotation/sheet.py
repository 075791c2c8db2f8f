"""One person's sheet on one item: the sum of its events, and which events may come next.

Payloads by kind:

- `put_mark`: `id, start, stop, quote, label`, and if given `note, evidence_url, origin`; a known
  id replaces that mark.
- `delete_mark`: `id`. `undo`, `redo`: nothing; they move among the states of the marks.
- `flag`, `skip`: `reason`; an empty reason takes a flag back. `comment`: `text`.
- `submit`: `nothing_wrong`, true if and only if there is no mark. `reveal`: nothing.
- `judge`: the fields of `Judgement`; `unjudge`: `span_id, instance_id`.
- `suggestion`: `suggestion_id, accepted, shown_ms`.
- `reject`: `spans` of `annotator, span_id`, and `reason`; an adjudicator's, changes no mark.
  Events of the final sheet also name `by` whom.
- `compare`: of side-by-side studies, which have no sheets: see `annotation.side_by_side`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from itlim.errors import InputError
from itlim.records import (
    AnnotationEvent,
    EventKind,
    Item,
    Judgement,
    Mark,
    MarkOrigin,
    Sheet,
    SheetStatus,
    Study,
    Verdict,
)

_AFTER_SUBMISSION = frozenset(
    (EventKind.REVEAL, EventKind.JUDGE, EventKind.UNJUDGE, EventKind.COMMENT, EventKind.FLAG)
)
_MARKS = dict[str, Mark]


class Replay:
    """The sheet that events add up to, one event after another."""

    def __init__(self, events: Iterable[AnnotationEvent] = ()) -> None:
        """`events`: of one person and item, in the order in which they were stored."""
        self._sheet = Sheet()
        self._present: _MARKS = {}
        self._past: list[_MARKS] = []
        self._future: list[_MARKS] = []
        self._judgements: dict[tuple[str, str], Judgement] = {}
        for event in events:
            self.add(event)

    def sheet(self) -> Sheet:
        """The sheet after the events so far."""
        marks = sorted(self._present.values(), key=lambda mark: (mark.start, mark.stop, mark.id))
        return replace(
            self._sheet,
            marks=tuple(marks),
            judgements=tuple(self._judgements.values()),
            can_undo=bool(self._past),
            can_redo=bool(self._future),
        )

    def add(self, event: AnnotationEvent) -> None:
        """Take one more event; `check_event` says whether it fits."""
        changed = self._changed(event.kind, event.payload)
        self._sheet = replace(
            self._sheet,
            version=self._sheet.version + 1,
            active_ms=self._sheet.active_ms + event.active_ms,
            **changed,
        )

    def _changed(self, kind: EventKind, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What an event changes of the sheet beside marks and judgements, which it changes here."""
        match kind:
            case EventKind.PUT_MARK:
                mark = mark_of(payload)
                self._change({**self._present, mark.id: mark})
            case EventKind.DELETE_MARK:
                kept = {key: mark for key, mark in self._present.items() if key != payload["id"]}
                self._change(kept)
            case EventKind.UNDO:
                self._future.append(self._present)
                self._present = self._past.pop()
            case EventKind.REDO:
                self._past.append(self._present)
                self._present = self._future.pop()
            case EventKind.JUDGE:
                judgement = judgement_of(payload)
                self._judgements[judgement.span_id, judgement.instance_id] = judgement
            case EventKind.UNJUDGE:
                self._judgements.pop((payload["span_id"], payload["instance_id"]), None)
            case EventKind.SUGGESTION:
                decided = (*self._sheet.decided, *filter(None, [payload["suggestion_id"]]))
                return {"suggestions_on": True, "decided": decided}
            case _:
                return _said(kind, payload)
        return {}

    def _change(self, marks: _MARKS) -> None:
        self._past.append(self._present)
        self._present = marks
        self._future.clear()


def sheet_of(events: Iterable[AnnotationEvent]) -> Sheet:
    """Add up the events of one person and item, in the order in which they were stored."""
    return Replay(events).sheet()


def _said(kind: EventKind, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What an event other than a mark or a judgement changes."""
    match kind:
        case EventKind.FLAG:
            return {"flag": payload["reason"]}
        case EventKind.SKIP:
            return {"status": SheetStatus.SKIPPED, "skip_reason": payload["reason"]}
        case EventKind.SUBMIT:
            return {"status": SheetStatus.SUBMITTED}
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


def judgement_of(payload: Mapping[str, Any]) -> Judgement:
    """The judgement in a `judge` payload."""
    return Judgement(
        **{
            **payload,
            "verdict": Verdict(payload["verdict"]),
            "considered": tuple(payload.get("considered", ())),
        }
    )


def check_event(event: AnnotationEvent, sheet: Sheet, study: Study, item: Item) -> None:
    """Refuse what does not fit the sheet as it is.

    Raises:
        InputError: says what came, what was expected, and what to do.
    """
    if sheet.status is not SheetStatus.OPEN and event.kind not in _AFTER_SUBMISSION:
        raise InputError(
            f"This item was {sheet.status} already: its marks stay as they are. Go on to the next "
            "one; an adjudicator can still change the final spans."
        )
    match event.kind:
        case EventKind.PUT_MARK:
            _check_mark(event.payload, study, item)
        case EventKind.DELETE_MARK:
            _check_known(event.payload["id"], sheet)
        case EventKind.UNDO if not sheet.can_undo:
            raise InputError("There is nothing to undo.")
        case EventKind.REDO if not sheet.can_redo:
            raise InputError("There is nothing to redo.")
        case EventKind.SUBMIT if bool(sheet.marks) == bool(event.payload.get("nothing_wrong")):
            raise InputError(
                f"The sheet holds {len(sheet.marks)} marks: submit them, or delete them and submit "
                "“nothing wrong here”."
            )
        case EventKind.SKIP if not str(event.payload.get("reason", "")).strip():
            raise InputError("Skipping needs a reason: say why in a few words.")
        case EventKind.JUDGE:
            _check_known(event.payload["span_id"], sheet)
            judgement_of(event.payload)
        case EventKind.REVEAL if sheet.status is not SheetStatus.SUBMITTED:
            raise InputError("The model is shown once the item was submitted: submit it first.")


def _check_known(mark_id: str, sheet: Sheet) -> None:
    if mark_id not in {mark.id for mark in sheet.marks}:
        raise InputError(f"There is no mark {mark_id!r} on this sheet: it was deleted.")


def _check_mark(payload: Mapping[str, Any], study: Study, item: Item) -> None:
    mark = mark_of(payload)
    if not 0 <= mark.start < mark.stop <= len(item.text):
        raise InputError(
            f"A mark at [{mark.start}, {mark.stop}) does not lie in the response, which has "
            f"{len(item.text)} characters."
        )
    if item.text[mark.start : mark.stop] != mark.quote:
        raise InputError(
            f"The mark quotes {mark.quote!r:.80}, but the response holds "
            f"{item.text[mark.start : mark.stop]!r:.80} there. Reload the page and mark it again."
        )
    known = [label.name for label in study.labels]
    if mark.label not in known:
        raise InputError(f"There is no label {mark.label!r} in this study: choose of {known}.")
