"""Numbers that stand for what is stored, as keys of what is computed from it."""

from collections.abc import Mapping

from itlim.store.connection import Store

_QUERIED = {"runs": "run_id", "run_tags": "run_tags", "judge_ratings": "judge_ratings"}
_TESTS_AND_MARKS = {
    "annotation_events": "event_id",
    "study_items": "study_items",
    "counterfactual_cases": "case_id",
    "counterfactuals": "counterfactual_id",
    "counterfactual_judgements": "counterfactual_judgements",
    "retrainings": "experiment_id",
}
"""What is hashed of each row: an id that determines its content, or the row itself."""


def data_stamp(store: Store) -> tuple[int | None, ...]:
    """Numbers that change with the stored runs, tags or ratings.

    Runs never change: their ids are hashes of their contents.
    """
    return _stamp(store, _QUERIED)


def findings_stamp(store: Store) -> tuple[int | None, ...]:
    """Numbers that change with every write on which findings depend.

    These are runs, tags, ratings, edits of sheets, items of studies, and tests of sources.
    """
    return _stamp(store, _QUERIED | _TESTS_AND_MARKS)


def _stamp(store: Store, tables: Mapping[str, str]) -> tuple[int | None, ...]:
    # A sum, unlike an exclusive or, changes with the second of two equal rows.
    sums = ", ".join(f"(SELECT sum(hash({of})) FROM {table})" for table, of in tables.items())
    with store.reading() as cursor:
        return tuple(cursor.execute(f"SELECT {sums}").fetchone() or ())
