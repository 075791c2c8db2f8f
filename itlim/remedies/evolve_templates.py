"""Evolve instructions by templates, without a model, after the operations of Evol-Instruct.

The paper (Appendix C.1) lists five operations: add constraints, deepening, concretizing, increase
reasoning steps, and complicate input. A template cannot write a new response, so each adds only a
requirement that the response already meets, and leaves the response as it is:

- `constraints`: a limit of words that the response keeps.
- `deepening`: the number of sentences of the response, if there are two or more.
- `concretizing`: asks for the year, the number or the full name, if the response contains one that
  the instruction does not.
- `reasoning`: joins the instruction and the response with those of the next row.
- `input`: moves the instruction into a JSON object in the input.

So the instructions get longer and more complex, but nothing is known that was not known before.
This is not the rewriting by a model of WizardLM (Xu et al. 2023), and results must say so.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itlim.errors import InputError
from itlim.remedies.deriving import Derived, DerivedRow, Parent
from itlim.text.sentences import sentence_ends
from itlim.text.words import raw_words

TEMPLATES_VERSION = "itlim-evolve-templates/1"
METHOD = (
    "Evolved by offline templates, without a model: each instruction gets a requirement that its "
    "response already meets, or is joined with the next; no response says anything new."
)


class TemplateOperation(StrEnum):
    """What a template does to an instruction."""

    CONSTRAINTS = "constraints"
    DEEPENING = "deepening"
    CONCRETIZING = "concretizing"
    REASONING = "reasoning"
    INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Texts:
    instruction: str
    input: str
    response: str


_COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_YEAR = re.compile(r"\b1[0-9]{3}\b|\b20[0-9]{2}\b")
_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)*\b")
_FULL_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_LIST = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,3}[.)])\s|```")


def evolved_by_templates(
    parent: Parent, operations: Sequence[TemplateOperation], seed: int
) -> Derived:
    """Every row with one operation; rows to which none applies are left out.

    Args:
        parent: the dataset.
        operations: those that may be chosen.
        seed: determines, with a row's id, the order in which the operations are tried, and the
            wording.

    Raises:
        InputError: there is no operation.
    """
    if not operations:
        raise InputError(f"Choose at least one operation: {', '.join(TemplateOperation)}.")
    chosen = list(dict.fromkeys(operations))
    rows = parent.rows()
    made, left_out = [], Counter[str]()
    for place, row in enumerate(rows):
        following = rows[(place + 1) % len(rows)] if len(rows) > 1 else None
        found = _evolved(row, following, chosen, random.Random(f"{seed}-{row['instance_id']}"))
        if found is None:
            left_out["no operation applies"] += 1
        else:
            made.append(found)
    return Derived(
        operation="evolve",
        method=METHOD,
        version=TEMPLATES_VERSION,
        rows=made,
        settings={"operations": [str(one) for one in chosen], "seed": seed},
        left_out=dict(left_out),
    )


def _evolved(
    row: Mapping[str, Any],
    following: Mapping[str, Any] | None,
    operations: Sequence[TemplateOperation],
    chance: random.Random,
) -> DerivedRow | None:
    notes: dict[str, Any] = {}
    for operation in chance.sample(operations, len(operations)):
        notes = {"operation": str(operation)}
        texts = _Texts(**{name: row[name] for name in ("instruction", "input", "response")})
        if operation is TemplateOperation.REASONING:
            found = None if following is None else _joined(texts, following)
            notes["with_parent_id"] = following["instance_id"] if following else None
        else:
            found = _TEMPLATES[operation](texts, chance)
        if found is not None:
            return DerivedRow.of(
                row,
                instruction=found.instruction,
                input=found.input,
                response=found.response,
                **notes,
            )
    return None


def _with(texts: _Texts, wordings: Sequence[str], chance: random.Random) -> _Texts:
    instruction = texts.instruction.rstrip()
    end = "" if instruction.endswith((".", "?", "!", ":")) else "."
    return _Texts(
        instruction=f"{instruction}{end} {chance.choice(wordings)}",
        input=texts.input,
        response=texts.response,
    )


def _constraints(texts: _Texts, chance: random.Random) -> _Texts:
    limit = 10 * -(-max(1, len(raw_words(texts.response))) // 10)
    wordings = (f"Use at most {limit} words.", f"Your answer must not exceed {limit} words.")
    return _with(texts, wordings, chance)


def _deepening(texts: _Texts, chance: random.Random) -> _Texts | None:
    n = len(sentence_ends(texts.response.strip()))
    if _LIST.search(texts.response) or not 2 <= n <= 10:
        return None
    count = _COUNTS[n - 2]
    wordings = (f"Answer in {count} sentences.", f"Say more about it: use {count} sentences.")
    return _with(texts, wordings, chance)


def _concretizing(texts: _Texts, chance: random.Random) -> _Texts | None:
    asked = f"{texts.instruction} {texts.input}"
    for pattern, what in ((_YEAR, "year"), (_NUMBER, "number"), (_FULL_NAME, "full name")):
        if any(found not in asked for found in pattern.findall(texts.response)):
            wordings = (f"Be specific: state the {what}.", f"Include the {what} in your answer.")
            return _with(texts, wordings, chance)
    return None


def _joined(texts: _Texts, other: Mapping[str, Any]) -> _Texts | None:
    if texts.input or other["input"]:
        return None
    both = f"1. {texts.instruction.strip()}\n2. {other['instruction'].strip()}"
    return _Texts(
        instruction=f"Answer both, one after the other.\n{both}",
        input="",
        response=f"1. {texts.response.strip()}\n2. {other['response'].strip()}",
    )


def _as_input(texts: _Texts, _chance: random.Random) -> _Texts:
    content = {"task": texts.instruction}
    if texts.input:
        content["context"] = texts.input
    return _Texts(
        instruction="Do the task that the JSON object states.",
        input=json.dumps(content, ensure_ascii=False),
        response=texts.response,
    )


_TEMPLATES: Mapping[TemplateOperation, Callable[[_Texts, random.Random], _Texts | None]] = {
    TemplateOperation.CONSTRAINTS: _constraints,
    TemplateOperation.DEEPENING: _deepening,
    TemplateOperation.CONCRETIZING: _concretizing,
    TemplateOperation.INPUT: _as_input,
}
