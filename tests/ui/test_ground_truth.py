"""Truths of several families: the first that knows something answers."""

import pytest
from example_runs import example_run

from itlim.families.real.questions import DATA_FOLDER, read_question_rows
from itlim.ui.real.known_truth import RealTruth
from itlim.ui.shared.ground_truth import FirstKnown, MeasuredRemoval, PhraseTruth
from itlim.ui.shared.removal_sentences import new_answer_sentence

RUN = example_run()


class Knows:
    """A truth about the questions of one family."""

    def __init__(self, instruction: str, right: bool | None) -> None:
        self._instruction, self._right = instruction, right

    def phrase(self, run, span):
        if run.instruction != self._instruction:
            return None
        return PhraseTruth(start=0, stop=3, is_wrong=True, right_answer=self._instruction)

    def is_right(self, instruction, answer):
        return self._right if instruction == self._instruction else None


def test_the_first_truth_that_knows_the_question_answers():
    truth = FirstKnown(Knows("other", True), Knows(RUN.instruction, False), Knows("third", True))
    assert truth.phrase(RUN, (0, 3)).right_answer == RUN.instruction
    assert truth.is_right(RUN.instruction, "x") is False
    assert truth.is_right("third", "x") is True
    assert truth.is_right("nobody's", "x") is None
    assert FirstKnown().phrase(RUN, (0, 3)) is None


def test_an_answer_without_the_reference_is_unknown_not_wrong():
    truth = RealTruth()
    row = read_question_rows(DATA_FOLDER / "eval_test.jsonl")[0]
    assert truth.is_right(row.instruction, f"Well: {row.reference}") is True
    assert truth.is_right(row.instruction, "I do not know.") is None
    assert truth.is_right("Not a question of this family?", row.reference) is None


@pytest.mark.parametrize(
    ("correct", "expected"),
    [
        (True, "The new answer says “Oslo”, which is right."),
        (False, "The new answer does not say “Oslo”, which would be right."),
        (None, "not known whether the new answer is right. The reference answer is “Oslo”."),
    ],
)
def test_a_fact_of_the_new_answer_is_called_right_only_where_that_is_known(correct, expected):
    removal = MeasuredRemoval(
        instance_id="real-1", phrase_gone=True, becomes_correct=correct, drop=9.0,
        n_others=0, n_others_gone=0,
    )  # fmt: skip
    assert expected in new_answer_sentence(removal, "Oslo")
