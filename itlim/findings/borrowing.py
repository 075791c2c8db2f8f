"""Borrowing beyond chance in all answers, in right ones, and in answers to other tasks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from itlim.findings.answers import Answer, PairAnswers
from itlim.findings.estimates import NO_INDEX, PERCENT, Estimate, ratio_estimate
from itlim.findings.queries import listing
from itlim.records.traces import BEYOND_CHANCE, is_beyond_chance

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

NO_CHANCE = "The index has no chance baseline."
_QUESTION_TASKS = ("qa", "question", "information seeking", "information_seeking")
"""A task whose name contains one of these is answering questions."""
_COMPUTED = (
    f"An answer counts if a phrase in it is borrowed beyond chance (p < {BEYOND_CHANCE:g}, "
    "corrected for the choice of the phrase; words of the instruction do not count). Answers "
    "of models that were never tuned on the dataset count too, by chance or because they know the "
    "same texts: those of the base model alone are the control."
)


def borrowing_findings(pair: PairAnswers) -> list[Estimate]:
    """Shares of answers with a borrowed phrase (Table 12 for right answers and other tasks)."""
    p_values = _p_values(pair)
    missing = NO_INDEX if pair.index is None else NO_CHANCE
    right = [one for one in pair.answers if _is_known_right(one)]
    wrong = [one for one in pair.answers if one.is_reviewed and one.marks]
    others = [one for one in pair.answers if one.task and not is_question_task(one.task)]
    return [
        _share(pair, p_values, pair.answers, "borrowed", "answers with a borrowed phrase", missing),
        _share(
            pair,
            p_values,
            right,
            "borrowed_right",
            "right answers with a borrowed phrase (Table 12)",
            missing if not p_values else "No answer of this pair is known to be right.",
        ),
        _share(
            pair,
            p_values,
            wrong,
            "borrowed_wrong",
            "answers with a marked phrase and with a borrowed one",
            missing if not p_values else pair.unmarked,
        ),
        _share(
            pair,
            p_values,
            others,
            "borrowed_other_tasks",
            "answers to tasks other than questions that have a borrowed phrase (Table 12)",
            missing if not p_values else "No answer has the tag of a task other than questions.",
        ),
    ]


def borrowed_share(pair: PairAnswers, finding: str, claim: str, missing: str) -> Estimate:
    """The share of all these answers with a borrowed phrase.

    Args:
        pair: the answers, with the index of the dataset.
        finding: id of the finding.
        claim: what is counted.
        missing: why there is no number although there is an index with a chance baseline.
    """
    p_values = _p_values(pair)
    if pair.index is None:
        missing = NO_INDEX
    elif not pair.index.nulls:
        missing = NO_CHANCE
    return _share(pair, p_values, pair.answers, finding, claim, missing)


def _is_known_right(answer: Answer) -> bool:
    """Reviewed without a mark; of answers that nobody reviewed, those with the known answer."""
    return not answer.marks if answer.is_reviewed else bool(answer.is_right)


def is_question_task(task: str) -> bool:
    """Whether a task's name says that it is answering questions.

    >>> [is_question_task(name) for name in ("open_qa", "Information seeking", "summarization")]
    [True, True, False]
    """
    return any(name in task.lower() for name in _QUESTION_TASKS)


def _p_values(pair: PairAnswers) -> dict[str, float]:
    """The p of each answer's most likely borrowed phrase, 1 without a phrase.

    Empty without an index or without its chance baseline.
    """
    if pair.index is None or not pair.index.nulls:
        return {}
    return {one.run_id: borrowed_p(pair.index, one) for one in pair.answers}


def borrowed_answers(pair: PairAnswers) -> dict[str, bool]:
    """Whether each answer has a phrase borrowed beyond chance, by run.

    Empty without an index or without its chance baseline.
    """
    return {run_id: is_beyond_chance(p) for run_id, p in _p_values(pair).items()}


def borrowed_p(index: "TraceIndex", answer: Answer) -> float:
    """The p of an answer's most likely borrowed phrase; 1 without a phrase."""
    return borrowed_phrase(index, answer.instruction, answer.response)[0]


def borrowed_phrase(index: "TraceIndex", instruction: str, response: str) -> tuple[float, str]:
    """The p of an answer's most likely borrowed phrase, and its words; 1 and none without one."""
    from itlim.trace.phrases import default_phrase

    phrase = default_phrase([index], instruction=instruction, response=response)
    if phrase is None:
        return 1.0, ""
    p = 1.0 if phrase.null_p is None else phrase.null_p
    return p, response[phrase.start : phrase.stop]


def _share(
    pair: PairAnswers,
    p_values: dict[str, float],
    answers: Sequence[Answer],
    finding: str,
    claim: str,
    missing: str,
) -> Estimate:
    uses_marks = finding in ("borrowed_right", "borrowed_wrong")
    return ratio_estimate(
        [
            (one.run_id, one.instruction, float(is_beyond_chance(p_values[one.run_id])), 1.0)
            for one in answers
            if one.run_id in p_values
        ],
        finding_id=finding,
        pair=pair.pair,
        scale=100.0,
        claim=claim,
        unit=PERCENT,
        of="answers",
        marks=pair.marks_from if uses_marks else "",
        missing=missing,
        computed=_COMPUTED,
        query=listing("borrowed phrases", pair),
    )
