"""An index in the making.

Words come first, which takes a moment, so that tracing can begin while the embeddings are
made. An index is renamed into place when it is whole, so a closed tab, a canceled build or
a killed server leaves nothing half-made.
"""

from itlim.library import DatasetEntry
from itlim.ui.shared.background_work import BackgroundWork


class IndexBuild(BackgroundWork):
    """One index being built.

    Args:
        entry: the dataset.
        lexical_only: leave the embeddings out, which take most of the time.
        force: build it anew even if one is there and up to date.
    """

    def __init__(
        self, entry: DatasetEntry, *, lexical_only: bool = False, force: bool = False
    ) -> None:
        super().__init__("itlim-index")
        self.entry = entry
        self.lexical_only = lexical_only
        self.force = force
        self.has_words = False
        """Whether words can be traced already, as embeddings go on being made."""

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
        # An index that is built anew serves until the new one is whole.
        if self.lexical_only or not self.force:
            self._build(lexical_only=True)
            self.has_words = True
        if not self.lexical_only:
            self._build(lexical_only=False)
