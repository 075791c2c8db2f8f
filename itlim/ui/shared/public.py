"""A public server: what its visitors cannot do, how much they can ask for, and what is kept.

`ITLIM_PUBLIC` turns this on. A page draws a sentence instead of the controls of a refused action.
Streamlit runs the code behind a control only if the page draws it, so no address and no message
from a browser starts the action either.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from itlim.errors import BusyError, InputError
from itlim.records import Request, Run
from itlim.settings import is_public
from itlim.text.messages import plural
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.plain_text import plain_caption, show_error
from itlim.ui.shared.turn_queue import TurnQueue

MAX_INSTRUCTION, MAX_INPUT, MAX_RESPONSE = 2_000, 4_000, 4_000
"""Characters of a request."""
MAX_NEW_TOKENS = 256
MAX_LINE, MAX_COMMENT, MAX_GUIDELINE = 300, 4_000, 20_000
"""Characters of a title, concept or reason, of a comment, and of a study's guideline."""
MAX_SQL, MAX_SEARCH = 5_000, 200
"""Characters of a query, and of words to search for."""
MAX_WORDINGS = 24
"""Questions that one press of a button asks."""
TASKS, TASK_SECONDS = 30, 600.0
"""Number of tasks that a visit can start in this time."""
AT_ONCE, QUEUED = 2, 20
"""Tasks of all visitors in progress at the same time, and in progress or waiting."""

Work = TypeVar("Work", bound=BackgroundWork)


class Action(StrEnum):
    """What a public server refuses, as the beginning of a sentence."""

    DATASETS = "Adding, changing and removing datasets and their indexes"
    DERIVED = "Making datasets from others"
    PAIRS = "Adding and removing model pairs"
    BATCHES = "Running batches"
    RUNS = "Importing, exporting in bulk and deleting runs"
    BACKUPS = "Making, downloading and restoring backups"
    STORAGE = "Looking into the disk and memory of the server"
    UPLOADS = "Uploading files"
    DOWNLOADS = "Downloading datasets from the hub"
    INDEX = "Building indexes"
    RETRAINING = "Retraining"
    STUDY_FILES = "Study files"
    JUDGE = "Asking a judging model and importing ratings"
    LIBRARY = "Saving the tuning dataset of a pair"


_PLURAL = {
    Action.DATASETS,
    Action.PAIRS,
    Action.RUNS,
    Action.BACKUPS,
    Action.STUDY_FILES,
    Action.JUDGE,
}
"""Actions that are two or more things."""


def is_refused(action: Action) -> bool:
    """Whether this server refuses an action; if so, a sentence that says so is drawn."""
    if not is_public():
        return False
    plain_caption(refusal(action))
    return True


def refusal(action: Action) -> str:
    """The sentence that a page shows in place of an action.

    >>> refusal(Action.RETRAINING)
    'Retraining is not available on this public server.'
    >>> refusal(Action.JUDGE)
    'Asking a judging model and importing ratings are not available on this public server.'
    """
    verb = "are" if action in _PLURAL else "is"
    return f"{action} {verb} not available on this public server."


def shown_path(path: str) -> str:
    """A model's folder as visitors see it: without the folders above it on a public server.

    >>> shown_path("org/model")
    'org/model'
    """
    return f"…/{Path(path).name}" if is_public() and Path(path).is_absolute() else path


def public_run(run: Run) -> Run:
    """A run as visitors see and export it: the paths of its models are `shown_path`s."""
    if not is_public():
        return run
    base, tuned = shown_path(run.base_model), shown_path(run.tuned_model)
    return replace(run, base_model=base, tuned_model=tuned)


def longest(limit: int) -> int | None:
    """The number of characters that a text field takes here; None for no limit."""
    return limit if is_public() else None


