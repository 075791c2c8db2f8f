"""Stored answers from which the items of a study are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from itlim.records import REPHRASED_ORIGIN
from itlim.schema import DecodingMode, TuningKind
from itlim.store.connection import Store

_USABLE = (
    f"FROM runs WHERE origin <> '{REPHRASED_ORIGIN}' AND trim(response) <> '' "
    f"AND ($scored OR decoding IS DISTINCT FROM '{DecodingMode.PASTED}')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A stored response, without its tokens."""

    run_id: str
    pair: str
    instruction: str
    response: str
    is_scored: bool
    """Whether a person entered the text and the models only scored it."""


def answer_counts(store: Store, *, with_scored: bool = False) -> dict[str, int]:
    """Number of stored answers per pair, by name.

    Args:
        store: the open database.
        with_scored: whether texts that were scored and not generated count.
    """
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT pair, count(*) {_USABLE} GROUP BY pair ORDER BY pair", {"scored": with_scored}
        ).fetchall()
    return dict(rows)


def responses_by_run(store: Store) -> dict[str, str]:
    """The response of each stored run, by id."""
    with store.reading() as cursor:
        return dict(cursor.execute("SELECT run_id, response FROM runs").fetchall())


def base_answers(store: Store, pair: str) -> list[dict[str, str]]:
    """What the base model of a pair answered alone: `run_id`, `instruction`, `input`, `response`.

    It is the same model if its weights have the same hash, whatever it is named.
    """
    columns = ("run_id", "instruction", "input", "response")
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT {', '.join(columns)} {_USABLE} AND tuning = $none "
            "AND base_hash IN (SELECT base_hash FROM runs WHERE pair = $pair) ORDER BY run_id",
            {"scored": False, "none": str(TuningKind.NONE), "pair": pair},
        ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def unmeasured_counts(store: Store) -> dict[str, tuple[int, int]]:
    """Number of answers without token measures and of all answers, per pair that has such answers.

    Texts that were scored, and answers to rephrased questions, do not count.
    """
    with store.reading() as cursor:
        rows = cursor.execute(
            f"SELECT pair, count_if(base_hash IS NULL) AS n, count(*) {_USABLE} GROUP BY pair "
            "HAVING n > 0 ORDER BY pair",
            {"scored": False},
        ).fetchall()
    return {pair: (n, n_all) for pair, n, n_all in rows}


def stored_answers(
    store: Store, *, pairs: Sequence[str], search: str = "", with_scored: bool = False
) -> list[Answer]:
    """Answers of some pairs, newest first; answers to rephrased questions are excluded.

    Args:
        store: the open database.
        pairs: names of the pairs.
        search: only answers whose instruction or response contains this text, ignoring case.
        with_scored: whether texts that were scored and not generated are included.
    """
    with store.reading() as cursor:
        rows = cursor.execute(
            "SELECT run_id, pair, instruction, response, decoding IS NOT DISTINCT FROM $pasted "
            f"{_USABLE} AND list_contains($pairs, pair) AND (contains(lower(instruction), "
            "lower($search)) OR contains(lower(response), lower($search))) "
            "ORDER BY created_at DESC, run_id",
            {
                "pairs": list(pairs),
                "search": search,
                "scored": with_scored,
                "pasted": str(DecodingMode.PASTED),
            },
        ).fetchall()
    return [
        Answer(run_id=run_id, pair=pair, instruction=question, response=text, is_scored=scored)
        for run_id, pair, question, text, scored in rows
    ]
