"""Limit answers to those of some length, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from itlim.errors import InputError
from itlim.text.words import raw_words


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRange:
    """Numbers of words that an answer may have, both ends included.

    Raises:
        InputError: the shortest is longer than the longest.
    """

    shortest: int | None = None
    """None for no lower limit."""
    longest: int | None = None
    """None for no upper limit."""

    def __post_init__(self) -> None:
        if self.shortest is not None and self.longest is not None and self.shortest > self.longest:
            raise InputError(
                f"No answer has at least {self.shortest:,} and at most {self.longest:,} words: "
                "the first number may not be above the second."
            )

    @property
    def is_limited(self) -> bool:
        """Whether it leaves out any answer."""
        return self.shortest is not None or self.longest is not None

    def includes(self, response: str) -> bool:
        """Whether an answer has such a number of words.

        >>> WordRange(shortest=2, longest=3).includes("Two words.")
        True
        """
        n = len(raw_words(response))
        return (self.shortest or 0) <= n and (self.longest is None or n <= self.longest)

    def chosen(self, responses: Mapping[str, str]) -> frozenset[str]:
        """The runs whose answer is included.

        Args:
            responses: answers by run id.
        """
        return frozenset(run for run, text in responses.items() if self.includes(text))


ANY_LENGTH = WordRange()
"""Leaves out no answer."""
