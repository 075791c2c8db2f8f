"""The token table of an answer that is still being generated; each row is built once.

A token's text can change when later tokens arrive: the first token of an emoji gets the whole
character once its last token is known. Texts are cheap, so all of them are decoded again each
time, as for a finished answer; rows are rebuilt from the first token that is new or whose text
has changed. The parts therefore add up to the `token_table` of the whole answer.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from itlim.measures import TokenShifts
from itlim.records import TokenTexts
from itlim.schema import TOKEN_SHIFTS


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownRows:
    """The rows that a reader of a growing table does not have yet."""

    rows: pa.Table
    """TOKEN_SHIFTS from some position to the last token; they replace the reader's rows from that
    position on. Empty if nothing is new."""
    version: int
    """Pass it to `GrowingTable.since` to get later rows."""

    @property
    def start(self) -> int | None:
        """Position of the first row; None if nothing is new."""
        return self.rows["position"][0].as_py() if self.rows.num_rows else None


class GrowingTable:
    """The rows of an answer in progress, for any number of readers on other threads.

    Args:
        parts: one `TokenShifts` per token; another thread appends to it.
        texts_of: returns the texts of all tokens so far, given their ids.
        build: returns the rows of some measures, given the texts of all tokens up to the last of
            them and the position of the first.
    """

    def __init__(
        self,
        parts: Sequence[TokenShifts],
        texts_of: Callable[[Sequence[int]], TokenTexts],
        build: Callable[[TokenShifts, TokenTexts, int], pa.Table],
    ) -> None:
        self._parts = parts
        self._texts_of = texts_of
        self._build = build
        self._ids: list[int] = []
        self._decoded: list[tuple[str, int, int]] = []
        self._rows = TOKEN_SHIFTS.empty_table()
        # First row of each version that differs from the previous version.
        self._starts: list[int] = []
        self._lock = threading.Lock()

    def since(self, version: int = 0) -> GrownRows:
        """The rows that are new since `version`; all rows since version 0."""
        with self._lock:
            self._catch_up()
            start = min(self._starts[version:], default=self._rows.num_rows)
            return GrownRows(rows=self._rows.slice(start), version=len(self._starts))

    def _catch_up(self) -> None:
        parts = self._parts[: len(self._parts)]
        known = len(self._ids)
        if len(parts) == known:
            return
        self._ids += [int(part.token_id[0]) for part in parts[known:]]
        texts = self._texts_of(self._ids)
        decoded = list(zip(texts.texts, texts.char_starts, texts.char_stops, strict=True))
        # Rows from the first changed text on are built again.
        changed = (row for row in range(known) if decoded[row] != self._decoded[row])
        start = next(changed, known)
        rows = self._build(TokenShifts.concatenate(parts[start:]), texts, start)
        self._rows = pa.concat_tables([self._rows.slice(0, start), rows])
        self._decoded = decoded
        self._starts.append(start)
