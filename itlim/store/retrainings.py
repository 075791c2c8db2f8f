"""Retraining experiments: save, load, list."""

from typing import Any

import pyarrow as pa

from itlim.errors import NotFoundError
from itlim.records.retrainings import Arm, ArmKind, RetrainExperiment, RetrainQuestion
from itlim.schema import TOKEN_SHIFTS
from itlim.store.columns import insertion, read_time, stored_time
from itlim.store.connection import Store

_QUESTION = (
    "run_id",
    "instruction",
    "input",
    "response",
    "response_ids",
    "span_start",
    "span_stop",
    "instance_ids",
    "n_controls",
    "seed",
    "max_new_tokens",
    "top_k",
)
_EXPERIMENT = (
    "experiment_id",
    "pair",
    "recipe",
    "recipe_hash",
    "base_sha256",
    "tuned_sha256",
    "base_logp",
    "author",
    "created_at",
    "itlim_version",
)
_ARM = ("kind", "instance_ids", "logp", "answer", "phrase_gone", "answer_changed", "seconds")
_TUPLES = frozenset({"response_ids", "instance_ids"})


def save_retraining(store: Store, experiment: RetrainExperiment) -> None:
    """Store an experiment in one transaction; an existing one with the same id is not changed."""
    question = experiment.question
    values = [_plain(getattr(experiment, name)) for name in _EXPERIMENT]
    values += [_plain(getattr(question, name)) for name in _QUESTION]
    values[_EXPERIMENT.index("created_at")] = stored_time(experiment.created_at)
    names = (*_EXPERIMENT, *_QUESTION)
    with store.writing() as cursor:
        known = cursor.execute(
            "SELECT 1 FROM retrainings WHERE experiment_id = ?", [experiment.experiment_id]
        ).fetchone()
        if known:
            return
        cursor.execute(insertion("retrainings", names), values)
        for position, arm in enumerate(experiment.arms):
            cursor.execute(
                insertion("retraining_arms", ("experiment_id", "position", *_ARM, "tokens")),
                [
                    experiment.experiment_id,
                    position,
                    *(_plain(getattr(arm, name)) for name in _ARM),
                    _packed(arm.tokens),
                ],
            )


def load_retraining(store: Store, experiment_id: str) -> RetrainExperiment | None:
    """The experiment with that id, or None."""
    with store.reading() as cursor:
        row = cursor.execute(
            f"SELECT {', '.join((*_EXPERIMENT, *_QUESTION))} FROM retrainings "
            "WHERE experiment_id = ?",
            [experiment_id],
        ).fetchone()
        arms = cursor.execute(
            f"SELECT {', '.join(_ARM)}, tokens FROM retraining_arms WHERE experiment_id = ? "
            "ORDER BY position",
            [experiment_id],
        ).fetchall()
    return None if row is None else _experiment(row, [_arm(arm) for arm in arms])


def require_retraining(store: Store, experiment_id: str) -> RetrainExperiment:
    """The experiment with that id.

    Raises:
        NotFoundError: the database has no such experiment.
    """
    found = load_retraining(store, experiment_id)
    if found is None:
        raise NotFoundError(
            f"No retraining {experiment_id!r} in {store.path}: the link is from another "
            "machine, or it was stopped early. Retrain again; this takes seconds with the "
            "demo family."
        )
    return found


def retrainings_of_run(store: Store, run_id: str) -> list[RetrainExperiment]:
    """All experiments on a run's answer, newest first."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT experiment_id FROM retrainings WHERE run_id = ? "
            "ORDER BY created_at DESC, experiment_id",
            [run_id],
        ).fetchall()
    return [require_retraining(store, row[0]) for row in rows]


def measured_seconds(store: Store, recipe_hash: str) -> float | None:
    """Mean wall-clock time of one tuning with a recipe, in seconds; None without any."""
    with store.reading() as cursor:
        row = cursor.execute(
            "SELECT avg(seconds) FROM retraining_arms JOIN retrainings USING (experiment_id) "
            "WHERE recipe_hash = ?",
            [recipe_hash],
        ).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def _plain(value: Any) -> Any:
    """Values as DuckDB accepts them: lists instead of tuples, text instead of enumerations."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, ArmKind) else value


def _packed(tokens: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, TOKEN_SHIFTS, options=options) as writer:
        writer.write_table(tokens.cast(TOKEN_SHIFTS).combine_chunks())
    return bytes(sink.getvalue())


def _arm(row: tuple[Any, ...]) -> Arm:
    fields = _fields(_ARM, row)
    fields["kind"] = ArmKind(fields["kind"])
    return Arm(**fields, tokens=pa.ipc.open_stream(row[-1]).read_all())


def _experiment(row: tuple[Any, ...], arms: list[Arm]) -> RetrainExperiment:
    fields = _fields(_EXPERIMENT, row)
    fields["created_at"] = read_time(fields["created_at"])
    question = RetrainQuestion(**_fields(_QUESTION, row[len(_EXPERIMENT) :]))
    return RetrainExperiment(question=question, arms=tuple(arms), **fields)


def _fields(names: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: tuple(value) if name in _TUPLES else value
        for name, value in zip(names, row, strict=False)
    }
