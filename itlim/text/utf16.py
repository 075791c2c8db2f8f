"""Convert code-point offsets, as Python counts them, to UTF-16 offsets, as browsers do."""

from bisect import bisect_left


class Utf16Offsets:
    """Converts offsets into one text.

    >>> offsets = Utf16Offsets("a🙂b")
    >>> [offsets.at(index) for index in range(4)]
    [0, 1, 3, 4]
    """

    def __init__(self, text: str) -> None:
        # Only characters above U+FFFF take two units; most texts have none.
        self._wide = [index for index, one in enumerate(text) if ord(one) > 0xFFFF]

    def at(self, offset: int) -> int:
        """The UTF-16 offset of a code-point offset."""
        return offset + bisect_left(self._wide, offset)

    def span(self, start: int, stop: int) -> list[int]:
        """A half-open range in UTF-16 units, as a list for JSON."""
        return [self.at(start), self.at(stop)]
