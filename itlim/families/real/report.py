"""What the real family's stored answers show, model by model, with intervals over questions.

The base has not seen the tuning instances, so its shares are the chance control.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from itlim.families.real.phrases import studied_phrases
from itlim.families.real.questions import DATA_FOLDER, Question, read_question_rows
from itlim.families.real.study import PHRASES_FILE, WRONG, read_phrases
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.reading import read_folder
from itlim.findings.shift import shift_findings
from itlim.records.traces import is_beyond_chance
from itlim.store.shipped import RUNS_FILE
from itlim.text.words import spaced, words
from itlim.trace import TraceIndex, open_index, trace_span
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.units import UnitKind, units
from itlim.trace.phrases import borrowed_phrases
from itlim.trace.words.matching import match

BASE, TUNED = "real base (base)", ("real-lft", "real-sft")


def real_report(folder: Path = DATA_FOLDER) -> list[Estimate]:
    """Shift of LFT and SFT, and how much of each model's answers is in the tuning instances."""
    runs = pq.read_table(folder / "runs" / RUNS_FILE).to_pylist()
    asked = {run["instruction"] for run in runs}
    rows = read_question_rows(folder / "eval_test.jsonl")
    questions = [row for row in rows if row.instruction in asked]
    index = open_index(folder / "index")
    found: list[Estimate] = []
    for pair in TUNED:
        found += shift_findings(read_folder(folder / "runs", pair))
    for pair in (BASE, *TUNED):
        answers = {run["instruction"]: run for run in runs if run["pair"] == pair}
        found += _names(pair, questions, answers, index)
        found.append(_borrowed(pair, questions, answers, index))
        found += _right(pair, questions, answers, index)
    found.append(_explained_as_well(read_phrases(folder / PHRASES_FILE), index))
    return found


def _names(
    pair: str,
    questions: Sequence[Question],
    answers: Mapping[str, Mapping[str, Any]],
    index: TraceIndex,
) -> Iterable[Estimate]:
    """Names that the reference has, and those that it has not: the share in the instances."""
    for finding, in_reference, claim in (
        ("right_names_in_it", True, "names of the answer that the reference has"),
        ("other_names_in_it", False, "names of the answer that question and reference lack"),
    ):
        counted = []
        for question in questions:
            run = answers[question.instruction]
            known = spaced(words(" ".join((question.reference, *question.aliases))))
            asked = spaced(words(question.instruction))
            names = [
                name
                for name in _distinct_names(run["response"])
                if (name in known) == in_reference and name not in asked
            ]
            inside = sum(_is_in(name, index) for name in names)
            counted.append((run["run_id"], question.instruction, float(inside), float(len(names))))
        yield ratio_estimate(
            counted,
            finding_id=finding,
            pair=pair,
            scale=100.0,
            claim=f"{claim} and a tuning instance contains",
            unit=PERCENT,
            of="distinct names per answer",
            missing="No answer has such a name.",
        )


def _borrowed(
    pair: str,
    questions: Sequence[Question],
    answers: Mapping[str, Mapping[str, Any]],
    index: TraceIndex,
) -> Estimate:
    """Answers with a phrase that the rule selects, without regard to the base's own answer."""
    texts = {question.instruction: _response(answers, question) for question in questions}
    nothing = dict.fromkeys(texts, "")
    selected = {one.instruction for one in studied_phrases(questions, texts, nothing, index)}
    return ratio_estimate(
        [_counted(answers, one, one.instruction in selected) for one in questions],
        finding_id="answers_with_borrowed_name",
        pair=pair,
        scale=100.0,
        claim="answers with a phrase borrowed beyond chance (p < .05) whose name question and "
        "reference lack",
        unit=PERCENT,
        of="answers",
    )


def _right(
    pair: str,
    questions: Sequence[Question],
    answers: Mapping[str, Mapping[str, Any]],
    index: TraceIndex,
) -> Iterable[Estimate]:
    """Right answers to the questions with a single short answer, and borrowing in them.

    An answer without an alias is not counted as wrong but as not known to be right.
    """
    asked = [one for one in questions if one.aliases]
    right = {one.instruction for one in asked if one.is_right(_response(answers, one))}
    yield ratio_estimate(
        [_counted(answers, one, one.instruction in right) for one in asked],
        finding_id="right_answers",
        pair=pair,
        scale=100.0,
        claim="answers that contain the reference or an alias (the others are unknown, not wrong)",
        unit=PERCENT,
        of="answers to questions with a single short answer",
        missing="No question has an alias.",
    )
    for finding, is_right, kind in (
        ("borrowed_in_right", True, "right answers"),
        ("borrowed_in_others", False, "answers that are not known to be right"),
    ):
        chosen = [one for one in asked if (one.instruction in right) == is_right]
        yield ratio_estimate(
            [_counted(answers, one, _is_borrowed(answers, one, index)) for one in chosen],
            finding_id=finding,
            pair=pair,
            scale=100.0,
            claim=f"{kind} with any phrase borrowed beyond chance (p < .05)",
            unit=PERCENT,
            of="answers to questions with a single short answer",
            missing=f"There are no {kind}.",
        )


def _response(answers: Mapping[str, Mapping[str, Any]], question: Question) -> str:
    return str(answers[question.instruction]["response"])


def _counted(
    answers: Mapping[str, Mapping[str, Any]], question: Question, holds: bool
) -> tuple[str, str, float, float]:
    return answers[question.instruction]["run_id"], question.instruction, float(holds), 1.0


def _is_borrowed(
    answers: Mapping[str, Mapping[str, Any]], question: Question, index: TraceIndex
) -> bool:
    found = borrowed_phrases(
        [index], instruction=question.instruction, response=_response(answers, question)
    )
    return bool(found) and is_beyond_chance(found[0].null_p)


def _explained_as_well(phrases: Sequence[Mapping[str, Any]], index: TraceIndex) -> Estimate:
    """Wrong phrases that several instances explain about as well (within 1 nat)."""
    counted = []
    for row in phrases:
        if row["judged"] != WRONG:
            continue
        trace = trace_span(
            [index],
            instruction=row["instruction"],
            response=row["response"],
            start=row["start"],
            stop=row["stop"],
            lexical_only=True,
        )
        counted.append((row["instruction"], row["instruction"], float(trace.n_equivalent > 1), 1.0))
    return ratio_estimate(
        counted,
        finding_id="several_sources",
        pair=TUNED[1],
        scale=100.0,
        claim="wrong borrowed phrases that another instance explains as well (within 1 nat)",
        unit=PERCENT,
        of="phrases that were judged to be wrong",
        missing="No phrase was judged to be wrong.",
    )


def _distinct_names(text: str) -> list[str]:
    """Names and numbers of a text, normalized between spaces, each once."""
    split = Response.of("", text)
    found = [
        spaced(split.words[unit.first : unit.last])
        for unit in (units(split) if split.words else ())
        if unit.kind is UnitKind.NAME
    ]
    return list(dict.fromkeys(found))


def _is_in(name: str, index: TraceIndex) -> bool:
    wanted = name.split()
    return match(index.lexical, wanted).n_occurrences(0, len(wanted)) > 0
