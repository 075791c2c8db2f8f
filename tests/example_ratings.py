"""Hand-made ratings of a judging model, as the database has them."""

from datetime import UTC, datetime

import pyarrow as pa

from itlim.records.ratings import JUDGE_PREFERENCES, JUDGE_RATINGS, Aspect, ParseStatus

RATED_AT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
PROMPT = "paper-figure-11/1"


def rating(run_id="0123456789abcdef", *, pair="demo-sft", judge="m", **columns):
    """A row with scores by aspect; further keyword arguments replace columns."""
    given = [columns.get(str(aspect)) for aspect in Aspect]
    complete = ParseStatus.COMPLETE if None not in given else ParseStatus.PARTIAL
    status = complete if any(given) else ParseStatus.FAILED
    row = dict.fromkeys(JUDGE_RATINGS.names)
    row |= {"run_id": run_id, "pair": pair, "instruction": "Q", "judge": judge}
    row |= {"prompt_version": PROMPT, "status": str(status), "problem": "", "n_asked": 1}
    return row | {"raw": "{}", "rated_at": RATED_AT} | columns


def all_scores(score):
    return dict.fromkeys(map(str, Aspect), score)


def ratings_table(*rows):
    return pa.Table.from_pylist(list(rows), schema=JUDGE_RATINGS)


def preference(first, second, verdict, *, in_order=None, back=None, **columns):
    """A row about two runs of the pairs "one" and "two"."""
    row = dict.fromkeys(JUDGE_PREFERENCES.names)
    row |= {"run_first": first, "run_second": second, "pair_first": "one", "pair_second": "two"}
    row |= {"instruction": f"Q{first}", "judge": "m", "prompt_version": "itlim-pairwise/1"}
    row |= {"preference": verdict, "in_order": in_order or verdict, "reversed": back or verdict}
    return row | {"problem": "", "rated_at": RATED_AT} | columns


def preferences_table(*rows):
    return pa.Table.from_pylist(list(rows), schema=JUDGE_PREFERENCES)
