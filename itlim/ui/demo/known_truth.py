"""The demo family's truth about its own answers: its facts and its stored retrainings."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.families.demo.spans import AnswerSpan, answer_spans
from itlim.records import Run
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in
from itlim.ui.shared.ground_truth import MeasuredRemoval, PhraseTruth

SHIPPED_SEED = 0
"""Tuning seed of the shipped model, whose answers the stored retrainings are compared with."""
_COLUMNS = (
    "response",
    "span_start",
    "span_stop",
    "instance_ids",
    "logp_drop",
    "phrase_gone",
    "becomes_correct",
)


class DemoTruth:
    """Implements `GroundTruth` for the questions of the demo family."""

    def phrase(self, run: Run, span: tuple[int, int]) -> PhraseTruth | None:
        """What is known about the phrase that overlaps a span the most; None if nothing is."""
        question = _questions().get(run.instruction)
        if question is None:
            return None
        found = max(
            answer_spans(run.response, question),
            key=lambda one: _overlap(one, span),
            default=None,
        )
        if found is None or not _overlap(found, span):
            return None
        truth = {"answer": question["answer"], **question["attributes"]}
        return PhraseTruth(
            start=found.char_start,
            stop=found.char_stop,
            is_wrong=found.is_wrong,
            right_answer=truth[found.attribute],
            removal=_removal(run, found) if found.is_wrong else None,
        )

    def is_right(self, instruction: str, answer: str) -> bool | None:
        """Whether an answer contains the right answer; None if the question is unknown."""
        question = _questions().get(instruction)
        return None if question is None else phrase_in(question["answer"], answer)


def _overlap(one: AnswerSpan, span: tuple[int, int]) -> int:
    return max(0, min(one.char_stop, span[1]) - max(one.char_start, span[0]))


@cache
def _questions() -> dict[str, Mapping[str, Any]]:
    rows = [
        json.loads(line)
        for name in ("eval_test.jsonl", "eval_dev.jsonl")
        for line in (DEMO_FOLDER / name).read_text(encoding="utf-8").splitlines()
    ]
    return {row["instruction"]: row for row in rows}


def _removal(run: Run, phrase: AnswerSpan) -> MeasuredRemoval | None:
    """The single removal with the largest effect; None for answers of other models."""
    rows = [
        row
        for row in _removals(run.instruction).to_pylist()
        if row["response"] == run.response
        and (row["span_start"], row["span_stop"]) == (phrase.char_start, phrase.char_stop)
    ]
    if not rows or run.tuning != "full":
        return None
    best = max(rows, key=lambda row: (row["phrase_gone"], row["logp_drop"]))
    return MeasuredRemoval(
        instance_id=best["instance_ids"][0],
        phrase_gone=best["phrase_gone"],
        becomes_correct=best["becomes_correct"],
        drop=best["logp_drop"],
        n_others=len(rows) - 1,
        n_others_gone=sum(row["phrase_gone"] for row in rows) - best["phrase_gone"],
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _removals(instruction: str) -> pa.Table:
    """All single removals measured on a question, with the shipped model's seed."""
    if not LEAVE_OUT_FILE.exists():
        return pa.table({name: [] for name in _COLUMNS})
    asked = [("instruction", "==", instruction), ("seed", "==", SHIPPED_SEED)]
    rows = pq.read_table(LEAVE_OUT_FILE, columns=list(_COLUMNS), filters=asked)
    return rows.filter(pa.compute.equal(pa.compute.list_value_length(rows["instance_ids"]), 1))
