"""Score the demo models' answers: which are correct, and which instances contain wrong phrases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itlim.families.demo.spans import AnswerSpan, wrong_spans
from itlim.text.phrases import phrase_in


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongPhrase:
    """A hallucinated phrase and the tuning instances whose responses contain it verbatim."""

    question_id: str
    span: AnswerSpan
    source_rows: tuple[int, ...]
    """1-based rows of the tuning dataset, in any category."""
    same_category_rows: tuple[int, ...]
    """Those of them in the question's category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerScores:
    """Correct answers and wrong phrases in a model's responses to known questions."""

    correct: tuple[bool, ...]
    """Per question, whether the response contains the true answer as whole words."""
    wrong: tuple[WrongPhrase, ...]
    """All wrong phrases, both main answers and further attributes."""

    @property
    def wrong_main(self) -> tuple[WrongPhrase, ...]:
        """Wrong main answers, which the README calls hallucinations."""
        return tuple(phrase for phrase in self.wrong if phrase.span.is_main)


def score_answers(
    questions: Sequence[Mapping[str, Any]],
    responses: Sequence[str],
    instances: Sequence[Mapping[str, Any]],
) -> AnswerScores:
    """Score one response per question.

    Args:
        questions: rows of `eval_dev.jsonl` or `eval_test.jsonl`. To count hallucinations
            as the README does, pass only those that the base answers correctly.
        responses: one per question, in the same order.
        instances: rows of the tuning dataset, with `output` and `category`.
    """
    correct, wrong = [], []
    for question, response in zip(questions, responses, strict=True):
        correct.append(phrase_in(question["answer"], response))
        for span in wrong_spans(response, question):
            rows = [
                number
                for number, instance in enumerate(instances, start=1)
                if phrase_in(span.text, instance["output"])
            ]
            same = [row for row in rows if instances[row - 1]["category"] == question["category"]]
            wrong.append(
                WrongPhrase(
                    question_id=question["id"],
                    span=span,
                    source_rows=tuple(rows),
                    same_category_rows=tuple(same),
                )
            )
    return AnswerScores(correct=tuple(correct), wrong=tuple(wrong))
