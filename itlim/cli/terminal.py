"""Terminal output: colored responses and progress bars."""

from collections.abc import Iterable
from typing import Any

import typer
from tqdm import tqdm

from itlim.records import Run
from itlim.schema import ShiftCategory

_STYLE: dict[str, dict[str, Any]] = {
    ShiftCategory.UNSHIFTED: {},
    ShiftCategory.MARGINAL: {"fg": "yellow"},
    ShiftCategory.SHIFTED: {"fg": "red", "bold": True, "underline": True},
}


def colored_response(run: Run) -> str:
    """The response with shifted tokens in underlined red and marginal tokens in yellow."""
    return "".join(
        typer.style(token["text"], **_STYLE[token["category"]])
        for token in run.tokens.select(["text", "category"]).to_pylist()
    )


def show_notices(notices: Iterable[str]) -> None:
    """Print notices on standard error, one line each."""
    for notice in notices:
        typer.echo(f"itlim: note: {' '.join(notice.split())}", err=True)


class ProgressBar:
    """A progress bar on standard error, updated by number of steps or by fraction."""

    def __init__(self, unit: str = "step") -> None:
        self._bar: Any = None
        self._unit = unit

    def steps(self, done: int, total: int, message: str) -> None:
        """Report the steps done out of a total."""
        if self._bar is None or self._bar.total != total or done < self._bar.n:
            self.close()
            # disable=None hides the bar if standard error is not a terminal.
            self._bar = tqdm(total=total, unit=self._unit, disable=None)
        self._bar.set_description(message)
        self._bar.update(done - self._bar.n)

    def fraction(self, fraction: float, message: str) -> None:
        """Report a fraction in [0, 1]."""
        self.steps(round(100 * fraction), 100, message)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
