"""An index in the making, on a thread of its own: pages look at it, none waits for it.

Words come first, which takes a moment, so that tracing can begin while the embeddings are
made. The thread touches no Streamlit. An index is renamed into place when it is whole, so a
closed tab, a cancelled build or a killed server leaves nothing half-made.
"""

import logging
import threading

from itlim.errors import CancelledError, ItlimError
from itlim.library import DatasetEntry

logger = logging.getLogger(__name__)


class IndexBuild:
    """One index being built.

    Args:
        entry: the dataset.
        lexical_only: leave the embeddings out, which take most of the time.
        force: build it anew even if one is there and up to date.
    """

    def __init__(
        self, entry: DatasetEntry, *, lexical_only: bool = False, force: bool = False
    ) -> None:
        self.entry = entry
        self.lexical_only = lexical_only
        self.force = force
        self.fraction = 0.0
        self.phase = "Starting"
        self.error: ItlimError | None = None
        self.finished = False
        self.has_words = False
        """Whether words can be traced already, as embeddings go on being made."""
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._work, name="itlim-index", daemon=True)

    def start(self) -> "IndexBuild":
        """Begin; returns at once."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the thread to stop; what it wrote goes away."""
        self._cancel.set()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive() and (self.finished or self.error is not None)

    @property
    def was_cancelled(self) -> bool:
        return isinstance(self.error, CancelledError)

    def _progress(self, fraction: float, message: str) -> None:
        self.fraction, self.phase = fraction, message

    def _build(self, *, lexical_only: bool) -> None:
        # Late: numba and the encoder load only when an index is asked for.
        from itlim.trace import build_index

        build_index(
            self.entry,
            lexical_only=lexical_only,
            force=self.force,
            progress=self._progress,
            cancelled=self._cancel.is_set,
        )

    def _work(self) -> None:
        try:
            # An index that is built anew serves until the new one is whole.
            if self.lexical_only or not self.force:
                self._build(lexical_only=True)
                self.has_words = True
            if not self.lexical_only:
                self._build(lexical_only=False)
            self.finished = True
        except ItlimError as error:
            self.error = error
        except Exception as error:
            logger.exception("Building an index failed")
            self.error = ItlimError(
                f"Something itlim did not foresee: {type(error).__name__}: {error}. The details "
                "are in the terminal where itlim runs."
            )
