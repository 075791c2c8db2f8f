"""Compute the findings of several pairs on a background thread; finished pairs are kept on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.errors import CancelledError
from itlim.findings.answers import PairAnswers
from itlim.findings.base_control import base_control
from itlim.findings.estimates import Estimate
from itlim.findings.imitation import MovedToken, moved_tokens
from itlim.findings.kept import findings_key, keep, load_kept
from itlim.findings.length import ANY_LENGTH, WordRange
from itlim.findings.library_pairs import library_answers
from itlim.findings.source_tests import source_test_findings
from itlim.library import Library
from itlim.settings import user_folder
from itlim.store.answers import base_answers
from itlim.store.connection import Store
from itlim.ui.shared.background_work import BackgroundWork

if TYPE_CHECKING:
    from itlim.trace import TraceIndex


class FindingsWork(BackgroundWork):
    """The findings of some pairs.

    Args:
        store: the open database.
        library: names the families, whose folders contain gold marks and kept findings.
        pairs: names of the pairs, in display order.
        indexes: index of each pair's tuning dataset, where there is one.
        marks_from: `gold` or `people`; None for gold marks where there are any.
        run_ids: runs to which the findings are limited; None for all.
        tag: the tag of these runs.
        words: their numbers of words.
    """

    def __init__(
        self,
        store: Store,
        library: Library,
        pairs: Sequence[str],
        indexes: "Mapping[str, TraceIndex]",
        marks_from: str | None,
        run_ids: frozenset[str] | None = None,
        tag: str = "",
        words: WordRange = ANY_LENGTH,
    ) -> None:
        super().__init__("itlim-findings")
        self._store, self._library = store, library
        self._pairs, self._indexes, self._marks_from = tuple(pairs), indexes, marks_from
        self._run_ids, self._tag, self._words = run_ids, tag, words
        self.found: dict[str, list[Estimate]] = {}
        self.moved: dict[str, list[MovedToken]] = {}
        self.answers: dict[str, PairAnswers] = {}
        self.without: list[str] = []
        """Pairs without an answer among these runs."""

    def _work(self) -> None:
        families = self._library.families.values()
        folders = [kept_folder(), *(family.findings for family in families)]
        for number, name in enumerate(self._pairs):
            self._progress(number / len(self._pairs), f"Reading the answers of {name}")
            answers = library_answers(
                self._library, self._store, name, self._indexes.get(name), self._marks_from
            )
            if self._run_ids is not None:
                if not any(one.run_id in self._run_ids for one in answers.answers):
                    self.without.append(name)
                    continue
                answers = answers.only(self._run_ids, tag=self._tag, words=self._words)
            key = findings_key(answers)
            found = load_kept(folders, key)
            if found is None:
                found = self._computed(answers, number)
                keep(kept_folder(), key, found)
            among = None if self._run_ids is None else answers.answers
            found = [*found, *source_test_findings(self._library, self._store, name, among)]
            # The number that a pair's own borrowing is compared with.
            base = base_answers(self._store, name)
            found.append(base_control(answers, base, folders))
            self.found[name], self.answers[name] = found, answers
            self.moved[name] = moved_tokens(list(answers.scored))

    def _computed(self, answers: PairAnswers, number: int) -> list[Estimate]:
        from itlim.findings.report import findings_of

        def report(fraction: float, message: str) -> None:
            if self._cancel.is_set():
                raise CancelledError("The findings were canceled; finished pairs are kept.")
            self._progress((number + fraction) / len(self._pairs), f"{answers.pair}: {message}")

        return findings_of(answers, report)


def kept_folder() -> Path:
    """Folder of the findings computed on this machine."""
    return user_folder() / "findings"
