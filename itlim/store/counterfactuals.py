"""Counterfactual cases, the answers to their rephrasings, and judgments of these answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from itlim.errors import NotFoundError
from itlim.records import (
    Borrowed,
    Counterfactual,
    CounterfactualCase,
    CounterfactualRow,
    Judged,
    JudgedQuestion,
    Recurrence,
    RecurringSpan,
)
from itlim.store.columns import insertion, read_time, stored_now, stored_time
from itlim.store.connection import Store

_CASE = (
    "case_id",
    "version",
    "run_id",
    "pair",
    "instruction",
    "input",
    "response",
    "span_start",
    "span_stop",
    "source_ids",
    "other_ids",
    "concept",
    "changed_by",
    "changed_at",
)
_ROW = (
    "counterfactual_id",
    "case_id",
    "pair",
    "instruction",
    "input",
    "template",
    "run_id",
    "response",
    "base_hash",
    "tuned_hash",
    "decoding",
    "max_new_tokens",
    "recurrence",
    "recurs_start",
    "recurs_stop",
    "similarity",
    "borrowed",
    "author",
    "created_at",
)
_LAST_VERSION = (
    f"SELECT {', '.join(_CASE)} FROM counterfactual_cases WHERE case_id = ? "
    "ORDER BY version DESC LIMIT 1"
)


def save_case(store: Store, case: CounterfactualCase) -> CounterfactualCase:
    """Store a case as its next version; unchanged content creates no new version.

    Returns:
        The case with its stored version.
    """
    with store.writing() as cursor:
        rows = cursor.execute(_LAST_VERSION, [case.case_id]).fetchall()
        last = _case(rows[0]) if rows else None
        if last is not None and _content(last) == _content(case):
            return last
        version = 1 if last is None else last.version + 1
        values = [
            case.case_id,
            version,
            case.run_id,
            case.pair,
            case.instruction,
            case.input,
            case.response,
            case.start,
            case.stop,
            list(case.source_ids),
            list(case.other_ids),
            case.concept,
            case.changed_by,
            stored_time(case.changed_at),
        ]
        cursor.execute(insertion("counterfactual_cases", _CASE), values)
    return load_case(store, case.case_id)


def load_case(store: Store, case_id: str) -> CounterfactualCase:
    """The latest version of a case.

    Raises:
        NotFoundError: there is no such case.
    """
    with store.reading() as cursor:
        row = cursor.execute(_LAST_VERSION, [case_id]).fetchone()
    if row is None:
        raise NotFoundError(
            f"No counterfactual case {case_id!r} in {store.path}: the link is from another "
            "machine, or nothing has been stored yet."
        )
    return _case(row)


def save_counterfactual(store: Store, made: Counterfactual) -> None:
    """Store an answer; an existing one with the same id is not changed."""
    values = [
        made.counterfactual_id,
        made.case_id,
        made.pair,
        made.instruction,
        made.input,
        made.template,
        made.run_id,
        made.response,
        made.base_hash,
        made.tuned_hash,
        made.decoding,
        made.max_new_tokens,
        str(made.recurs.kind),
        made.recurs.start,
        made.recurs.stop,
        made.recurs.similarity,
        None if made.borrowed is None else json.dumps([asdict(one) for one in made.borrowed]),
        made.author,
        stored_time(made.created_at),
    ]
    with store.writing() as cursor:
        cursor.execute(insertion("counterfactuals", _ROW, keep_first=True), values)


def judge(
    store: Store, counterfactual_id: str, question: JudgedQuestion, answer: Judged, *, by: str
) -> None:
    """Add a judgment of an answer; the latest one counts, earlier ones are kept."""
    with store.writing() as cursor:
        cursor.execute(
            "INSERT INTO counterfactual_judgements VALUES (?, ?, ?, ?, ?)",
            [counterfactual_id, str(question), str(answer), by, stored_now()],
        )


def counterfactuals_of(store: Store, case_id: str) -> list[CounterfactualRow]:
    """A case's answers in the order of creation, with the latest judgments."""
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {', '.join(_ROW)} FROM counterfactuals WHERE case_id = ? "
            "ORDER BY created_at, counterfactual_id",
            [case_id],
        ).fetchall()
        said = cursor.execute(
            "SELECT counterfactual_id, question, arg_max(answer, j.rowid) "
            "FROM counterfactual_judgements j JOIN counterfactuals USING (counterfactual_id) "
            "WHERE case_id = ? GROUP BY counterfactual_id, question",
            [case_id],
        ).fetchall()
    answers = {(one, question): Judged(answer) for one, question, answer in said}
    return [_judged_row(_counterfactual(row), answers) for row in rows]


def _judged_row(made: Counterfactual, answers: dict[tuple[str, str], Judged]) -> CounterfactualRow:
    def last(question: JudgedQuestion) -> Judged | None:
        return answers.get((made.counterfactual_id, str(question)))

    return CounterfactualRow(
        counterfactual=made,
        answer_correct=last(JudgedQuestion.ANSWER_CORRECT),
        meaning_preserved=last(JudgedQuestion.MEANING_PRESERVED),
        is_kept=last(JudgedQuestion.KEPT) != Judged.NO,
    )


def _content(case: CounterfactualCase) -> tuple[Sequence[str], Sequence[str], str]:
    """The fields in which versions of a case differ."""
    return (case.source_ids, case.other_ids, case.concept)


def _case(row: tuple[Any, ...]) -> CounterfactualCase:
    fields = dict(zip(_CASE, row, strict=True))
    fields["start"], fields["stop"] = fields.pop("span_start"), fields.pop("span_stop")
    for name in ("source_ids", "other_ids"):
        fields[name] = tuple(fields[name])
    fields["changed_at"] = read_time(fields["changed_at"])
    return CounterfactualCase(**fields)


def _counterfactual(row: tuple[Any, ...]) -> Counterfactual:
    fields = dict(zip(_ROW, row, strict=True))
    fields["recurs"] = RecurringSpan(
        kind=Recurrence(fields.pop("recurrence")),
        start=fields.pop("recurs_start"),
        stop=fields.pop("recurs_stop"),
        similarity=fields.pop("similarity"),
    )
    held = fields["borrowed"]
    fields["borrowed"] = None if held is None else tuple(map(_borrowed, json.loads(held)))
    fields["created_at"] = read_time(fields["created_at"])
    return Counterfactual(**fields)


def _borrowed(fields: dict[str, Any]) -> Borrowed:
    return Borrowed(**{**fields, "instance_ids": tuple(fields["instance_ids"])})
