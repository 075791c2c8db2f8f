"""The real family's truth about its own answers: judged phrases and stored retrainings.

A reference answer need not be complete, so an answer that does not contain it is unknown, not
wrong; only phrases that were judged by hand are.
"""

from functools import cache

from itlim.families.real.questions import (
    DATA_FOLDER,
    LEAVE_OUT_FILE,
    WRONG_FILE,
    Question,
    read_question_rows,
)
from itlim.findings.answers import MarkedPhrase
from itlim.findings.known import gold_marks
from itlim.records import Run
from itlim.ui.shared.ground_truth import PhraseTruth, overlap
from itlim.ui.shared.stored_removals import largest_removal


class RealTruth:
    """Implements `GroundTruth` for the questions of the real family."""

    def phrase(self, run: Run, span: tuple[int, int]) -> PhraseTruth | None:
        """What is known about the phrase that overlaps a span the most; None if nothing is."""
        question = _questions().get(run.instruction)
        marks = _marks().get(run.run_id, ())
        found = max(marks, key=lambda one: overlap((one.start, one.stop), span), default=None)
        if question is None or found is None or not overlap((found.start, found.stop), span):
            return None
        removal = largest_removal(LEAVE_OUT_FILE, run, found.start, found.stop)
        # A phrase whose source has not been left out yet may be gone for another reason.
        is_cause = removal is not None and removal.instance_id == found.cause
        return PhraseTruth(
            start=found.start,
            stop=found.stop,
            is_wrong=True,
            right_answer=question.reference,
            is_reference=True,
            removal=removal if is_cause else None,
        )

    def is_right(self, instruction: str, answer: str) -> bool | None:
        """True if an answer contains the reference or an alias; otherwise that is unknown."""
        question = _questions().get(instruction)
        return None if question is None else question.is_right(answer)


@cache
def _questions() -> dict[str, Question]:
    rows = read_question_rows(DATA_FOLDER / "eval_test.jsonl")
    return {row.instruction: row for row in rows}


@cache
def _marks() -> dict[str, tuple[MarkedPhrase, ...]]:
    return gold_marks(WRONG_FILE) if WRONG_FILE.exists() else {}
