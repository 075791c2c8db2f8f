"""The payloads of a growing answer for one view: first the whole answer, then the new rows.

Each part names the part that it continues. A browser that lacks that part (because its element was
drawn again, or two parts arrived before it drew one) requests the whole answer again.
"""

from itertools import count
from typing import Any

from itlim.components.tokens.payload import rows_payload, token_payload
from itlim.shift.growing import GrowingTable

# One sequence for all feeds, so that parts of different feeds cannot be confused.
_numbers = count(1)


class TokenFeed:
    """Builds the payload of each poll for one view.

    Args:
        doc: as in `token_payload`.
        base_name: as in `token_payload`.
        tuned_name: as in `token_payload`.
    """

    def __init__(self, *, doc: str, base_name: str, tuned_name: str) -> None:
        self._names = {"base_name": base_name, "tuned_name": tuned_name}
        self._doc = doc
        self._version = 0
        self._last: dict[str, Any] | None = None

    def next(self, growing: GrowingTable) -> dict[str, Any] | None:
        """Return the payload for the view; the last one again if nothing is new.

        Returns:
            A payload with its number, `part`. A continuation contains the rows from token `start`
            on, which replace those of the view, and in `follows` the number of the previous part.
            None before the first token.
        """
        grown = growing.since(self._version)
        start = grown.start
        if start is None:
            return self._last
        if self._last is None:
            payload = token_payload(grown.rows, doc=self._doc, **self._names)
        else:
            payload = rows_payload(grown.rows, doc=self._doc) | {"follows": self._last["part"]}
        self._version = grown.version
        self._last = payload | {"start": start, "part": next(_numbers)}
        return self._last

    def restart(self) -> None:
        """Send the whole answer next time."""
        self._version = 0
        self._last = None
