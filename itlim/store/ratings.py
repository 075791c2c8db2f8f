"""What judging models say about stored answers: ratings, preferences, and quotes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa

from itlim.errors import StoreError
from itlim.records import REPHRASED_ORIGIN
from itlim.records.ratings import (
    JUDGE_PREFERENCES,
    JUDGE_QUOTES,
    JUDGE_RATINGS,
    Aspect,
    ParseStatus,
)
from itlim.store.connection import Store
from itlim.text.prompts import asked_text

_N_SCORES = " + ".join(f"({{table}}.{aspect} IS NOT NULL)::INTEGER" for aspect in Aspect)
_TASK = "SELECT run_id, arg_min(task, item) AS tag FROM run_tags WHERE task <> '' GROUP BY run_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rater:
    """A judge that has rated stored answers with one prompt."""

    judge: str
    prompt_version: str
    n: int
    """Number of its ratings, failed ones included."""

    @property
    def title(self) -> str:
        """Judge and prompt in words."""
        return f"{self.judge} ({self.prompt_version})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RatableAnswer:
    """An answer that a judge can rate."""

    run_id: str
    pair: str
    instruction: str
    """Includes the input, if there is one."""
    response: str
    task: str | None


def save_ratings(store: Store, ratings: pa.Table) -> int:
    """Store ratings; returns how many are new or have more scores than the stored one.

    A rating with as many scores as the stored one of the same answer, judge and prompt is ignored,
    so that a failure never replaces a score.

    Args:
        store: the open database.
        ratings: `records.ratings.JUDGE_RATINGS`.

    Raises:
        StoreError: the columns differ.
    """
    kept = "(new.run_id, new.judge, new.prompt_version)"
    with store.writing() as cursor:
        cursor.register("new_ratings", _without_zone(ratings, JUDGE_RATINGS))
        stored = f"coalesce(({_N_SCORES.format(table='old')}), 0)"
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE better AS SELECT new.* FROM new_ratings new "
            "LEFT JOIN judge_ratings old USING (run_id, judge, prompt_version) "
            f"WHERE old.run_id IS NULL OR {_N_SCORES.format(table='new')} > {stored} "
            f"QUALIFY row_number() OVER (PARTITION BY {kept} "
            f"ORDER BY {_N_SCORES.format(table='new')} DESC) = 1"
        )
        cursor.execute("INSERT OR REPLACE INTO judge_ratings BY NAME SELECT * FROM better")
        row = cursor.execute("SELECT count(*) FROM better").fetchone()
    return int(row[0]) if row else 0


def load_ratings(
    store: Store, judge: str, prompt_version: str, pairs: Sequence[str] = ()
) -> pa.Table:
    """Ratings of one judge, by pair, instruction and run; tasks are those of tagged runs.

    Args:
        store: the open database.
        judge: name of the judging model.
        prompt_version: version of its prompt.
        pairs: only answers of these pairs; all if empty.
    """
    names = ", ".join(
        "coalesce(tag, task) AS task" if name == "task" else name for name in JUDGE_RATINGS.names
    )
    with store.reading() as cursor:
        table = cursor.sql(
            f"SELECT {names} FROM judge_ratings LEFT JOIN ({_TASK}) USING (run_id) "
            "WHERE judge = ? AND prompt_version = ? AND (len(?) = 0 OR list_contains(?, pair)) "
            "ORDER BY pair, instruction, run_id",
            params=[judge, prompt_version, list(pairs), list(pairs)],
        ).to_arrow_table()
    return table.cast(JUDGE_RATINGS)


def raters(store: Store, pairs: Sequence[str] = ()) -> list[Rater]:
    """All judges with ratings, the one with the most ratings first.

    Args:
        store: the open database.
        pairs: only ratings of answers of these pairs count; all if empty.
    """
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT judge, prompt_version, count(*) AS n FROM judge_ratings "
            "WHERE len(?) = 0 OR list_contains(?, pair) "
            "GROUP BY judge, prompt_version ORDER BY n DESC, judge, prompt_version",
            [list(pairs), list(pairs)],
        ).fetchall()
    return [Rater(judge=judge, prompt_version=version, n=n) for judge, version, n in rows]


def rated_runs(store: Store, judge: str, prompt_version: str) -> set[str]:
    """Runs that a judge has rated; those whose rating failed are left out."""
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT run_id FROM judge_ratings WHERE judge = ? AND prompt_version = ? "
            "AND status <> ?",
            [judge, prompt_version, str(ParseStatus.FAILED)],
        ).fetchall()
    return {row[0] for row in rows}


def ratable_answers(store: Store, pairs: Sequence[str]) -> list[RatableAnswer]:
    """The newest answer of each pair to each question, questions in an order that is random.

    The order depends on the question alone, so the first n answers of several pairs are to the
    same questions where all pairs have answered them.
    """
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT arg_max(run_id, (created_at, run_id)) AS run_id, pair, instruction, input, "
            "arg_max(response, (created_at, run_id)) FROM runs "
            "WHERE list_contains(?, pair) AND finish_reason IS DISTINCT FROM 'pasted' "
            "AND origin <> ? AND trim(response) <> '' GROUP BY pair, instruction, input "
            "ORDER BY sha256(instruction || chr(10) || input), pair",
            [list(pairs), REPHRASED_ORIGIN],
        ).fetchall()
        tasks = dict(cursor.execute(_TASK).fetchall())
    return [
        RatableAnswer(
            run_id=run_id,
            pair=pair,
            instruction=asked_text(instruction, given).strip(),
            response=response,
            task=tasks.get(run_id),
        )
        for run_id, pair, instruction, given, response in rows
    ]


def answers_by_instruction(store: Store, pair: str) -> dict[str, list[str]]:
    """All answers of a pair, or of a model whose answers were imported, by instruction.

    The key includes the input, if there is one.
    """
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT instruction, input, run_id FROM runs WHERE pair = ? AND origin <> ? "
            "ORDER BY run_id",
            [pair, REPHRASED_ORIGIN],
        ).fetchall()
    found: dict[str, list[str]] = {}
    for instruction, given, run_id in rows:
        found.setdefault(asked_text(instruction, given).strip(), []).append(run_id)
    return found


def n_not_stored(store: Store, run_ids: Sequence[str]) -> int:
    """How many of these ids are of no stored answer."""
    with store.reading() as cursor:
        row = cursor.execute(
            "SELECT count(*) FROM (SELECT unnest(?) AS run_id) ANTI JOIN runs USING (run_id)",
            [list(run_ids)],
        ).fetchone()
    return int(row[0]) if row else 0


def save_preferences(store: Store, preferences: pa.Table) -> None:
    """Store preferences; those without a verdict replace nothing.

    Args:
        store: the open database.
        preferences: `records.ratings.JUDGE_PREFERENCES`.
    """
    with store.writing() as cursor:
        cursor.register("new_preferences", _without_zone(preferences, JUDGE_PREFERENCES))
        cursor.execute(
            "INSERT OR REPLACE INTO judge_preferences BY NAME "
            "SELECT new.* FROM new_preferences new LEFT JOIN judge_preferences old "
            "USING (run_first, run_second, judge, prompt_version) "
            "WHERE old.preference IS NULL OR new.preference IS NOT NULL"
        )


def load_preferences(store: Store, first: str, second: str) -> pa.Table:
    """Preferences of all judges between two pairs, in the order in which they were compared."""
    with store.reading() as cursor:
        table = cursor.sql(
            "SELECT * FROM judge_preferences WHERE (pair_first = ? AND pair_second = ?) "
            "OR (pair_first = ? AND pair_second = ?) ORDER BY judge, instruction, run_first",
            params=[first, second, second, first],
        ).to_arrow_table()
    return table.select(JUDGE_PREFERENCES.names).cast(JUDGE_PREFERENCES)


def save_quotes(store: Store, judge: str, run_ids: Collection[str], quotes: pa.Table) -> None:
    """Store what a judge quotes from some answers; its earlier quotes of them are replaced.

    Args:
        store: the open database.
        judge: name of the judging model.
        run_ids: the answers that were asked about, those without a quote included.
        quotes: `records.ratings.JUDGE_QUOTES` of this judge.
    """
    with store.writing() as cursor:
        cursor.register("new_quotes", _without_zone(quotes, JUDGE_QUOTES))
        cursor.execute(
            "DELETE FROM judge_quotes WHERE list_contains(?, run_id) AND judge = ?",
            [list(run_ids), judge],
        )
        cursor.execute("INSERT OR REPLACE INTO judge_quotes BY NAME SELECT * FROM new_quotes")


def quotes_of(store: Store, run_id: str) -> list[tuple[int, int, str, str]]:
    """Start, stop, judge and reason of what judges call wrong in an answer, in order of place."""
    with store.reading() as cursor:
        return cursor.execute(
            "SELECT start, stop, judge, reason FROM judge_quotes WHERE run_id = ? "
            "ORDER BY start, stop, judge",
            [run_id],
        ).fetchall()


def _without_zone(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with times in UTC without a zone, as the database stores them (migration 0001)."""
    if table.schema.names != schema.names:
        raise StoreError(
            f"The columns {table.schema.names} do not fit the store: expected {schema.names}."
        )
    place = schema.get_field_index("rated_at")
    return table.cast(schema).cast(schema.set(place, pa.field("rated_at", pa.timestamp("us"))))
