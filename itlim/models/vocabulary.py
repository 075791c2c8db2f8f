"""The token ids that represent the same token in both models of a pair.

Models are compared over these ids only. Special tokens that tuning added and padded
embedding rows are excluded; any other difference is an error, because it means that the
vocabularies differ.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from itlim.errors import VocabularyError
from itlim.text.messages import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The tokens of one model."""

    tokens: Mapping[str, int]
    """Token name to id, including added tokens."""
    special_ids: frozenset[int]
    """Ids of added and special tokens, which tuning may add or rename."""
    logit_count: int
    """Rows of the output embedding; more than the number of tokens if it is padded."""

    def named_ids(self) -> dict[int, str]:
        """Id to token name, for all ids with a logit."""
        return {
            token_id: name for name, token_id in self.tokens.items() if token_id < self.logit_count
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedIds:
    """The ids that both models share: [0, stop) without the holes."""

    stop: int
    """The largest shared id plus 1."""
    holes: tuple[int, ...] = ()
    """Ids below `stop` that are not shared, in ascending order."""

    def __post_init__(self) -> None:
        if self.stop <= len(self.holes):
            raise VocabularyError(
                "The two models share no token, so they cannot be compared. Choose a tuned model "
                "and the base that it was tuned from."
            )

    @property
    def count(self) -> int:
        return self.stop - len(self.holes)

    def __contains__(self, token_id: int) -> bool:
        return 0 <= token_id < self.stop and token_id not in self.holes


def shared_ids(base: Vocabulary, tuned: Vocabulary) -> SharedIds:
    """Compare two vocabularies.

    Raises:
        VocabularyError: an ordinary token has different ids, or an id represents different
            ordinary tokens. The message names the first difference.

    >>> base = Vocabulary(tokens={"a": 0, "b": 1}, special_ids=frozenset(), logit_count=4)
    >>> tuned = Vocabulary(
    ...     tokens={"a": 0, "b": 1, "<end>": 2}, special_ids=frozenset({2}), logit_count=3
    ... )
    >>> shared_ids(base, tuned)
    SharedIds(stop=2, holes=())
    """
    base_names, tuned_names = base.named_ids(), tuned.named_ids()
    changeable = base.special_ids | tuned.special_ids
    different = [
        token_id
        for token_id in sorted(base_names.keys() | tuned_names.keys())
        if base_names.get(token_id) != tuned_names.get(token_id) and token_id not in changeable
    ]
    if different:
        raise VocabularyError(_difference(different, base_names, tuned_names))
    same = {token_id for token_id, name in base_names.items() if tuned_names.get(token_id) == name}
    stop = max(same, default=-1) + 1
    holes = tuple(token_id for token_id in range(stop) if token_id not in same)
    return SharedIds(stop=stop, holes=holes)


def check_input_ids(token_ids: Sequence[int], embedding_counts: Mapping[str, int]) -> None:
    """Check that both models have an embedding for every id.

    Args:
        token_ids: the ids that both models are to read.
        embedding_counts: rows of the input embedding by role ("base", "tuned").

    Raises:
        VocabularyError: an id has no embedding in one of the models.
    """
    for role, count in embedding_counts.items():
        outside = [token_id for token_id in token_ids if not 0 <= token_id < count]
        if outside:
            raise VocabularyError(
                f"Token id {outside[0]} is not in the {role} model, which has ids 0 to "
                f"{count - 1}. Choose a prompt template without tokens that tuning added."
            )


def _difference(
    different: Collection[int], base_names: Mapping[int, str], tuned_names: Mapping[int, str]
) -> str:
    first = min(different)

    def named(names: Mapping[int, str]) -> str:
        return repr(names[first]) if first in names else "no token"

    return (
        f"The vocabularies differ in {plural(len(different), 'ordinary token')}: id {first} is "
        f"{named(base_names)} in the base model and {named(tuned_names)} in the tuned model "
        f"({len(base_names)} and {len(tuned_names)} tokens). Compare a tuned model with the base "
        "that it was tuned from."
    )
