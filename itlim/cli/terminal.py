"""Terminal output: colored responses, progress reports, and what an interrupt leaves behind."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import typer
from tqdm import tqdm

from itlim.datasets import report_lines
from itlim.records import ReadingReport, Run
from itlim.schema import ShiftCategory

REPORT_SECONDS = 10.0
"""Time between two lines of progress if standard error is not a terminal."""
_MIN_SHARE = 0.02
"""Share of the work that must be done before the remaining time is estimated."""
NOTHING_SAVED = "Nothing was saved: the same command starts over."
_STYLE: dict[str, dict[str, Any]] = {
    ShiftCategory.UNSHIFTED: {},
    ShiftCategory.MARGINAL: {"fg": "yellow"},
    ShiftCategory.SHIFTED: {"fg": "red", "bold": True, "underline": True},
}


def colored_response(run: Run) -> str:
    """The response with shifted tokens in underlined red and marginal tokens in yellow."""
    return "".join(
        styled_token(token["text"], token["category"])
        for token in run.tokens.select(["text", "category"]).to_pylist()
    )


def styled_token(text: str, category: str | None) -> str:
    """The text of a token in the style of its category; dimmed if the category is unknown."""
    return typer.style(text, **({"dim": True} if category is None else _STYLE[category]))


def echo_report(report: ReadingReport, source: str | Path) -> None:
    """Print the report, one line per kind; nothing if all rows and columns were used."""
    for line in report_lines(report):
        typer.echo(f"{source}: {line}", err=True)


def show_notices(notices: Iterable[str]) -> None:
    """Print notices on standard error, one line each."""
    for notice in notices:
        typer.echo(f"itlim: note: {' '.join(notice.split())}", err=True)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows on standard output in columns; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


class CommandInterrupted(KeyboardInterrupt):
    """Ctrl-C during a command; the message says what is kept and how to resume."""


class ProgressReport:
    """Progress of a command on standard error: a bar on a terminal, else a line now and then.

    Used as a context manager. Without a terminal, a line with the share done, the elapsed time
    and the estimated remaining time is printed every `interval` seconds, also while a single
    step takes longer than that. Commands that finish sooner print nothing.

    Args:
        plan: says what the command is going to do; printed with the first progress after
            a tenth of an interval, so that invalid input gets its error alone.
        resume: what Ctrl-C leaves behind and how to resume; shown after an interrupt. A function
            is called then.
        unit: name of one step.
        estimates: whether the remaining time is estimated, which requires steps of similar length.
        interval: seconds between two lines if there is no terminal.
        stream: where to write; standard error if None.

    Raises:
        CommandInterrupted: Ctrl-C was pressed inside the context.
    """

    def __init__(
        self,
        plan: str = "",
        resume: str | Callable[[], str] = "",
        *,
        unit: str = "step",
        estimates: bool = True,
        interval: float = REPORT_SECONDS,
        stream: TextIO | None = None,
    ) -> None:
        self._plan, self._resume, self._unit = plan, resume, unit
        self._estimates = estimates
        self._interval = interval
        self._stream: TextIO = stream or sys.stderr
        self._bar: tqdm[Any] | None = None
        self._started = time.monotonic()
        self._phase_started = self._started
        self._done, self._total = 0, 0
        self._has_estimate = False
        self.message = ""
        """The latest message."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not self._stream.isatty():
            self._thread = threading.Thread(target=self._print_lines, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self._close_bar()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            resume = self._resume if isinstance(self._resume, str) else self._resume()
            raise CommandInterrupted(resume) from None

    def steps(self, done: int, total: int, message: str) -> None:
        """Report the steps done out of a total."""
        if total != self._total or done < self._done:
            self._phase_started = time.monotonic()
            self._close_bar()
        self._done, self._total, self.message = done, total, message
        if done and time.monotonic() - self._started >= self._interval / 10:
            self._print_plan()
        if self._thread is not None or not self._stream.isatty():
            self._estimate_once()
            return
        if self._bar is None:
            self._bar = tqdm(total=total, unit=self._unit, file=self._stream)
        self._bar.set_description(message)
        self._bar.update(done - self._bar.n)

    def fraction(self, fraction: float, message: str) -> None:
        """Report a fraction in [0, 1]."""
        self.steps(round(100 * fraction), 100, message)

    def line(self, text: str) -> None:
        """Print a line about a finished part of the work."""
        self.message = text
        self._print_plan()
        self._print(text)

    def _print_plan(self) -> None:
        plan, self._plan = self._plan, ""
        if plan:
            self._print(plan)

    def _print(self, text: str) -> None:
        tqdm.write(text, file=self._stream)
        self._stream.flush()

    def _print_lines(self) -> None:
        while not self._stopped.wait(self._interval):
            self._print_plan()
            self._print(self._state())

    def _estimate_once(self) -> None:
        """Print the estimated time as soon as it is known and longer than one interval."""
        left = self._seconds_left()
        if left is not None and left > self._interval and not self._has_estimate:
            self._has_estimate = True
            self._print(f"Estimated time left: {duration(left)}")

    def _seconds_left(self) -> float | None:
        """Estimated remaining time; None while too little is done to tell."""
        elapsed = time.monotonic() - self._phase_started
        if not self._estimates:
            return None
        if not _MIN_SHARE * self._total <= self._done < self._total or not self._done:
            return None
        if elapsed < self._interval / 10:
            return None
        return elapsed * (self._total - self._done) / self._done

    def _state(self) -> str:
        elapsed = time.monotonic() - self._started
        parts = [self.message or "Working", f"{duration(elapsed)} elapsed"]
        done, total = self._done, self._total
        if total:
            share = f"{done / total:.0%}"
            count = "" if total == 100 else f" ({done:,} of {total:,})"
            parts.insert(1, share + count)
        left = self._seconds_left()
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours if there are any: 75 seconds are 01:15."""
    return str(tqdm.format_interval(seconds))
