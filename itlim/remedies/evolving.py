"""Evolve instructions through a server, as Evol-Instruct does (WizardLM, Xu et al. 2023).

The prompts are those of the authors' public code, word for word with plain line ends
(github.com/nlpxucan/WizardLM at 8c877d4, `Evol_Instruct/depth.py` and `breadth.py`): four
operations in depth and one in breadth. The paper's Appendix C.1 names "complicate input" as the
fifth, for which that code has no prompt. As in that code, one operation is drawn per row, and the
same model answers the new instruction.
"""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from itlim.datasets.lineage import FailedRow
from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError, InputError
from itlim.progress import Cancelled, StepProgress
from itlim.remedies.chat import Usage
from itlim.remedies.deriving import Derived, DerivedRow, Parent
from itlim.remedies.kept_replies import KeptReplies
from itlim.remedies.quality_score import COMMON_WORDS
from itlim.remedies.rewriting import TEMPERATURE, ask, filled, host_of, query_of
from itlim.text.words import raw_words, words

PROMPT_VERSION = "wizardlm-8c877d4/1"
SUBSTITUTION = (
    "Of the five operations that the paper names (Appendix C.1), Evol-Instruct's public code has "
    "no prompt for the fifth, complicate input. Its prompt in breadth takes that place: a new "
    "instruction of the same domain."
)
"""What a reader must know who compares the operations with the paper's."""
_SORRY_WORDS = 80


class EvolveOperation(StrEnum):
    """What the model does to an instruction."""

    CONSTRAINTS = "constraints"
    DEEPENING = "deepening"
    CONCRETIZING = "concretizing"
    REASONING = "reasoning"
    BREADTH = "breadth"


_METHODS = {
    EvolveOperation.CONSTRAINTS: "Please add one more constraints/requirements into #The Given "
    "Prompt#'",
    EvolveOperation.DEEPENING: "If #The Given Prompt# contains inquiries about certain issues, the "
    "depth and breadth of the inquiry can be increased.",
    EvolveOperation.CONCRETIZING: "Please replace general concepts with more specific concepts.",
    EvolveOperation.REASONING: "If #The Given Prompt# can be solved with just a few simple "
    "thinking processes, you can rewrite it to explicitly request multiple-step reasoning.",
}


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8").rstrip("\n")


_DEPTH, _BREADTH = _read("evolve_depth_prompt.txt"), _read("evolve_breadth_prompt.txt")
_COPIED = re.compile(r"(?:given|rewritten|created) prompt", re.IGNORECASE)


def evolve_prompt(operation: EvolveOperation, query: str) -> str:
    """The prompt for one instruction; the text is inserted as it is."""
    prompt = _BREADTH if operation is EvolveOperation.BREADTH else _DEPTH
    return filled(prompt, {"method": _METHODS.get(operation, ""), "instruction": query})


def why_eliminated(query: str, evolved: str, response: str) -> str:
    """Why an evolved row is left out, after WizardLM's "elimination evolving"; empty if it is not.

    Whether an instruction gains information is judged by a model there; here only an instruction
    with the same words is left out.

    >>> why_eliminated("Name a cat.", "name a cat", "Tom.")
    'the evolved instruction has the same words'
    """
    if words(query) == words(evolved):
        return "the evolved instruction has the same words"
    if _COPIED.search(evolved):
        return "the evolved instruction repeats the prompt"
    if "sorry" in response.lower() and len(raw_words(response)) < _SORRY_WORDS:
        return "the model refused to answer"
    if not set(words(response)) - COMMON_WORDS:
        return "the answer has no content words"
    return ""


def evolve_plan(
    settings: EndpointSettings, operations: Sequence[EvolveOperation], seed: int
) -> Derived:
    """How a server evolves, without rows.

    Raises:
        InputError: there is no operation.
    """
    if not operations:
        raise InputError(f"Choose at least one operation: {', '.join(EvolveOperation)}.")
    chosen = [str(one) for one in dict.fromkeys(operations)]
    return Derived(
        operation="evolve",
        method="Evolved by a model with the prompts of Evol-Instruct's public code; the same model "
        "answered the new instructions.",
        version=PROMPT_VERSION,
        rows=(),
        settings={"operations": chosen, "seed": seed, "temperature": TEMPERATURE},
        model=settings.model,
        host=host_of(settings),
    )


def drawn_operation(
    row: Mapping[str, Any], operations: Sequence[EvolveOperation], seed: int
) -> EvolveOperation:
    """The operation on an instance, which depends on its id and the seed alone."""
    names = list(dict.fromkeys(operations))
    return random.Random(f"{seed}-{row['instance_id']}").choice(names)


def evolved_by_server(
    parent: Parent,
    settings: EndpointSettings,
    kept: KeptReplies,
    operations: Sequence[EvolveOperation],
    seed: int,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled = lambda: False,
    usage: Usage | None = None,
) -> tuple[Derived, Usage]:
    """Every row with an evolved instruction and its answer; a failed reply is never a row.

    `usage` receives the tokens of each reply as it arrives.

    Raises:
        InputError: there is no operation.
        CancelledError: `cancelled` returned True; replies up to then are kept.
        EndpointSetupError: key, address or model is wrong.
    """
    plan = evolve_plan(settings, operations, seed)
    instances = parent.rows()
    chosen = [drawn_operation(row, operations, seed) for row in instances]
    usage = Usage() if usage is None else usage
    total = 2 * len(instances)

    def report(before: int) -> StepProgress:
        def step(done: int, _total: int, text: str) -> None:
            if progress is not None:
                progress(before + done, total, text)

        return step

    prompts = [
        evolve_prompt(operation, query_of(row))
        for operation, row in zip(chosen, instances, strict=True)
    ]
    evolved = ask(settings, prompts, kept, usage, progress=report(0), cancelled=cancelled)
    asked = [text for text in evolved if isinstance(text, str)]
    skipped = len(evolved) - len(asked)
    step = report(len(instances) + skipped)
    answers = iter(ask(settings, asked, kept, usage, progress=step, cancelled=cancelled))
    both = [(text, next(answers) if isinstance(text, str) else text) for text in evolved]
    return _derived(plan, instances, chosen, both), usage


def _derived(
    plan: Derived,
    instances: Sequence[Mapping[str, Any]],
    operations: Sequence[EvolveOperation],
    replies: "Sequence[tuple[str | EndpointError, str | EndpointError]]",
) -> Derived:
    rows, failed, left_out = [], [], Counter[str]()
    for row, operation, (evolved, answer) in zip(instances, operations, replies, strict=True):
        if isinstance(evolved, EndpointError) or isinstance(answer, EndpointError):
            error = evolved if isinstance(evolved, EndpointError) else answer
            failed.append(FailedRow(instance_id=row["instance_id"], reason=str(error)))
        elif reason := why_eliminated(query_of(row), evolved, answer):
            left_out[reason] += 1
        else:
            made = {"instruction": evolved, "input": "", "response": answer}
            rows.append(DerivedRow.of(row, **made, operation=str(operation)))
    return replace(plan, rows=rows, failed=failed, left_out=dict(left_out))
