"""Search the stored responses that share words with an instance, on a background thread.

Each response is searched once per index; after that, the responses that share words with any
instance are known from memory. The thread does not use Streamlit.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from itlim.components.trace.verbatim_marks import VerbatimKind, verbatim_kind
from itlim.errors import ItlimError
from itlim.records import VerbatimSpan
from itlim.records.traces import is_explained_by_chance
from itlim.text.prompts import asked_text

if TYPE_CHECKING:
    from itlim.trace import TraceIndex

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrower:
    """A stored response that shares rare words with an instance."""

    run_id: str
    pair: str
    instruction: str
    response: str
    spans: tuple[VerbatimSpan, ...]
    """Rarest first."""

    @property
    def quotes(self) -> list[str]:
        return [self.response[span.start : span.stop] for span in self.spans]


class StoredSpans:
    """Verbatim stretches of stored responses in one dataset.

    Args:
        index: the index of the dataset.
    """

    def __init__(self, index: "TraceIndex") -> None:
        self._index = index
        self._runs: dict[str, dict[str, Any]] = {}
        self._spans: dict[str, tuple[VerbatimSpan, ...]] = {}
        self._thread: threading.Thread | None = None
        self.error: ItlimError | None = None

    def scan(self, runs: Sequence[dict[str, Any]]) -> None:
        """Start to search the responses that are new; returns immediately.

        Args:
            runs: run_id, pair, instruction, input and response of each run.
        """
        self._runs = {run["run_id"]: run for run in runs}
        missing = [run for name, run in self._runs.items() if name not in self._spans]
        if missing and self.done:
            self.error = None
            self._thread = threading.Thread(
                target=self._work, args=(missing,), name="itlim-reverse", daemon=True
            )
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the search for at most this long."""
        if self._thread is not None:
            self._thread.join(seconds)

    @property
    def done(self) -> bool:
        return self._thread is None or not self._thread.is_alive()

    @property
    def fraction(self) -> float:
        """Share of the responses that have been searched."""
        known = sum(name in self._spans for name in self._runs)
        return known / max(1, len(self._runs))

    def borrowers(self, row: int) -> list[Borrower]:
        """Responses that share content words with an instance beyond chance; rarest first.

        Args:
            row: 1-based row of the instance.
        """
        found = []
        for name, run in self._runs.items():
            spans = [span for span in self._spans.get(name, ()) if _counts(span, row)]
            if spans:
                found.append(
                    Borrower(
                        run_id=name,
                        pair=run["pair"],
                        instruction=run["instruction"],
                        response=run["response"],
                        spans=tuple(sorted(spans, key=lambda span: -span.nats)),
                    )
                )
        return sorted(found, key=lambda one: -one.spans[0].nats)

    def _work(self, runs: Sequence[dict[str, Any]]) -> None:
        from itlim.trace.verbatim import verbatim_spans

        try:
            for run in runs:
                self._spans[run["run_id"]] = verbatim_spans(
                    [self._index],
                    instruction=asked_text(run["instruction"], run["input"]),
                    response=run["response"],
                )
        except ItlimError as error:
            self.error = error
        except Exception as error:
            logger.exception("Searching the stored responses failed")
            self.error = ItlimError(f"{type(error).__name__}: {error}")


def _counts(span: VerbatimSpan, row: int) -> bool:
    """Whether a span connects its response to an instance; an unknown chance excludes nothing."""
    is_content = verbatim_kind(span) is VerbatimKind.CONTENT
    return row in span.rows and is_content and not is_explained_by_chance(span.null_p)