def check_length(text: str, limit: int, what: str) -> None:
    """Check a text, which an address or a browser may have sent past the limit of its field.

    Raises:
        InputError: it is too long for a public server.
    """
    if is_public() and len(text) > limit:
        raise InputError(
            f"The {what} has {plural(len(text), 'character')}: this public server takes at most "
            f"{limit:,}. Shorten it, or run itlim on your own machine."
        )


def limited(
    draw: Callable[..., str | None],
    label: str,
    *arguments: Any,
    limit: int = MAX_LINE,
    **options: Any,
) -> str:
    """Draw a text field that a public server limits, and return its text.

    Args:
        draw: such as `st.text_input`.
        label: of the field.
        arguments: further positional arguments of the field.
        limit: number of characters. A text beyond it, which only a changed browser sends, ends the
            script run with an error.
        options: further arguments of the field.
    """
    text = draw(label, *arguments, max_chars=longest(limit), **options) or ""
    try:
        check_length(text, limit, f"text of “{label}”")
    except InputError as error:
        show_error(error)
        st.stop()
    return text


def check_request(request: Request) -> None:
    """Check the lengths of a request.

    Raises:
        InputError: it is too long for a public server.
    """
    check_length(request.instruction, MAX_INSTRUCTION, "instruction")
    check_length(request.input, MAX_INPUT, "input")
    check_length(request.response or "", MAX_RESPONSE, "response")
    if is_public() and request.max_new_tokens > MAX_NEW_TOKENS:
        raise InputError(
            f"{request.max_new_tokens:,} new tokens are too many: this public server generates at "
            f"most {MAX_NEW_TOKENS}."
        )


def check_requests(requests: Sequence[Request], wordings: Sequence[str]) -> None:
    """Check the requests that are asked in several wordings.

    Raises:
        InputError: there are too many, or one is too long for a public server.
    """
    for request in requests:
        for wording in wordings:
            check_request(replace(request, instruction=wording))
    n = len(requests) * len(wordings)
    if is_public() and n > MAX_WORDINGS:
        raise InputError(
            f"{plural(n, 'question')} at once are too many: this public server takes at most "
            f"{MAX_WORDINGS}. Choose fewer wordings or models."
        )


class RateLimit:
    """At most `count` tasks in any `seconds`, by a clock that is never set back."""

    def __init__(self, count: int = TASKS, seconds: float = TASK_SECONDS) -> None:
        self._count, self._seconds = count, seconds
        self._taken: deque[float] = deque()

    def take(self, now: float | None = None) -> None:
        """Count one task.

        Args:
            now: seconds on any clock; `time.monotonic` if None.

        Raises:
            BusyError: there were too many; this one is not counted.
        """
        now = time.monotonic() if now is None else now
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        if len(self._taken) >= self._count:
            wait = round(self._taken[0] + self._seconds - now) + 1
            raise BusyError(
                f"You have started {plural(self._count, 'task')} in "
                f"{self._seconds / 60:.0f} minutes, as many as this public server allows. Try "
                f"again in {plural(wait, 'second')}."
            )
        self._taken.append(now)


@st.cache_resource(show_spinner=False)
def public_queue() -> TurnQueue:
    """The queue of all visitors' tasks."""
    return TurnQueue(AT_ONCE, longest=QUEUED)


def begin(work: Work) -> Work:
    """Start a task of a visitor; on a public server it is counted and waits for its turn.

    Raises:
        BusyError: the visitor has started too many, or the queue is full.
    """
    if not is_public():
        return work.start()
    st.session_state.setdefault("visit-rate", RateLimit()).take()
    return work.start(public_queue())


@contextmanager
def in_turn() -> Iterator[None]:
    """Do a short task of a visitor in the script run; on a public server it is counted.

    Raises:
        BusyError: the visitor has started too many, or no place is free.
    """
    if not is_public():
        yield
        return
    st.session_state.setdefault("visit-rate", RateLimit()).take()
    ticket = public_queue().enter_now()
    try:
        yield
    finally:
        public_queue().leave(ticket)
