"""Answers whose wrong phrases are known, from people or from known answers; never pooled."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from itlim.findings.answers import MarkedPhrase
from itlim.findings.known import read_gold
from itlim.findings.stored import people_marks
from itlim.store.connection import Store

NOT_FACTUAL = "not_factual"
"""Label of marks on what is not true."""

Reviewed = Mapping[str, tuple[MarkedPhrase, ...]]
"""The wrong phrases of each answer that was reviewed, by run; none if nothing is wrong."""


def people_reviews(store: Store) -> Reviewed:
    """Answers that people have submitted without having seen suggestions."""
    return people_marks(store, label=NOT_FACTUAL, is_blind=True)


def gold_reviews(run_ids: Iterable[str], *, gold: Sequence[Path]) -> Reviewed:
    """Answers for which marks were derived from known answers.

    Args:
        run_ids: the answers.
        gold: files of marks derived from known answers; missing files are ignored.
    """
    known = read_gold(gold)
    return {run_id: known.marks.get(run_id, ()) for run_id in run_ids if run_id in known.examined}
