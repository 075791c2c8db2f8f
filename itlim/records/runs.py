"""The stored result of one inspection."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from itlim.schema import RUNS

REPHRASED_ORIGIN = "counterfactual"
"""Origin of answers to rephrased questions, which studies do not use."""


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
