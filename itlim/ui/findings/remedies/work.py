"""Measure the answers of one's own pairs on a background thread, as tracing each takes a while."""

from collections.abc import Mapping, Sequence
from typing import Any

from itlim.findings.answers import PairAnswers
from itlim.findings.remedies import RemedyCell, remedy_cells
from itlim.findings.remedy_answers import RemedyAnswer, RemedyMeasure, pair_remedy_answers
from itlim.records.ratings import Aspect
from itlim.statistics.intervals import mean
from itlim.store.connection import Store
from itlim.store.ratings import Rater, load_ratings
from itlim.ui.shared.background_work import BackgroundWork

JudgedScores = Mapping[str, Mapping[RemedyMeasure, float]]
"""A judge's scores from 1 to 5, by run id and measure."""


class RemediesWork(BackgroundWork):
    """Compares pairs with the one that was tuned plainly.

    Args:
        reference: name of that pair.
        answers: answers by pair.
        judged: a judge's scores by run id.
    """

    def __init__(
        self, reference: str, answers: Mapping[str, PairAnswers], judged: JudgedScores
    ) -> None:
        super().__init__("itlim-remedies")
        self._reference, self._answers, self._judged = reference, dict(answers), judged
        self.cells: list[RemedyCell] = []

    def _work(self) -> None:
        found: dict[str, list[RemedyAnswer]] = {}
        for number, (name, pair) in enumerate(self._answers.items()):

            def report(fraction: float, message: str, number: int = number) -> None:
                self._progress((number + fraction) / len(self._answers), message)

            found[name] = pair_remedy_answers(
                pair, judged=self._judged, progress=report, cancelled=self._cancel.is_set
            )
        self.cells = remedy_cells(self._reference, found)


def judged_scores(store: Store, rater: Rater, pairs: Sequence[str]) -> JudgedScores:
    """What a judge says about the answers of some pairs: factuality, and the mean of all aspects.

    An answer without a score for an aspect has no mean: means of different aspects are not
    comparable.
    """
    rows = load_ratings(store, rater.judge, rater.prompt_version, pairs).to_pylist()
    return {row["run_id"]: found for row in rows if (found := _scores(row))}


def _scores(row: Mapping[str, Any]) -> dict[RemedyMeasure, float]:
    given = [row[aspect] for aspect in Aspect if row[aspect] is not None]
    found = {}
    if row[Aspect.FACTUALITY] is not None:
        found[RemedyMeasure.JUDGED] = float(row[Aspect.FACTUALITY])
    if len(given) == len(Aspect):
        found[RemedyMeasure.JUDGED_MEAN] = mean(given)
    return found
