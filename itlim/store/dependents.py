"""What refers to stored runs, to be named before they are deleted.

Studies, rephrasings and retrainings copy the answers that they need, so they remain.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from itlim.store.connection import Store
from itlim.text.messages import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDependents:
    """Numbers of things that refer to some runs."""

    n_runs: int
    """How many of the runs exist."""
    n_items: int
    """Items of studies, marked or not."""
    n_marked: int
    """Items of studies that somebody has marked."""
    n_comparisons: int
    """Pairs of answers that are judged side by side."""
    n_rephrasings: int
    n_retrainings: int
    n_ratings: int = 0
    """Ratings by judging models, which are deleted with the runs."""

    def sentences(self) -> list[str]:
        """What remains and what is lost when the runs are deleted; empty if nothing refers to them.

        >>> RunDependents(
        ...     n_runs=3, n_items=2, n_marked=1, n_comparisons=0, n_rephrasings=0, n_retrainings=1
        ... ).sentences()
        ['2 items of studies (1 marked) and 1 retraining refer to them. These have copies of the \
answers and remain, but their links to the runs lead nowhere.']
        """
        items = f"{plural(self.n_items, 'item')} of studies ({self.n_marked:,} marked)"
        found = [
            (self.n_items, items),
            (self.n_comparisons, plural(self.n_comparisons, "pair") + " of answers side by side"),
            (self.n_rephrasings, plural(self.n_rephrasings, "rephrasing")),
            (self.n_retrainings, plural(self.n_retrainings, "retraining")),
        ]
        named = [text for number, text in found if number]
        lost = [f"{plural(self.n_ratings, 'rating')} by a judge will be deleted with them."]
        lost = lost if self.n_ratings else []
        if not named:
            return lost
        *first, last = named
        listed = f"{', '.join(first)} and {last}" if first else last
        refer = "refers" if sum(number for number, _ in found) == 1 else "refer"
        return [
            f"{listed} {refer} to them. These have copies of the answers and remain, but their "
            "links to the runs lead nowhere.",
            *lost,
        ]


def run_dependents(store: Store, run_ids: Iterable[str]) -> RunDependents:
    """Count what refers to some runs."""
    wanted = list(run_ids)

    def count(table: str, condition: str = "list_contains($ids, run_id)") -> int:
        query = f"SELECT count(*) FROM {table} WHERE {condition}"
        with store.reading() as cursor:
            (number,) = cursor.execute(query, {"ids": wanted}).fetchone() or (0,)
        return int(number)

    return RunDependents(
        n_runs=count("runs"),
        n_items=count("study_items"),
        n_marked=count(
            "study_items i",
            "list_contains($ids, run_id) AND EXISTS (SELECT 1 FROM annotation_events e "
            "WHERE e.study_id = i.study_id AND e.item_id = i.item_id)",
        ),
        n_comparisons=count(
            "comparisons", "list_contains($ids, run_a) OR list_contains($ids, run_b)"
        ),
        n_rephrasings=count("counterfactuals"),
        n_retrainings=count("retrainings"),
        n_ratings=count("judge_ratings"),
    )


def retrainings_of_dataset(store: Store, dataset: str) -> int:
    """Number of stored retrainings that left out instances of a dataset."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT instance_ids FROM retrainings").fetchall()
    # An instance is named <dataset>-<row>, and a dataset's name may contain "-" as well.
    return sum(any(one.rpartition("-")[0] == dataset for one in ids) for (ids,) in rows)


def runs_of_pair(store: Store, pair: str) -> list[str]:
    """Ids of all runs under the name of a pair."""
    with store.reading() as cursor:
        rows = cursor.execute("SELECT run_id FROM runs WHERE pair = ? ORDER BY run_id", [pair])
        return [row[0] for row in rows.fetchall()]
