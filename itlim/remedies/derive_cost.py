"""What making a dataset through a server will cost, before it is asked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itlim.remedies.chat import Usage
from itlim.remedies.cost import CostEstimate, text_tokens
from itlim.remedies.evolving import EvolveOperation, drawn_operation, evolve_prompt
from itlim.remedies.rewriting import query_of
from itlim.remedies.simplifying import simplify_prompt

ADDED_TOKENS = 20
"""Tokens by which an instruction grows: the prompt allows 10 to 20 words."""


def simplify_cost(rows: Iterable[Mapping[str, Any]]) -> CostEstimate:
    """The estimate for simplifying, if no response becomes shorter.

    Args:
        rows: of `schema.INSTANCES`.
    """
    # Equal requests are sent once.
    replies = {
        simplify_prompt(query_of(row), row["response"]): text_tokens(row["response"])
        for row in rows
    }
    prompts = sum(map(text_tokens, replies))
    return CostEstimate(usage=Usage(len(replies), prompts, sum(replies.values())))


def evolve_cost(
    rows: Iterable[Mapping[str, Any]], operations: Sequence[EvolveOperation], seed: int
) -> CostEstimate:
    """The estimate for evolving, if answers stay as long as the responses.

    Args:
        rows: of `schema.INSTANCES`.
        operations: what is drawn from.
        seed: of the drawing.
    """
    replies = {}
    for row in rows:
        query = query_of(row)
        prompt = evolve_prompt(drawn_operation(row, operations, seed), query)
        replies[prompt] = (text_tokens(query) + ADDED_TOKENS, text_tokens(row["response"]))
    evolved = sum(one for one, _ in replies.values())
    answers = sum(one for _, one in replies.values())
    prompts = sum(map(text_tokens, replies)) + evolved
    return CostEstimate(usage=Usage(2 * len(replies), prompts, evolved + answers))
