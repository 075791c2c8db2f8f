"""SQL of the findings, over the views that the query box of the Findings page reads."""

from collections.abc import Callable, Sequence

from itlim.findings.answers import PairAnswers
from itlim.records import REPHRASED_ORIGIN
from itlim.schema import DecodingMode

QueryOf = Callable[[Sequence[str]], str]
"""SQL that lists some runs."""
MAX_LISTED = 200
"""Number of runs that a query names: the box accepts 5,000 characters."""
N_WORDS = (
    "len(regexp_extract_all(response, '[\\x{3040}-\\x{30ff}\\x{3400}-\\x{9fff}\\x{f900}-\\x{faff}]"
    "|{letters}+(?:[''’]{letters}+)*'))"
).replace("{letters}", "[\\p{L}\\p{N}\\x{300}-\\x{36f}]")
"""Number of words of a response, as `text.words.raw_words` counts them."""


def quoted(text: str) -> str:
    """A text inside single quotes of SQL.

    >>> quoted("Ann's pair")
    "Ann''s pair"
    """
    return text.replace("'", "''")


def tag_condition(tag: str) -> str:
    """Condition on the answers with a tag, such as `task: qa`.

    >>> tag_condition("topic: lakes")
    "run_id IN (SELECT run_id FROM tags WHERE topic = 'lakes')"
    """
    kind, _, name = tag.partition(": ")
    return f"run_id IN (SELECT run_id FROM tags WHERE {kind} = '{quoted(name)}')"


def answers_where(pair: PairAnswers, view: str = "answers") -> str:
    """Condition on the answers of a pair that its findings use.

    Pasted texts and answers to rephrased questions are left out, as in `store.runs.load_scored`.
    """
    conditions = [
        f"{view}.pair = '{quoted(pair.pair)}'",
        f"{view}.decoding IS DISTINCT FROM '{DecodingMode.PASTED}'",
        f"{view}.origin <> '{REPHRASED_ORIGIN}'",
    ]
    if pair.tag:
        conditions.append(f"{view}.{tag_condition(pair.tag)}")
    n_words = N_WORDS.replace("(response,", f"({view}.response,")
    if pair.words.shortest is not None:
        conditions.append(f"{n_words} >= {pair.words.shortest}")
    if pair.words.longest is not None:
        conditions.append(f"{n_words} <= {pair.words.longest}")
    return " AND ".join(conditions)


def tokens_from(pair: PairAnswers) -> str:
    """FROM and WHERE of a query over the tokens of a pair's answers."""
    return f"FROM tokens JOIN answers USING (run_id)\nWHERE {answers_where(pair)}"


def listing(what: str, pair: PairAnswers | None = None, *, value: str = "") -> QueryOf:
    """SQL that lists the answers that count for a number.

    Args:
        what: what the number needs and the views do not have, such as "marked phrases".
        pair: if all of its answers count, the query names none of them.
        value: SQL of the number over these answers, which then replaces the list.
    """

    def query(run_ids: Sequence[str]) -> str:
        which, where = _counted(run_ids, pair, "answers")
        if value and run_ids and not which.startswith("The first"):
            return f"SELECT {value} FROM answers\nWHERE {where}"
        return _commented(
            f"{which}; {what} are not in the views.",
            f"SELECT run_id, instruction, response FROM answers\nWHERE {where}",
            run_ids,
        )

    return query


def listing_both(what: str, first: PairAnswers, second: PairAnswers) -> QueryOf:
    """SQL that lists both answers to each instruction that counts for a number about two pairs.

    The runs are those of the first pair.
    """

    def query(run_ids: Sequence[str]) -> str:
        which, where = _counted(run_ids, first, "one")
        return _commented(
            f"{which}, and the others to the same instructions; {what} are not in the views.",
            "SELECT one.run_id, one.instruction, one.response AS first, other.response AS second\n"
            "FROM answers one JOIN answers other ON one.instruction = other.instruction "
            "AND one.input IS NOT DISTINCT FROM other.input\n"
            f"WHERE {where}\nAND {answers_where(second, 'other')}",
            run_ids,
        )

    return query


def _counted(run_ids: Sequence[str], pair: PairAnswers | None, view: str) -> tuple[str, str]:
    """Which answers a condition selects, in words, and the condition."""
    counted = list(dict.fromkeys(run_ids))
    if pair is not None and len(counted) == len(pair.answers):
        return "The answers that count", answers_where(pair, view)
    names = ", ".join(f"'{quoted(one)}'" for one in counted[:MAX_LISTED])
    which = "The answers that count"
    if len(counted) > MAX_LISTED:
        which = f"The first {MAX_LISTED} of {len(counted):,} answers that count"
    return which, f"{view}.run_id IN ({names})"


def _commented(comment: str, sql: str, run_ids: Sequence[str]) -> str:
    """SQL after a comment; empty if no run counts."""
    return f"-- {comment}\n{sql}" if run_ids else ""
