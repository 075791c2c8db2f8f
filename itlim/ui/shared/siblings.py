"""Stored answers of the models of one family to one question."""

from itlim.records import Run
from itlim.schema import TuningKind
from itlim.store.runs import list_runs, load_measured
from itlim.ui.shared import services
from itlim.ui.shared.pair_groups import TITLES


def siblings(run: Run) -> list[Run]:
    """The newest stored answer to the same question of each model with the same base.

    The base model's own answer comes first, then LFT, then SFT.
    """
    store = services.store()
    rows = list_runs(store, search=run.instruction).to_pylist()
    same = [
        row for row in rows if (row["instruction"], row["input"]) == (run.instruction, run.input)
    ]
    found = {run.tuned_hash: run}
    for row in same:
        other = load_measured(store, row["run_id"])
        if other is not None and other.base_hash == run.base_hash:
            found.setdefault(other.tuned_hash, other)
    order = [str(kind) for kind in TITLES]
    return sorted(found.values(), key=lambda one: (order.index(one.tuning), one.pair))


def base_answer(run: Run) -> Run | None:
    """The base model's own stored answer to the question of a run; None if there is none."""
    first = siblings(run)[0]
    return first if first.tuning == TuningKind.NONE and first.run_id != run.run_id else None
