"""Answers and marks of a pair from the database: those of known answers, else people's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.annotation.adjudication import FINAL
from itlim.annotation.decoys import DECOY
from itlim.annotation.recording import replay_sheets
from itlim.errors import NotFoundError
from itlim.findings.answers import GOLD, PEOPLE, MarkedPhrase, PairAnswers, SourceVerdict
from itlim.findings.known import known_answers, read_gold
from itlim.findings.reading import RUN_COLUMNS, TOKEN_COLUMNS, pair_answers
from itlim.records import (
    AnnotationEvent,
    EventKind,
    Judgment,
    Mark,
    Sheet,
    SheetStatus,
    Verdict,
)
from itlim.store.annotation_events import events_of
from itlim.store.batches import tasks_by_run
from itlim.store.connection import Store
from itlim.store.runs import load_scored
from itlim.store.studies import items_of, list_studies

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


def read_store(
    store: Store,
    pair: str,
    index: "TraceIndex | None" = None,
    *,
    gold: Sequence[Path] = (),
    questions: Sequence[Path] = (),
    marks_from: str | None = None,
) -> PairAnswers:
    """Read a pair's stored answers with one source of marks; the sources are never pooled.

    Args:
        store: the open database.
        pair: name of the pair.
        index: index of its tuning dataset.
        gold: files of marks derived from known answers; missing files are ignored.
        questions: files of questions, of which those with known answers count.
        marks_from: `gold` or `people`; None for gold marks if there are any, else people's.

    Raises:
        NotFoundError: the database has no answer of the pair.
    """
    runs, tokens = load_scored(store, pair, RUN_COLUMNS, TOKEN_COLUMNS)
    if not runs.num_rows:
        raise NotFoundError(
            f"The database has no answer of {pair!r}: ask it, or run a batch. Shipped answers are "
            "in data/real/runs and data/demo/runs, which --runs reads."
        )
    ids = set(runs["run_id"].to_pylist())
    known = read_gold(gold)
    chosen = marks_from or (GOLD if ids & known.marks.keys() else PEOPLE)
    # Reading people's marks replays all sheets of all studies.
    marks = people_marks(store) if chosen == PEOPLE else known.marks
    return pair_answers(
        pair,
        runs,
        tokens,
        marks,
        chosen,
        index,
        reviewed=marks.keys() if chosen == PEOPLE else known.examined,
        known={key: value for path in questions for key, value in known_answers(path).items()},
        tasks=tasks_by_run(store),
    )


def people_marks(
    store: Store, *, label: str | None = None, is_blind: bool = False
) -> dict[str, tuple[MarkedPhrase, ...]]:
    """The phrases that people marked, by run: final spans where an item is adjudicated.

    Elsewhere, every span that somebody marked in a submitted sheet counts once, however many
    people marked it. Runs in whose submitted sheets nothing is marked have no phrases.

    Args:
        store: the open database.
        label: only marks with this label, of studies that have it; None for all.
        is_blind: leave out sheets on which suggestions were shown, and final spans that are based
            on such a sheet.
    """
    found: dict[str, dict[tuple[int, int], MarkedPhrase]] = {}
    for study in list_studies(store):
        if label is not None and label not in {one.name for one in study.labels}:
            continue
        runs = {item.item_id: item.run_id for item in items_of(store, study.study_id)}
        by_item: dict[str, dict[str, Sheet]] = {}
        events = events_of(store, study.study_id)
        for (item_id, who), sheet in replay_sheets(events).items():
            if sheet.status is SheetStatus.SUBMITTED and runs.get(item_id):
                by_item.setdefault(item_id, {})[who] = sheet
        for item_id, given in by_item.items():
            sheets = _without_suggestions(given) if is_blind else given
            if not sheets:
                continue
            chosen = [sheets[FINAL]] if FINAL in sheets else list(sheets.values())
            judgments = [
                one
                for who, sheet in sheets.items()
                for one in _judged(sheet, _blind_verdicts(events[item_id, who]))
            ]
            phrases = found.setdefault(runs[item_id], {})
            for mark in (mark for sheet in chosen for mark in sheet.marks):
                if label in (None, mark.label):
                    phrases[mark.start, mark.stop] = _phrase(mark, judgments)
    return {run_id: tuple(phrases.values()) for run_id, phrases in found.items()}


def _without_suggestions(sheets: Mapping[str, Sheet]) -> dict[str, Sheet]:
    """The sheets that no suggestion influenced."""
    kept = {who: sheet for who, sheet in sheets.items() if not sheet.suggestions_on}
    if len(kept) < len(sheets):
        kept.pop(FINAL, None)
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A judgment with the mark that it is about."""

    mark: Mark
    judgment: Judgment
    is_blind: bool

    @property
    def is_decoy(self) -> bool:
        return self.judgment.retriever == DECOY

    def verdict(self) -> SourceVerdict:
        return SourceVerdict(
            is_causal=self.judgment.verdict is Verdict.CAUSAL,
            is_decoy=self.is_decoy,
            is_blind=self.is_blind,
        )


def _judged(sheet: Sheet, blind: set[tuple[str, str]]) -> list[_Judged]:
    """A sheet's judgments with their marks."""
    marks = {mark.id: mark for mark in sheet.marks}
    return [
        _Judged(
            mark=marks[one.span_id],
            judgment=one,
            is_blind=(one.span_id, one.instance_id) in blind,
        )
        for one in sheet.judgments
        if one.span_id in marks
    ]


def _blind_verdicts(events: Sequence[AnnotationEvent]) -> set[tuple[str, str]]:
    """Span and instance of each verdict whose last version precedes the reveal of the model."""
    blind: set[tuple[str, str]] = set()
    revealed = False
    for event in events:
        revealed = revealed or event.kind is EventKind.REVEAL
        if event.kind is EventKind.JUDGE:
            key = (event.payload["span_id"], event.payload["instance_id"])
            if revealed:
                blind.discard(key)
            else:
                blind.add(key)
    return blind


def _phrase(mark: Mark, judgments: Sequence[_Judged]) -> MarkedPhrase:
    place = (mark.start, mark.stop)
    mine = [one for one in judgments if (one.mark.start, one.mark.stop) == place]
    real = [one.judgment for one in mine if not one.is_decoy]
    causal = [one.instance_id for one in real if one.verdict is Verdict.CAUSAL]
    return MarkedPhrase(
        start=mark.start,
        stop=mark.stop,
        cause=causal[0] if causal else None,
        is_judged=bool(real),
        verdicts=tuple(one.verdict() for one in mine),
    )
