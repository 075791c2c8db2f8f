"""Export and import of a study: its sheets as rows, and rows as sheets."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from itlim.annotation.adjudication import FINAL
from itlim.annotation.agreement.report import AgreementReport, agreement_report
from itlim.annotation.exchange import (
    ExchangeItem,
    FileContents,
    RejectedRow,
    read_annotations,
    row_of,
)
from itlim.annotation.protocol import adjudicators_of
from itlim.annotation.recording import replay_sheets, sheets_of
from itlim.annotation.sheet import sheet_of
from itlim.errors import NotFoundError
from itlim.records import AnnotationEvent, EventKind, Label, Mark, Sheet, SheetStatus, Study
from itlim.store.annotation_events import SheetKey, events_of, writing_log
from itlim.store.claims import ClaimState
from itlim.store.connection import Store
from itlim.store.studies import add_items, create_study, items_of, load_study
from itlim.text.messages import plural

_CLAIMS = {
    SheetStatus.OPEN: ClaimState.RELEASED,
    SheetStatus.SUBMITTED: ClaimState.SUBMITTED,
    SheetStatus.SKIPPED: ClaimState.SKIPPED,
}

MAX_ROWS_NAMED = 10
"""Number of rejected rows that a line names."""


class _Outcome(StrEnum):
    """What became of a row that was not rejected."""

    STORED = "stored"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """The outcome of an import."""

    n_rows: int
    """Number of the file's sheets that are in the study now; importing it again adds none."""
    n_present: int
    """Number of those that were there before; they were not changed."""
    n_items: int
    """Number of new responses."""
    rejected: tuple[RejectedRow, ...]
    notes: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """What was imported, then one line per reason for which rows were rejected."""
        n_all = self.n_rows + len(self.rejected)
        new = self.n_rows - self.n_present
        said = []
        if new or not self.n_present:
            added = plural(self.n_items, "new response")
            said.append(f"{plural(new, 'sheet')} imported, {added}.")
        if self.n_present:
            is_are = "is" if n_all == 1 else "are"
            said.append(f"{self.n_present:,} of {plural(n_all, 'sheet')} {is_are} already there.")
        by_reason: dict[str, list[int]] = {}
        for row in self.rejected:
            by_reason.setdefault(row.reason, []).append(row.row_number)
        return (" ".join(said), *(_rejection(rows, why) for why, rows in by_reason.items()))


def _rejection(rows: Sequence[int], reason: str) -> str:
    if len(rows) == 1:
        return f"Row {rows[0]} was not imported: {reason}"
    named = ", ".join(map(str, rows[:MAX_ROWS_NAMED]))
    more = f" and {len(rows) - MAX_ROWS_NAMED:,} more" if len(rows) > MAX_ROWS_NAMED else ""
    return f"Rows {named}{more} were not imported: {reason}"


def rows_of_study(store: Store, study_id: str) -> list[ExchangeItem]:
    """All sheets of a study, including final ones, by item order and annotator name."""
    sheets: dict[str, dict[str, Sheet]] = {}
    for (item_id, name), sheet in sorted(sheets_of(store, study_id).items()):
        sheets.setdefault(item_id, {})[name] = sheet
    return [
        row_of(item, name, sheet)
        for item in items_of(store, study_id)
        for name, sheet in sheets.get(item.item_id, {}).items()
    ]


def report_of_study(store: Store, study: Study) -> AgreementReport:
    """Agreement between the annotators of a study; final sheets do not count."""
    events = events_of(store, study.study_id)
    by_item: dict[str, dict[str, Sheet]] = {}
    accept_ms: dict[str, list[int]] = {}
    for (item_id, name), sheet in replay_sheets(events).items():
        if name == FINAL:
            continue
        by_item.setdefault(item_id, {})[name] = sheet
        accept_ms.setdefault(name, []).extend(_accept_ms(events[item_id, name]))
    return agreement_report(
        items_of(store, study.study_id),
        by_item,
        labels=[label.name for label in study.labels],
        accept_ms=accept_ms,
    )


def _accept_ms(events: Sequence[AnnotationEvent]) -> list[int]:
    return [
        int(event.payload["shown_ms"])
        for event in events
        if event.kind is EventKind.SUGGESTION and event.payload["accepted"]
    ]


