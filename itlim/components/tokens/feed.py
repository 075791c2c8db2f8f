"""The payloads of an answer in the making, for one view: the whole at first, then what is new.

Each part names the one it continues. A browser that lacks that one (its element was drawn
again, or two parts came faster than it drew) asks for the whole again.
"""

from itertools import count
from typing import Any

from itlim.components.tokens.payload import rows_payload, token_payload
from itlim.shift.growing import GrowingTable

# One sequence for all feeds: a part of another feed is never taken for one of this.
_numbers = count(1)


class TokenFeed:
    """What to send one view, one poll after another.

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
        """The payload for the view; the last one again where nothing is new.

        Returns:
            A payload with its number, `part`. A continuation has the rows from token `start` on,
            which replace what the view shows from there, and in `follows` the number of the part
            before. None before the first token.
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
        """Begin with the whole again, however much was sent."""
        self._version = 0
        self._last = None
