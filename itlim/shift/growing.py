"""The token table of an answer that is still being generated: built once, row by row.

A token's text can change when later tokens come: the first token of an emoji carries the
whole character once its last token is there. Texts are cheap, so they are spelled as a whole
each time, as for a finished answer; rows are built from the first token that is new or reads
differently. Whatever is read in parts therefore equals `token_table` of the whole.
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
    """What a reader of a growing table lacks."""

    rows: pa.Table
    """TOKEN_SHIFTS from some position to the last token; they replace what the reader has from
    that position on. Without rows where nothing is new."""
    version: int
    """Hand it back to `GrowingTable.since` for what comes after."""

    @property
    def start(self) -> int | None:
        """Position of the first row; None where nothing is new."""
        return self.rows["position"][0].as_py() if self.rows.num_rows else None


class GrowingTable:
    """The rows of an answer in the making, for any number of readers on other threads.

    Args:
        parts: one token each; another thread appends to it.
        texts_of: texts of all tokens up to now, by their ids.
        build: rows of some measures, given the texts of all tokens up to the last of them and
            the position of the first.
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
        self._spelled: list[tuple[str, int, int]] = []
        self._rows = TOKEN_SHIFTS.empty_table()
        # Where the rows of each version begin to differ from those of the version before.
        self._starts: list[int] = []
        self._lock = threading.Lock()

    def since(self, version: int = 0) -> GrownRows:
        """The rows that are new since `version`; all of them since version 0."""
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
        spelled = list(zip(texts.texts, texts.char_starts, texts.char_stops, strict=True))
        # What was spelled differently up to now is built again, with all that follows it.
        changed = (at for at in range(known) if spelled[at] != self._spelled[at])
        start = next(changed, known)
        rows = self._build(TokenShifts.concatenate(parts[start:]), texts, start)
        self._rows = pa.concat_tables([self._rows.slice(0, start), rows])
        self._spelled = spelled
        self._starts.append(start)
