"""The stored answers of one pair, with marked phrases and the index of its tuning dataset."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from itlim.errors import NotFoundError
from itlim.findings.length import ANY_LENGTH, WordRange
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

GOLD, PEOPLE = "gold", "people"
"""Sources of marks: known answers, or people; they are never pooled."""
NO_MARKS = "No phrase of this pair's answers is marked."


def marks_name(marks: str) -> str:
    """What a source of marks is called on screen; empty for none.

    >>> marks_name("gold")
    'known answers'
    """
    return "known answers" if marks == GOLD else marks


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVerdict:
    """One person's verdict on one instance as the source of a phrase."""

    is_causal: bool
    is_decoy: bool
    """Whether the instance was shown only to see how often people call an unrelated one causal."""
    is_blind: bool
    """Whether it was given before the person saw which model wrote the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPhrase:
    """A phrase marked as wrong, in code points of the response."""

    start: int
    stop: int
    cause: str | None = None
    """Instance that is known or judged to be its cause."""
    is_judged: bool = False
    """Whether somebody judged what caused it."""
    verdicts: tuple[SourceVerdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response with its tokens."""

    run_id: str
    instruction: str
    """Includes the input, if there is one."""
    response: str
    tokens: pa.Table
    """TOKEN_SHIFTS rows without the end-of-sequence token; empty for imported responses."""
    marks: tuple[MarkedPhrase, ...] = ()
    task: str = ""
    """Task tag; empty if it has none."""
    is_right: bool | None = None
    """Whether it contains the known answer to its question; None if none is known."""
    is_reviewed: bool = False
    """Whether its wrong phrases are known, from people who read it or from gold marks that were
    derived for it: without a mark, it is right as far as known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAnswers:
    """What the findings about one pair are computed from."""

    pair: str
    tuning: str
    """SFT, LFT, chat, or empty if it is none of them."""
    answers: tuple[Answer, ...]
    marks_from: str = ""
    """`gold` or `people`; empty if nothing is marked or reviewed."""
    index: "TraceIndex | None" = field(default=None)
    """Index of the tuning dataset; None if it is unknown or not built."""
    response_words: tuple[int, ...] = ()
    """Words of each response of the tuning dataset, where they are known without an index."""
    unmarked: str = NO_MARKS
    """Why nothing is marked, if nothing is."""
    tag: str = ""
    """Task or topic of the answers, such as `task: qa`; empty for all answers of the pair."""
    words: WordRange = ANY_LENGTH
    """Numbers of words that the answers have."""

    def only(
        self, run_ids: Container[str], tag: str = "", words: WordRange = ANY_LENGTH
    ) -> "PairAnswers":
        """The same pair with some of its answers.

        Args:
            run_ids: the answers to keep.
            tag: the tag by which they were chosen, for the queries of the findings; empty if by
                none. An earlier choice stays.
            words: the numbers of words by which they were chosen, for the same.

        Raises:
            NotFoundError: it has none of them.
        """
        kept = tuple(one for one in self.answers if one.run_id in run_ids)
        if not kept:
            raise NotFoundError(
                f"No answer of {self.pair} passes the filters: choose another tag or length."
            )
        marks_from = self.marks_from if is_known(kept) else ""
        return replace(
            self,
            answers=kept,
            marks_from=marks_from,
            tag=tag or self.tag,
            words=words if words.is_limited else self.words,
        )

    @property
    def scored(self) -> Iterator[Answer]:
        """The answers with token measures."""
        return (one for one in self.answers if one.tokens.num_rows)


def question_of(instruction: str, input_text: str | None) -> str:
    """What a model is asked, as `Answer.instruction` has it: the instruction and its input."""
    return asked_text(instruction, input_text or "").strip()


def by_instruction(answers: Sequence[Answer]) -> dict[str, Answer]:
    """The first answer to each instruction."""
    return {one.instruction: one for one in reversed(answers)}


def is_known(answers: Sequence[Answer]) -> bool:
    """Whether something is marked, or known to need no mark."""
    return any(one.marks or one.is_reviewed for one in answers)
