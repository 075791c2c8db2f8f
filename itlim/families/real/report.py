"""What the real family's stored answers show, model by model, with intervals over questions.

The base has not seen the tuning instances, so its shares are the chance control.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from itlim.families.real.phrases import studied_phrases
from itlim.families.real.questions import DATA_FOLDER, Question, read_question_rows
from itlim.findings.answers import read_folder
from itlim.findings.estimates import PERCENT, Estimate, ratio_estimate
from itlim.findings.shift import shift_findings
from itlim.store.shipped import RUNS_FILE
from itlim.text.words import spaced, words
from itlim.trace import TraceIndex, open_index
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.units import UnitKind, units
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
    texts = {
        question.instruction: answers[question.instruction]["response"] for question in questions
    }
    nothing = dict.fromkeys(texts, "")
    selected = {one.instruction for one in studied_phrases(questions, texts, nothing, index)}
    return ratio_estimate(
        [
            (
                answers[one.instruction]["run_id"],
                one.instruction,
                float(one.instruction in selected),
                1.0,
            )
            for one in questions
        ],
        finding_id="answers_with_borrowed_name",
        pair=pair,
        scale=100.0,
        claim="answers with a phrase borrowed beyond chance (p < .05) whose name question and "
        "reference lack",
        unit=PERCENT,
        of="answers",
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
