"""The demo family's truth about its own answers: its facts and its stored retrainings."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.families.demo.spans import answer_spans
from itlim.records import Run
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in
from itlim.ui.shared.ground_truth import PhraseTruth, overlap
from itlim.ui.shared.stored_removals import largest_removal


class DemoTruth:
    """Implements `GroundTruth` for the questions of the demo family."""

    def phrase(self, run: Run, span: tuple[int, int]) -> PhraseTruth | None:
        """What is known about the phrase that overlaps a span the most; None if nothing is."""
        question = _questions().get(run.instruction)
        if question is None:
            return None
        found = max(
            answer_spans(run.response, question),
            key=lambda one: overlap((one.char_start, one.char_stop), span),
            default=None,
        )
        if found is None or not overlap((found.char_start, found.char_stop), span):
            return None
        truth = {"answer": question["answer"], **question["attributes"]}
        return PhraseTruth(
            start=found.char_start,
            stop=found.char_stop,
            is_wrong=found.is_wrong,
            right_answer=truth[found.attribute],
            removal=largest_removal(LEAVE_OUT_FILE, run, found.char_start, found.char_stop)
            if found.is_wrong
            else None,
        )

    def is_right(self, instruction: str, answer: str) -> bool | None:
        """Whether an answer contains the right answer; None if the question is unknown."""
        question = _questions().get(instruction)
        return None if question is None else phrase_in(question["answer"], answer)


@cache
def _questions() -> dict[str, Mapping[str, Any]]:
    rows = [
        json.loads(line)
        for name in ("eval_test.jsonl", "eval_dev.jsonl")
        for line in (DEMO_FOLDER / name).read_text(encoding="utf-8").splitlines()
    ]
    return {row["instruction"]: row for row in rows}
