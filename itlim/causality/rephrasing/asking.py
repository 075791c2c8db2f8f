"""Ask the same in other words, and measure what became of a phrase."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from itlim.causality.rephrasing.recurrence import borrowed_stretches, recurrence
from itlim.causality.rephrasing.wordings import Rephrasing
from itlim.errors import CancelledError, ContextLengthError, InputError
from itlim.ids import content_hash
from itlim.models.fingerprint import pair_hashes
from itlim.pipeline import Inspection, identify
from itlim.progress import Cancelled, Progress
from itlim.records import (
    REPHRASED_ORIGIN,
    Counterfactual,
    CounterfactualCase,
    IdentifiedRequest,
    Request,
    Run,
)
from itlim.schema import FinishReason

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair
    from itlim.trace import TraceIndex

FEWEST = 2
"""Rephrasings a case (paper, Appendix B)."""


def case_id(run_id: str, start: int, stop: int) -> str:
    """Id of a phrase of a run: 16 hex digits."""
    return content_hash("counterfactual case", run_id, start, stop)[:16]


def new_case(run: Run, start: int, stop: int, *, by: str = "") -> CounterfactualCase:
    """A case about words of a stored answer.

    Args:
        run: the answer.
        start: first code point of the phrase.
        stop: one past its last.
        by: who marked it.

    Raises:
        InputError: the span lies outside the response, or holds no word.
    """
    case = CounterfactualCase(
        case_id=case_id(run.run_id, start, stop),
        version=0,
        run_id=run.run_id,
        pair=run.pair,
        instruction=run.instruction,
        input=run.input,
        response=run.response,
        start=start,
        stop=stop,
        changed_by=by,
        changed_at=datetime.now(UTC),
    )
    recurrence(case.quote, case.response)  # says what is wrong with a span of no words
    return case


def answers(
    case: CounterfactualCase,
    wordings: Sequence[Rephrasing],
    request: Request,
    loaded: "LoadedPair",
    *,
    indexes: "Sequence[TraceIndex]" = (),
    author: str = "",
    known: Callable[[IdentifiedRequest], Run | None] = lambda _asked: None,
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Iterator[tuple[Counterfactual, Run]]:
    """Let the tuned model answer each wording; gives each answer as soon as it is measured.

    Args:
        case: whose phrase is looked for.
        wordings: rephrased instructions.
        request: how the case's own answer was asked for: input, limits, pair.
        loaded: the pair of `request.pair`, in memory.
        indexes: where to look for other instances' words; none leaves that unmeasured.
        author: who chose the wordings.
        known: a stored run that answers a request already.
        progress: called with a fraction in [0, 1] and what is being done.
        cancelled: asked before each wording and during each answer.

    Raises:
        InputError: a wording is empty, or is the case's own instruction.
        CancelledError: `cancelled` said so; what was given before stays.
    """
    report = progress or (lambda _fraction, _message: None)
    _check(case, wordings, request)
    _check_room(wordings, request, loaded)
    hashes = pair_hashes(request.pair)
    for place, wording in enumerate(wordings):
        if cancelled():
            raise CancelledError(_stopped(request, place, len(wordings)))
        report(place / len(wordings), f"Asking {place + 1} of {len(wordings)}")
        asked = identify(replace(request, instruction=wording.text, response=None), hashes)
        run = known(asked) or Inspection(asked, loaded, origin=REPHRASED_ORIGIN).answer(cancelled)
        if run.finish_reason == FinishReason.CANCELLED:
            raise CancelledError(_stopped(request, place, len(wordings)))
        yield measured(case, wording, run, indexes=indexes, author=author), run
    report(1.0, "Done")


def measured(
    case: CounterfactualCase,
    wording: Rephrasing,
    run: Run,
    *,
    indexes: "Sequence[TraceIndex]" = (),
    author: str = "",
) -> Counterfactual:
    """What became of a case's phrase in the answer to one wording."""
    asked = f"{run.instruction}\n{run.input}" if run.input else run.instruction
    return Counterfactual(
        counterfactual_id=content_hash("counterfactual", case.case_id, run.run_id)[:16],
        case_id=case.case_id,
        pair=run.pair,
        instruction=run.instruction,
        input=run.input,
        template=wording.template,
        run_id=run.run_id,
        response=run.response,
        base_hash=run.base_hash,
        tuned_hash=run.tuned_hash,
        decoding=run.decoding,
        max_new_tokens=run.max_new_tokens,
        recurs=recurrence(case.quote, run.response),
        borrowed=borrowed_stretches(indexes, instruction=asked, response=run.response)
        if indexes
        else None,
        author=author,
        created_at=datetime.now(UTC),
    )


def _stopped(request: Request, done: int, n: int) -> str:
    return f"Stopped: {request.pair.name} answered {done} of {n} rephrasings."


def _check_room(wordings: Sequence[Rephrasing], request: Request, loaded: "LoadedPair") -> None:
    """Refuse a wording that is too long before the first one is asked."""
    for wording in wordings:
        try:
            loaded.room(loaded.render(wording.text, request.input))
        except ContextLengthError as error:
            raise InputError(
                f"Nothing was asked, since this rephrasing is too long: “{wording.text:.60} …”. "
                f"{error}"
            ) from error


def _check(case: CounterfactualCase, wordings: Sequence[Rephrasing], request: Request) -> None:
    if not wordings:
        raise InputError(f"No rephrasing to ask: write at least {FEWEST}, as the paper did.")
    for wording in wordings:
        if not wording.text.strip():
            raise InputError("A rephrasing is empty: write a question, or take its line out.")
        same = wording.text.strip() == case.instruction.strip() and request.pair.name == case.pair
        if same:
            raise InputError(
                f"{wording.text.strip()!r} is the instruction itself: change its words."
            )
