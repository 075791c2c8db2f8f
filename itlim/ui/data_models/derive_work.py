"""Make a dataset from another one on a background thread, and add it to the library."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itlim.datasets.lineage import Lineage
from itlim.endpoints.settings import EndpointSettings
from itlim.library import DatasetEntry, add_dataset
from itlim.progress import Cancelled, StepProgress
from itlim.remedies.chat import Usage
from itlim.settings import uploads_folder
from itlim.ui.shared.answers_under_way import InterruptibleWork, noted_work
from itlim.ui.shared.background_work import BackgroundWork

if TYPE_CHECKING:
    from itlim.remedies.cost import CostEstimate
    from itlim.remedies.deriving import Derived, Parent

Make = Callable[["Parent", Path, Usage, StepProgress, Cancelled], "Derived"]
"""Makes the rows: the parent, the file to be written, what receives the tokens of a server's
replies, progress, and whether to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a server is asked."""

    settings: EndpointSettings
    prompt: str
    """The first prompt."""
    requests_per_row: int
    cost: "Callable[[Iterable[Mapping[str, Any]]], CostEstimate]"
    """The estimate for rows of `schema.INSTANCES`."""
    cost_depends_on: tuple[str, ...]
    """All that the estimate depends on, besides the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What the visitor chose to do."""

    suffix: str
    """For the name of the new dataset."""
    make: Make
    asked: Asked | None = None
    """None if no server is asked."""


def derived_file(name: str) -> Path:
    """The file of a derived dataset of the app."""
    from itlim.ui.shared.uploads import safe_name

    return uploads_folder() / safe_name(f"{name}.jsonl")


class DeriveWork(BackgroundWork):
    """One derived dataset.

    Args:
        name: name of the new dataset.
        entry: the dataset that it is made from.
        chosen: how the rows are made.
    """

    def __init__(self, name: str, entry: DatasetEntry, chosen: Chosen) -> None:
        super().__init__("itlim-derive")
        self.name = name
        self.usage = Usage()
        """Tokens so far, of requests that were sent by this work."""
        self._entry, self._chosen = entry, chosen
        self.lineage: Lineage | None = None

    @property
    def spent(self) -> str:
        """What a server was asked for by this work and its cost, in words; empty if none was."""
        asked = self._chosen.asked
        return "" if asked is None else self.usage.summary(asked.settings)

    def _work(self) -> None:
        with noted_work(InterruptibleWork.DERIVING, self.name):
            self._derive()

    def _derive(self) -> None:
        from itlim.remedies.deriving import read_parent, write_derived

        out = derived_file(self.name)
        out.parent.mkdir(parents=True, exist_ok=True)
        parent = read_parent(
            self._entry,
            progress=lambda share, message: self._progress(0.1 * share, message),
            cancelled=self._cancel.is_set,
        )
        derived = self._chosen.make(parent, out, self.usage, self._steps, self._cancel.is_set)
        self.lineage = write_derived(out, parent, derived)
        entry = DatasetEntry(
            name=self.name,
            path=out,
            licence=self._entry.licence,
            note=f"Made from {self._entry.name}: {derived.method}",
        )
        add_dataset(entry)

    def _steps(self, done: int, total: int, message: str) -> None:
        text = f"{done:,} of {total:,}, {message}"
        self._progress(0.1 + 0.9 * done / max(1, total), text)
