"""Compare responses with datasets on a background thread, and read the answers it needs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from itlim.records import Provenance
from itlim.store.connection import Store
from itlim.store.runs import load_answers
from itlim.ui.shared.background_work import BackgroundWork
from itlim.ui.shared.uploads import safe_name

if TYPE_CHECKING:
    from itlim.trace import TraceIndex
    from itlim.trace.provenance.answers import AnswerSet


class ProvenanceWork(BackgroundWork):
    """One comparison.

    Args:
        indexes: indexes of the candidate datasets.
        responses: reads the answers of the model in question.
        controls: each reads the answers of one control.
    """

    def __init__(
        self,
        indexes: "Sequence[TraceIndex]",
        responses: "Callable[[], AnswerSet]",
        controls: "Sequence[Callable[[], AnswerSet]]",
    ) -> None:
        super().__init__("itlim-provenance")
        self._indexes, self._responses, self._controls = indexes, responses, controls
        self.result: Provenance | None = None

    def _work(self) -> None:
        # Imported late: it loads numba, which the page does not need before.
        from itlim.trace.provenance.compare import compare_datasets

        self.result = compare_datasets(
            self._indexes,
            self._responses(),
            [read() for read in self._controls],
            progress=self._progress,
            cancelled=self._cancel.is_set,
        )


def uploaded_answers(file: Any) -> "Callable[[], AnswerSet]":
    """Reads an uploaded file, which is not kept."""
    name, content = safe_name(file.name), file.getvalue()

    def read() -> "AnswerSet":
        from itlim.trace.provenance.answers import read_answers

        with TemporaryDirectory(prefix="itlim-answers-") as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            return read_answers(path)

    return read


def stored_answers(store: Store, pair: str) -> "Callable[[], AnswerSet]":
    """Reads what a pair's tuned model answered."""

    def read() -> "AnswerSet":
        from itlim.trace.provenance.answers import answers_of_rows

        return answers_of_rows(pair, load_answers(store, pair).to_pylist())

    return read
