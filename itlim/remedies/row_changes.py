"""Compare a derived dataset with its parent, row by row and word by word."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

import pyarrow as pa

from itlim.remedies.deriving import PARENT_ID
from itlim.text.words import raw_words

TEXTS = ("instruction", "input", "response")
_PIECE = re.compile(r"\s+|\w+|[^\w\s]")


class Fate(StrEnum):
    """What became of an instance of the parent; one that failed counts as left out."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"


class Side(StrEnum):
    """In which of two texts a piece occurs."""

    BOTH = "both"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One instance of the parent, and the row that was made from it."""

    parent_id: str
    fate: Fate
    before: Mapping[str, str]
    """Instruction, input and response."""
    after: Mapping[str, str] | None
    """None if the instance was left out or failed."""
    words_before: int
    """Words of the response."""
    words_after: int | None


def row_changes(parent: pa.Table, derived: pa.Table) -> list[RowChange]:
    """All instances of the parent in their order, with the rows made from them.

    Args:
        parent: rows of `schema.INSTANCES`.
        derived: rows whose `extra` contains the id of their parent's instance.
    """
    made: dict[str, Mapping[str, Any]] = {}
    columns = [*TEXTS, "extra"]
    for row in derived.select(columns).to_pylist():
        name = json.loads(row["extra"] or "{}").get(PARENT_ID)
        if isinstance(name, str):
            made.setdefault(name, row)
    rows = parent.select(["instance_id", *TEXTS]).to_pylist()
    return [row_change(row, made.get(row["instance_id"])) for row in rows]


def row_change(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> RowChange:
    """What became of one instance; `after` is None if no row was made from it."""
    texts = {name: before[name] for name in TEXTS}
    new = None if after is None else {name: after[name] for name in TEXTS}
    fate = Fate.UNCHANGED if new == texts else Fate.CHANGED
    return RowChange(
        parent_id=before["instance_id"],
        fate=Fate.LEFT_OUT if new is None else fate,
        before=texts,
        after=new,
        words_before=len(raw_words(texts["response"])),
        words_after=None if new is None else len(raw_words(new["response"])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthTotals:
    """Words of all responses, of the parent and of the derived dataset."""

    before: int
    after: int

    @property
    def share(self) -> float | None:
        """Words after ÷ words before; None without words before."""
        return self.after / self.before if self.before else None


def length_totals(changes: Sequence[RowChange]) -> LengthTotals:
    """The sums of words over all rows; rows that were left out have no words after."""
    return LengthTotals(
        before=sum(one.words_before for one in changes),
        after=sum(one.words_after or 0 for one in changes),
    )


def word_differences(before: str, after: str) -> list[tuple[Side, str]]:
    """Pieces of two texts in order; those of one side joined give that text.

    >>> [(side.value, text) for side, text in word_differences("a red cat", "a cat sat")]
    [('both', 'a '), ('before', 'red '), ('both', 'cat'), ('after', ' sat')]
    """
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    # White space alone is no match. Not autojunk: it would ignore frequent words of long texts.
    matcher = SequenceMatcher(str.isspace, old, new, autojunk=False)
    found: list[tuple[Side, str]] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            found.append((Side.BOTH, "".join(old[i:j])))
            continue
        if i < j:
            found.append((Side.BEFORE, "".join(old[i:j])))
        if k < m:
            found.append((Side.AFTER, "".join(new[k:m])))
    return found
