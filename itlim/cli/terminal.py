"""What the command line shows to people: coloured responses and progress bars."""

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


def coloured_response(run: Run) -> str:
    """The response with shifted tokens red and underlined, marginal ones yellow."""
    return "".join(
        typer.style(token["text"], **_STYLE[token["category"]])
        for token in run.tokens.select(["text", "category"]).to_pylist()
    )


class ProgressBar:
    """A bar on standard error, fed with (done, total, message) or (fraction, message)."""

    def __init__(self, unit: str = "step") -> None:
        self._bar: Any = None
        self._unit = unit

    def steps(self, done: int, total: int, message: str) -> None:
        """Work of known size."""
        if self._bar is None or self._bar.total != total or done < self._bar.n:
            self.close()
            # disable=None: no bar where standard error is no terminal.
            self._bar = tqdm(total=total, unit=self._unit, disable=None)
        self._bar.set_description(message)
        self._bar.update(done - self._bar.n)

    def fraction(self, fraction: float, message: str) -> None:
        """Work whose size is known only in parts."""
        self.steps(round(100 * fraction), 100, message)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
