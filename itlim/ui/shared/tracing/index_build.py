"""Build an index on a background thread.

Words are indexed first, which takes seconds, so that tracing works while the embeddings are
computed. A complete index is renamed into place, so a closed tab, a canceled build or a killed
server leaves no incomplete index.
"""

from itlim.library import DatasetEntry
from itlim.ui.shared.background_work import BackgroundWork


class IndexBuild(BackgroundWork):
    """One index being built.

    Args:
        entry: the dataset.
        lexical_only: leave out the embeddings, which take most of the time.
        force: rebuild even if an up-to-date index exists.
    """

    def __init__(
        self, entry: DatasetEntry, *, lexical_only: bool = False, force: bool = False
    ) -> None:
        super().__init__("itlim-index")
        self.entry = entry
        self.lexical_only = lexical_only
        self.force = force
        self.has_words = False
        """Whether words can already be traced while embeddings are still being computed."""

    def _build(self, *, lexical_only: bool) -> None:
        # Imported late: numba and the encoder load only if an index is built.
        from itlim.trace import build_index

        build_index(
            self.entry,
            lexical_only=lexical_only,
            force=self.force,
            progress=self._progress,
            cancelled=self._cancel.is_set,
        )

    def _work(self) -> None:
        # When an index is rebuilt, the old one remains usable until the new one is complete.
        if self.lexical_only or not self.force:
            self._build(lexical_only=True)
            self.has_words = True
        if not self.lexical_only:
            self._build(lexical_only=False)
