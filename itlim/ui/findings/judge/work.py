"""Ask a judge on a background thread; each finished part is stored at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from itlim.endpoints.settings import EndpointSettings
from itlim.errors import EndpointError
from itlim.records import Comparison
from itlim.remedies.chat import Usage
from itlim.store.connection import Store
from itlim.store.ratings import save_preferences, save_quotes, save_ratings
from itlim.text.messages import plural
from itlim.ui.shared.answers_under_way import InterruptibleWork, noted_work
from itlim.ui.shared.background_work import BackgroundWork

if TYPE_CHECKING:
    import pyarrow as pa

    from itlim.progress import StepProgress
    from itlim.remedies.judging import Rated
    from itlim.remedies.kept_replies import KeptReplies

PART = 20
"""Number of answers, or comparisons, that are stored together."""


class JudgeWork(BackgroundWork):
    """Asks a server and stores what it says.

    Args:
        store: the open database.
        settings: server and model.
        replies: file of the replies, which are not paid for twice.
        n: number of answers or comparisons.
    """

    def __init__(self, store: Store, settings: EndpointSettings, replies: Path, n: int) -> None:
        super().__init__("itlim-judge")
        self.settings, self.n = settings, n
        self.usage = Usage()
        """Tokens so far, of requests that were sent by this work."""
        self.n_done = 0
        self.n_failed = 0
        """Answers or comparisons without a score or verdict."""
        self.notes: list[str] = []
        """What could not be used, part by part."""
        self._store, self._replies = store, replies

    def _in_turn(self) -> None:
        with noted_work(InterruptibleWork.JUDGING, self.settings.model):
            super()._in_turn()

    def _kept(self) -> "KeptReplies":
        from itlim.remedies.kept_replies import KeptReplies

        return KeptReplies(self._replies)

    def _within(self, size: int) -> "StepProgress":
        """Progress of one part, in which questions may be repeated."""
        most = 0

        def report(done: int, total: int, spent: str) -> None:
            nonlocal most
            most = max(most, size * done // max(total, 1))
            place = self.n_done + most
            self._progress(place / max(self.n, 1), f"{place:,} of {self.n:,} · {spent}")

        return report

    def _finish(self, size: int, n_failed: int, problem: str) -> None:
        """Count a part; raise if nothing of the first part was answered."""
        self.n_done += size
        self.n_failed += n_failed
        if self.n_done == self.n_failed == size and problem:
            raise EndpointError(
                f"No reply to the first {plural(size, 'question')} could be used, so no more was "
                f"asked: {problem}"
            )


class RatingWork(JudgeWork):
    """Rates answers, and asks for quotes of what is wrong if that is wanted."""

    def __init__(
        self,
        store: Store,
        settings: EndpointSettings,
        replies: Path,
        answers: "Sequence[Rated]",
        *,
        with_quotes: bool,
    ) -> None:
        super().__init__(store, settings, replies, len(answers))
        self._answers, self._with_quotes = answers, with_quotes

    def _work(self) -> None:
        from itlim.remedies.judging import Judge, stored_rows

        kept, cancelled = self._kept(), self._cancel.is_set
        judge = Judge(self.settings, kept, usage=self.usage, cancelled=cancelled)
        for start in range(0, self.n, PART):
            part = self._answers[start : start + PART]
            ratings = judge.rate(part, rated_at=datetime.now(UTC), progress=self._within(len(part)))
            save_ratings(self._store, stored_rows(ratings))
            if self._with_quotes:
                self._quote(part, kept)
            self._finish(len(part), *_failures(ratings, "status", "failed"))

    def _quote(self, part: "Sequence[Rated]", kept: "KeptReplies") -> None:
        from itlim.remedies.judge_quotes import quote_errors

        found = quote_errors(
            self.settings,
            part,
            kept,
            rated_at=datetime.now(UTC),
            cancelled=self._cancel.is_set,
            usage=self.usage,
        )
        save_quotes(self._store, self.settings.model, found.asked, found.quotes)
        if found.n_failed:
            self.notes.append(
                f"The quotes of {plural(found.n_failed, 'answer')} could not be read."
            )
        if found.n_not_found:
            is_are = "is" if found.n_not_found == 1 else "are"
            self.notes.append(
                f"{plural(found.n_not_found, 'quote')} {is_are} not in the answer, and left out."
            )


class PreferenceWork(JudgeWork):
    """Asks which of two answers is better, in both orders."""

    def __init__(
        self,
        store: Store,
        settings: EndpointSettings,
        replies: Path,
        comparisons: Sequence[Comparison],
        *,
        pairs: tuple[str, str],
    ) -> None:
        super().__init__(store, settings, replies, len(comparisons))
        self._comparisons, self._pairs = comparisons, pairs

    def _work(self) -> None:
        from itlim.remedies.pairwise import compare_responses
        from itlim.remedies.preferences import compared, preference_rows

        kept = self._kept()
        for start in range(0, self.n, PART):
            part = self._comparisons[start : start + PART]
            verdicts, _ = compare_responses(
                self.settings,
                compared(part),
                kept,
                progress=self._within(len(part)),
                cancelled=self._cancel.is_set,
                usage=self.usage,
            )
            rows = preference_rows(
                part,
                verdicts,
                pairs=self._pairs,
                judge=self.settings.model,
                rated_at=datetime.now(UTC),
            )
            save_preferences(self._store, rows)
            self._finish(len(part), *_failures(rows, "preference", None))


def _failures(table: "pa.Table", column: str, failed: str | None) -> tuple[int, str]:
    """Number of rows without a result, and why the first of them has none."""
    problems = [row["problem"] for row in table.to_pylist() if row[column] == failed]
    return len(problems), problems[0] if problems else ""
