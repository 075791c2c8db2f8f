"""The phrases of the tuned model's answers that are studied: a rule stated before the answers.

A phrase counts if it is borrowed beyond chance from a tuning instance (p < .05, corrected for the
choice) and contains a name or number that this instance's response contains as well, but neither
the reference answer, nor its aliases, nor the question, nor the base model's own answer. Each
answer gives its most likely phrase only. A reference need not be complete ("Name five NHL teams"),
so whether such a phrase is wrong is judged afterwards; the rule does not depend on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itlim.families.real.questions import Question
from itlim.records import Phrase
from itlim.records.traces import is_beyond_chance
from itlim.text.words import spaced, words
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.evidence.units import UnitKind, units
from itlim.trace.index.index import TraceIndex
from itlim.trace.phrases import borrowed_phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedPhrase:
    """A phrase that the rule selects."""

    instruction: str
    response: str
    phrase: Phrase
    new_names: tuple[str, ...]
    """The names and numbers that only the instance explains, as the answer spells them."""

    @property
    def quote(self) -> str:
        """The words of the phrase."""
        return self.response[self.phrase.start : self.phrase.stop]

    def row(self) -> dict[str, Any]:
        """The phrase as a JSON object."""
        return {
            "instruction": self.instruction,
            "response": self.response,
            "quote": self.quote,
            "start": self.phrase.start,
            "stop": self.phrase.stop,
            "p": self.phrase.null_p,
            "instance_id": self.phrase.instance_id,
            "new_names": list(self.new_names),
        }


def studied_phrases(
    questions: Sequence[Question],
    tuned: Mapping[str, str],
    base: Mapping[str, str],
    index: TraceIndex,
) -> list[StudiedPhrase]:
    """Apply the rule to the tuned model's answers.

    Args:
        questions: questions with their references.
        tuned: the tuned model's answer to each instruction.
        base: the base model's own answer to each instruction.
        index: index of the tuning instances.

    Returns:
        At most one phrase per question, in the order of the questions.
    """
    found = []
    for question in questions:
        response = tuned[question.instruction]
        known = " ".join(
            [
                question.instruction,
                question.reference,
                *question.aliases,
                base[question.instruction],
            ]
        )
        for phrase in borrowed_phrases(
            [index], instruction=question.instruction, response=response
        ):
            if not is_beyond_chance(phrase.null_p):
                break
            names = _new_names(response, phrase, spaced(words(known)), index)
            if names:
                found.append(
                    StudiedPhrase(
                        instruction=question.instruction,
                        response=response,
                        phrase=phrase,
                        new_names=names,
                    )
                )
                break
    return found


def _new_names(response: str, phrase: Phrase, known: str, index: TraceIndex) -> tuple[str, ...]:
    """Names and numbers of a phrase that its instance contains, but not the known texts."""
    split = Response.of("", response)
    first, last = split.word_range(phrase.start, phrase.stop)
    position = index.instances.position(phrase.row)
    instance = spaced(words(index.instance_at(position)["response"]))
    found = []
    for unit in units(split, first, last):
        name = spaced(split.words[unit.first : unit.last])
        if unit.kind is UnitKind.NAME and name in instance and name not in known:
            found.append(response[int(split.starts[unit.first]) : int(split.stops[unit.last - 1])])
    return tuple(found)