def import_annotations(
    store: Store,
    study_id: str,
    data: bytes,
    format: str,
    *,
    by: str,
    annotator: str = "",
    file_name: str = "",
) -> ImportResult:
    """Import a file into a study, which is created if it does not exist.

    Sheets that are already in the study are not changed.

    Args:
        store: the open database.
        study_id: id of the study.
        data: the file.
        format: one of `ExchangeFormat`.
        by: person who imports.
        annotator: annotator of the rows that do not name one.
        file_name: name of the file, which names the annotator if nothing else does.

    Raises:
        InputError: not a file of that format.
    """
    try:
        study: Study | None = load_study(store, study_id)
        known = {item.item_id: item for item in items_of(store, study_id)}
    except NotFoundError:
        study, known = None, {}
    read = read_annotations(data, format, known=known, annotator=annotator, file_name=file_name)
    if study is None:
        study = _study_for(study_id, read)
        items = [replace(item, position=place) for place, item in enumerate(read.new_items)]
        create_study(store, study, items, by=by)
    else:
        add_items(store, study_id, read.new_items)
    rejected = list(read.rejected)
    n_present = 0
    for number, row in zip(read.row_numbers, read.rows, strict=True):
        outcome = _store_row(store, study, row, by=by)
        if not isinstance(outcome, _Outcome):
            rejected.append(RejectedRow(row_number=number, reason=outcome))
        n_present += outcome is _Outcome.PRESENT
    return ImportResult(
        n_rows=len(read.rows) + len(read.rejected) - len(rejected),
        n_present=n_present,
        n_items=len(read.new_items),
        rejected=tuple(sorted(rejected, key=lambda one: one.row_number)),
        notes=read.notes,
    )


def _study_for(study_id: str, read: FileContents) -> Study:
    """A new study with the labels and annotators of a file."""
    names = dict.fromkeys(mark.label for row in read.rows for mark in row.marks)
    study = Study(study_id=study_id, title=study_id.replace("-", " ").capitalize())
    known = [label.name for label in study.labels]
    more = tuple(
        Label(name=name, title=name.replace("_", " ").capitalize())
        for name in names
        if name not in known
    )
    people = [row.annotator for row in read.rows if row.annotator != FINAL]
    return replace(
        study,
        labels=study.labels + more,
        annotators_per_item=max(2, len(set(people))),
    )


def _store_row(store: Store, study: Study, row: ExchangeItem, *, by: str) -> _Outcome | str:
    """Store a row in a transaction; returns the outcome, or why the row cannot be imported."""
    known = {label.name for label in study.labels}
    unknown = sorted({mark.label for mark in row.marks} - known)
    if unknown:
        return f"the study does not have the labels {unknown}: expected {sorted(known)}"
    events = _events_of(row, study.study_id)
    with writing_log(store, SheetKey.of(events[0])) as writer:
        stored = writer.log.events
        if stored and stored[0].event_id != events[0].event_id:
            if _spans(sheet_of(stored).marks) == _spans(row.marks):
                return _Outcome.PRESENT
            return "their annotator already has other marks on this item, which were not changed"
        adjudicators = adjudicators_of(study)
        if row.annotator == FINAL and not stored and adjudicators and by not in adjudicators:
            named = ", ".join(adjudicators)
            return f"these are final spans, which only an adjudicator may import: {named}"
        writer.append(events, base=0, guideline_version=study.guideline_version)
        if row.annotator != FINAL and not stored:
            writer.set_claim(_CLAIMS[row.status])
    return _Outcome.PRESENT if stored else _Outcome.STORED


def _spans(marks: Sequence[Mark]) -> set[tuple[int, int, str]]:
    return {(mark.start, mark.stop, mark.label) for mark in marks}


def _events_of(row: ExchangeItem, study_id: str) -> list[AnnotationEvent]:
    """The shortest sequence of events that gives the row's sheet; equal rows give equal ids."""
    steps: list[tuple[EventKind, dict[str, object]]] = []
    if row.suggestions_on:
        steps.append(
            (EventKind.SUGGESTION, {"suggestion_id": "", "accepted": False, "shown_ms": 0})
        )
    steps += [(EventKind.PUT_MARK, asdict(mark)) for mark in row.marks]
    if row.flag:
        steps.append((EventKind.FLAG, {"reason": row.flag}))
    if row.status is SheetStatus.SUBMITTED:
        steps.append((EventKind.SUBMIT, {"nothing_wrong": not row.marks}))
    if row.status is SheetStatus.SKIPPED:
        steps.append((EventKind.SKIP, {"reason": row.skip_reason}))
    if row.revealed:
        steps.append((EventKind.REVEAL, {}))
    steps += [(EventKind.JUDGE, asdict(one)) for one in row.judgments]
    # Always present: a sheet without any event would be missing in the next export.
    steps.append((EventKind.COMMENT, {"text": row.comment}))
    fields = asdict(row)
    # Stored ids are hashes with this spelling of the key.
    fields["judgements"] = fields.pop("judgments")
    content = json.dumps([study_id, fields], sort_keys=True, ensure_ascii=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:40]
    return [
        AnnotationEvent(
            event_id=f"import-{digest}-{number}",
            study_id=study_id,
            item_id=row.item_id,
            annotator=row.annotator,
            kind=kind,
            payload=payload,
            active_ms=row.active_ms if number == 0 else 0,
        )
        for number, (kind, payload) in enumerate(steps)
    ]
