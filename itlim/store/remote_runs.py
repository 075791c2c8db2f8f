"""Runs of pairs behind servers: the answer is a run without measures, its figures are apart."""

import json
from datetime import datetime

import pyarrow as pa

from itlim.records import REMOTE_ORIGIN, RemoteRun, figures_of
from itlim.schema import REMOTE_TOKENS, RUNS
from itlim.store.connection import Store
from itlim.store.runs import STORED_RUNS


def save_remote(store: Store, run: RemoteRun) -> None:
    """Store a run in one transaction; figures of the same answer are replaced by the newer ones.

    No hash of a model is stored, so no page and no finding counts the run as a measured one.
    """
    row = {name: getattr(run, name, None) for name in RUNS.names} | {
        "base_model": run.base,
        "tuned_model": run.tuned,
        "origin": REMOTE_ORIGIN,
    }
    document = json.dumps(figures_of(run), ensure_ascii=False)
    with store.writing() as cursor:
        cursor.register("new_run", pa.Table.from_pylist([row], schema=RUNS).cast(STORED_RUNS))
        cursor.register("new_remote_tokens", run.tokens)
        cursor.execute(
            "INSERT INTO runs BY NAME SELECT * FROM new_run "
            "WHERE run_id NOT IN (SELECT run_id FROM runs)"
        )
        cursor.execute("INSERT OR REPLACE INTO remote_runs VALUES (?, ?)", [run.run_id, document])
        cursor.execute("DELETE FROM remote_tokens WHERE run_id = ?", [run.run_id])
        cursor.execute("INSERT INTO remote_tokens BY NAME SELECT * FROM new_remote_tokens")


def load_remote(store: Store, run_id: str) -> RemoteRun | None:
    """The figures of an answer whose models are behind servers; None if there are none."""
    columns = ", ".join(REMOTE_TOKENS.names)
    with store.reading() as cursor:
        found = cursor.execute(
            "SELECT document FROM remote_runs WHERE run_id = ?", [run_id]
        ).fetchall()
        tokens = cursor.sql(
            f"SELECT {columns} FROM remote_tokens WHERE run_id = ? ORDER BY position",
            params=[run_id],
        ).to_arrow_table()
    if not found:
        return None
    document = json.loads(found[0][0])
    document["created_at"] = datetime.fromisoformat(document["created_at"])
    document["notices"] = tuple(document["notices"])
    return RemoteRun(**document, tokens=tokens.cast(REMOTE_TOKENS))
