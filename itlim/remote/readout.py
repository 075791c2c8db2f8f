"""What is known of one model's distribution at each position of a response."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """Bounds of a 1-based rank by itlim's convention: ties share the better rank."""

    at_least: int
    at_most: int | None
    """None if nothing bounds it from above."""

    @property
    def is_decided(self) -> bool:
        return self.at_least == self.at_most


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One model's distribution at one position, as far as it is known."""

    token_id: int
    """The token r_t of the response."""
    listed: Mapping[int, float]
    """Log-probability in nats of the `top_k` most probable ids and of r_t; -inf for 0."""
    top_k: int
    server_rank: int
    """Rank of r_t as a server gives it: at least one more than the number of ids that are more
    probable, at most the number of ids that are at least as probable, r_t included."""
    known_ranks: Mapping[int, int] = field(default_factory=dict)
    """Exact ranks of some ids, of a local model; `listed` may then have further ids."""
    known_first: int | None = None
    """The most probable id, ties to the lowest, of a local model."""

    @property
    def log_prob(self) -> float:
        """Log-probability of r_t in nats."""
        return self.listed[self.token_id]

    @property
    def floor(self) -> float:
        """Log-probability in nats that no unlisted id exceeds."""
        if self.top_k == 0:
            return 0.0
        ordered = sorted(self.listed.values(), reverse=True)
        return ordered[min(self.top_k, len(ordered)) - 1]

    def prob(self, token_id: int) -> float | None:
        """Probability of an id; None if it is not listed."""
        found = self.listed.get(token_id)
        return None if found is None else exp(found)

    def rank(self, token_id: int) -> Rank:
        """Rank of an id: 1 plus the number of ids that are strictly more probable.

        vLLM counts the ids that are *at least* as probable, so ties count against the token
        (`batched_count_greater_than` in vllm/v1/sample/ops/logprobs.py), and replaces this number
        by the place in the list if the token is one of the top K (vllm/logprobs.py,
        `append_logprobs_for_next_position`). For one of the top K, every more probable id is
        listed, which decides the rank. For another id, the listed ids bound it from below, and
        the server's number bounds that of r_t from above.
        """
        if token_id in self.known_ranks:
            return Rank(at_least=self.known_ranks[token_id], at_most=self.known_ranks[token_id])
        own = self.listed.get(token_id)
        ceiling = self.floor if own is None else own
        at_least = 1 + sum(value > ceiling for value in self.listed.values())
        if own is not None and self._is_in_top(token_id, own):
            return Rank(at_least=at_least, at_most=at_least)
        at_most = max(self.server_rank, at_least) if token_id == self.token_id else None
        return Rank(at_least=at_least, at_most=at_most)

    def first_choice(self) -> tuple[int | None, bool]:
        """The most probable id, ties to the lowest, and whether no unlisted id can be it.

        Without a list, it is known only if the server ranks r_t first.
        """
        if self.known_first is not None:
            return self.known_first, True
        if self.top_k == 0:
            return (self.token_id, True) if self.server_rank == 1 else (None, False)
        best = max(self.listed.values())
        tied = [token_id for token_id, value in self.listed.items() if value == best]
        return min(tied), best > self.floor

    def _is_in_top(self, token_id: int, own: float) -> bool:
        """Whether a listed id is one of the top K; r_t is listed in any case."""
        if token_id != self.token_id or own > self.floor:
            return True
        return own == self.floor and self.server_rank <= self.top_k
