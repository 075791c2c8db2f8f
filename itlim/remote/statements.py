"""What each column of a remote run is: exact, exact up to ties, a lower bound, or missing."""

from dataclasses import dataclass, replace
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from itlim.measures import MEASURES
from itlim.schema import REMOTE_TOKENS
from itlim.text.messages import plural


class Exactness(StrEnum):
    """How a column of a remote run relates to the measure on the whole vocabulary."""

    EXACT = "exact"
    UP_TO_TIES = "exact up to ties"
    LOWER_BOUND = "lower bound"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStatement:
    """One line of the table that says what the figures are."""

    column: str
    name: str
    exactness: Exactness
    n_given: int
    """Tokens that have a value."""
    n_tokens: int
    note: str

    @property
    def is_unlisted(self) -> bool:
        """Whether it is missing only because servers did not list the tokens that it is about."""
        return self.exactness is Exactness.MISSING and self.column in REMOTE_TOKENS.names

    def line(self) -> str:
        """The statement as one sentence for a terminal."""
        counted = f"{self.n_given} of {plural(self.n_tokens, 'token')}"
        return f"{self.name}: {self.exactness} ({counted}). {self.note}".strip()


_BOUNDS = {
    "kl_tuned_base": "kl_tuned_base_at_least",
    "kl_base_tuned": "kl_base_tuned_at_least",
}
_NAMES = {
    "emitted_log_prob": "Emitted: base log-prob.",
    "emitted_tuned_log_prob": "Emitted: tuned log-prob.",
    "category": "Category",
}
_DECIDED = {
    "emitted_rank": "emitted_rank_decided",
    "base_rank": "base_rank_decided",
    "category": "category_decided",
}
_NEEDS_ALL = "It needs the probabilities of all tokens, which the server does not return."


def column_statements(tokens: pa.Table) -> list[ColumnStatement]:
    """What is known of each measure, and of the further columns of REMOTE_TOKENS.

    Args:
        tokens: `schema.REMOTE_TOKENS` of one run.
    """
    further = [name for name in _NAMES if name in REMOTE_TOKENS.names]
    return [
        *(_statement(name, _NAMES[name], tokens) for name in further),
        *(_of_measure(one.column, one.title, tokens) for one in MEASURES),
    ]


def _of_measure(column: str, name: str, tokens: pa.Table) -> ColumnStatement:
    if column in _BOUNDS:
        return ColumnStatement(
            column=_BOUNDS[column],
            name=f"{name} at least",
            exactness=Exactness.LOWER_BOUND,
            n_given=tokens.num_rows,
            n_tokens=tokens.num_rows,
            note="Between the tokens that both models list, and all others as one. The divergence "
            "itself is at least as large; it is missing, and the bound is never averaged with it.",
        )
    if column not in REMOTE_TOKENS.names:
        return ColumnStatement(
            column=column,
            name=name,
            exactness=Exactness.MISSING,
            n_given=0,
            n_tokens=tokens.num_rows,
            note=_NEEDS_ALL,
        )
    found = _statement(column, name, tokens)
    return _of_first_choice(found, tokens) if column == "base_prob" else found


def _of_first_choice(found: ColumnStatement, tokens: pa.Table) -> ColumnStatement:
    """Up to ties where it is not decided which token is the tuned model's first choice.

    That is decided if rank or category of this token are. If neither is, it may be so because of
    the base model alone; then the statement claims less than is known.
    """
    columns = ("base_rank_decided", "category_decided")
    rows = tokens.filter(pc.is_valid(tokens["base_prob"])).select(columns).to_pylist()
    n_open = sum(not any(row.values()) for row in rows)
    if not n_open:
        return found
    note = (
        f"Of {plural(n_open, 'token')}, the server does not say whether another one is exactly as "
        "probable as the tuned model's first choice, whose probability this is."
    )
    return replace(found, exactness=Exactness.UP_TO_TIES, note=f"{note} {found.note}".strip())


def _without_value(n: int, column: str) -> str:
    is_zero = "log_prob" in column
    if n == 1:
        return "1 token has none: its " + (
            "probability is 0." if is_zero else "value is not in what the servers listed."
        )
    return f"{n:,} tokens have none: their " + (
        "probabilities are 0." if is_zero else "values are not in what the servers listed."
    )


def _statement(column: str, name: str, tokens: pa.Table) -> ColumnStatement:
    given = tokens.num_rows - tokens[column].null_count
    exactness, notes = Exactness.EXACT, []
    if column in _DECIDED:
        decided = sum(
            bool(is_decided) and value is not None
            for value, is_decided in zip(
                tokens[column].to_pylist(), tokens[_DECIDED[column]].to_pylist(), strict=True
            )
        )
        if decided < given:
            exactness = Exactness.UP_TO_TIES
            notes.append(
                f"Of {plural(given - decided, 'token')}, the server does not say which others are "
                "exactly as probable; it counts these against the token, itlim does not."
            )
    if given < tokens.num_rows:
        notes.append(_without_value(tokens.num_rows - given, column))
    return ColumnStatement(
        column=column,
        name=name,
        exactness=exactness if given or not tokens.num_rows else Exactness.MISSING,
        n_given=given,
        n_tokens=tokens.num_rows,
        note=" ".join(notes),
    )
