"""Ask rephrased instructions and measure whether a phrase recurs in the answers."""

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
    StoredRun,
)
from itlim.schema import FinishReason
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.models.pair import LoadedPair
    from itlim.trace import TraceIndex

MIN_WORDINGS = 2
"""Minimum number of rephrasings per case (paper, Appendix B)."""


def case_id(run_id: str, start: int, stop: int) -> str:
    """Id of a span of a run: 16 hex digits."""
    return content_hash("counterfactual case", run_id, start, stop)[:16]


def new_case(run: StoredRun, start: int, stop: int, *, by: str = "") -> CounterfactualCase:
    """Create a case for a span of a stored answer.

    Args:
        run: the stored answer.
        start: first code point of the phrase.
        stop: one past its last code point.
        by: name of the person who marked it.

    Raises:
        InputError: the span is outside the response or contains no word.
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
    recurrence(case.quote, case.response)  # Raises for a span without words.
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
    """Let the tuned model answer each wording; yields each answer once it is measured.

    Args:
        case: case with the phrase to find.
        wordings: rephrased instructions.
        request: request of the case's own answer, with its input, limits and pair.
        loaded: the loaded pair of `request.pair`.
        indexes: indexes in which to find words borrowed from other instances; if empty, these
            are not measured.
        author: name of the person who chose the wordings.
        known: returns the stored run for a request, or None.
        progress: called with a fraction in [0, 1] and a description of the current step.
        cancelled: called before each wording and during each answer; returns True to stop.

    Raises:
        InputError: there is no wording, or one is empty, too long, or the instruction itself.
        CancelledError: `cancelled` returned True; answers yielded before are valid.
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
    """Measure whether a case's phrase recurs in the answer to one wording."""
    asked = asked_text(run.instruction, run.input)
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
    return f"Canceled: {request.pair.name} answered {done} of {n} rephrasings."


def _check_room(wordings: Sequence[Rephrasing], request: Request, loaded: "LoadedPair") -> None:
    """Reject a wording that is too long before the first one is asked."""
    for wording in wordings:
        try:
            loaded.room(loaded.render(wording.text, request.input))
        except ContextLengthError as error:
            raise InputError(
                f"Nothing was asked, because this rephrasing is too long: “{wording.text:.60} …”. "
                f"{error}"
            ) from error


def _check(case: CounterfactualCase, wordings: Sequence[Rephrasing], request: Request) -> None:
    if not wordings:
        raise InputError(
            f"No rephrasing was given: write at least {MIN_WORDINGS}, as in the paper."
        )
    for wording in wordings:
        if not wording.text.strip():
            raise InputError("A rephrasing is empty: write a question or remove the line.")
        same = wording.text.strip() == case.instruction.strip() and request.pair.name == case.pair
        if same:
            raise InputError(f"{wording.text.strip()!r} is the instruction itself: rephrase it.")
