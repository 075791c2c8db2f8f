"""Answers and marks of a pair from the database: those of known answers, else people's."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.annotation.adjudication import FINAL
from itlim.annotation.decoys import DECOY
from itlim.annotation.recording import sheets_of
from itlim.errors import NotFoundError
from itlim.findings.answers import (
    GOLD,
    PEOPLE,
    RUN_COLUMNS,
    TOKEN_COLUMNS,
    MarkedPhrase,
    PairAnswers,
    gold_marks,
    pair_answers,
)
from itlim.records import Judgment, Mark, Sheet, SheetStatus, Verdict
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
    marks_from: str | None = None,
) -> PairAnswers:
    """Read a pair's stored answers with one source of marks; the sources are never pooled.

    Args:
        store: the open database.
        pair: name of the pair.
        index: index of its tuning dataset.
        gold: files of marks derived from known answers; missing files are ignored.
        marks_from: `gold` or `people`; None for gold marks if there are any, else people's.

    Raises:
        NotFoundError: the database has no answer of the pair.
    """
    runs, tokens = load_scored(store, pair, RUN_COLUMNS, TOKEN_COLUMNS)
    if not runs.num_rows:
        raise NotFoundError(f"The database has no answer of {pair!r}: ask it, or run a batch.")
    ids = set(runs["run_id"].to_pylist())
    known = {
        key: value for path in gold if path.exists() for key, value in gold_marks(path).items()
    }
    chosen = marks_from or (GOLD if ids & known.keys() else PEOPLE)
    # Reading people's marks replays all sheets of all studies.
    marks = people_marks(store) if chosen == PEOPLE else known
    return pair_answers(pair, runs, tokens, marks, chosen, index)


def people_marks(store: Store) -> dict[str, tuple[MarkedPhrase, ...]]:
    """The phrases that people marked, by run: final spans where an item is adjudicated.

    Elsewhere, every span that somebody marked in a submitted sheet counts once, however many
    people marked it.
    """
    found: dict[str, dict[tuple[int, int], MarkedPhrase]] = {}
    for study in list_studies(store):
        runs = {item.item_id: item.run_id for item in items_of(store, study.study_id)}
        by_item: dict[str, dict[str, Sheet]] = {}
        for (item_id, who), sheet in sheets_of(store, study.study_id).items():
            if sheet.status is SheetStatus.SUBMITTED and runs.get(item_id):
                by_item.setdefault(item_id, {})[who] = sheet
        for item_id, sheets in by_item.items():
            chosen = [sheets[FINAL]] if FINAL in sheets else list(sheets.values())
            judgments = [one for sheet in sheets.values() for one in _real(sheet)]
            phrases = found.setdefault(runs[item_id], {})
            for mark in (mark for sheet in chosen for mark in sheet.marks):
                phrases[mark.start, mark.stop] = _phrase(mark, judgments)
    return {run_id: tuple(phrases.values()) for run_id, phrases in found.items() if phrases}


def _real(sheet: Sheet) -> list[tuple[Mark, Judgment]]:
    """A sheet's judgments with their marks, without those of decoys."""
    marks = {mark.id: mark for mark in sheet.marks}
    return [
        (marks[one.span_id], one)
        for one in sheet.judgments
        if one.retriever != DECOY and one.span_id in marks
    ]


def _phrase(mark: Mark, judgments: Sequence[tuple[Mark, Judgment]]) -> MarkedPhrase:
    mine = [one for of, one in judgments if (of.start, of.stop) == (mark.start, mark.stop)]
    causal = [one.instance_id for one in mine if one.verdict is Verdict.CAUSAL]
    return MarkedPhrase(
        start=mark.start,
        stop=mark.stop,
        cause=causal[0] if causal else None,
        is_judged=bool(mine),
    )
