"""Stored answers: measured by an inspection, or imported without their models."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import pyarrow as pa

from itlim.schema import RUNS

REPHRASED_ORIGIN = "counterfactual"
"""Origin of answers to rephrased questions, which studies do not use."""
IMPORTED_ORIGIN = "responses"
"""Origin of answers that were read from a file of responses."""
NO_MEASURES = (
    "No token measures: this answer was imported without its models, or they are behind a server."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One stored inspection. All fields but the last are the columns of `schema.RUNS`."""

    run_id: str
    created_at: datetime
    pair: str
    base_model: str
    base_hash: str
    tuned_model: str
    tuned_hash: str
    tuning: str
    dtype: str
    template: str
    instruction: str
    input: str
    prompt: str
    prompt_token_ids: list[int]
    response: str
    decoding: str
    max_new_tokens: int | None
    finish_reason: str
    marginal_above: int
    shifted_above: int
    top_k: int
    origin: str
    itlim_version: str
    tokens: pa.Table
    """`schema.TOKEN_SHIFTS`, in order of position."""

    def row(self) -> dict[str, object]:
        """The columns of `schema.RUNS` by name."""
        return {name: getattr(self, name) for name in RUNS.names}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRun:
    """A stored answer that was imported without its models, so it has no token measures."""

    run_id: str
    created_at: datetime
    """When it was imported."""
    pair: str
    """Name of the model that answered."""
    instruction: str
    input: str
    response: str
    origin: str
    itlim_version: str
    """Version of the code that imported it."""

    def row(self) -> dict[str, object]:
        """The columns of `schema.RUNS` by name; those that only models give are None."""
        return {name: getattr(self, name, None) for name in RUNS.names}


StoredRun = Run | ResponseRun
"""What the database contains: only a `Run` has tokens, models and a prompt."""


def run_of_row(row: Mapping[str, Any], tokens: pa.Table) -> StoredRun:
    """The run of a row of `schema.RUNS`; without the hash of a model, it has no measures.

    Args:
        row: columns by name; others are ignored.
        tokens: `schema.TOKEN_SHIFTS` of the run; not used if it has no measures.

    Raises:
        KeyError: a column is missing.
    """
    if row["base_hash"] is None:
        return ResponseRun(**{field.name: row[field.name] for field in fields(ResponseRun)})
    return Run(**{name: row[name] for name in RUNS.names}, tokens=tokens)
