"""Checks of imported rows: the response to which a row belongs, and whether it fits."""

from collections.abc import Mapping
from pathlib import PurePath

from itlim.annotation.exchange.checked_records import read_record
from itlim.annotation.exchange.documents import (
    ExchangeItem,
    RowDocument,
    row_of,
)
from itlim.annotation.exchange.files import rows_in_words
from itlim.annotation.exchange.placing import placed_marks
from itlim.errors import InputError
from itlim.ids import content_hash, text_sha256
from itlim.records import Item, Mark, Sheet
from itlim.text.words import word_units

UNNAMED = "imported"
"""Annotator of rows for which neither the file nor the caller names one."""
_ITEM_FIELDS = ("instruction", "input", "run_id", "units")
"""Fields of both items and rows; those of the known item take precedence."""


class RowValidator:
    """Checks the rows of a file one by one; `notes` lists its decisions."""

    def __init__(
        self, known: Mapping[str, Item], *, annotator: str = "", file_name: str = ""
    ) -> None:
        """Arguments as in `read_annotations`."""
        self.notes: list[str] = []
        self.new_items: dict[str, Item] = {}
        """By id, in file order."""
        self._known = known
        self._annotator = annotator
        self._file_stem = PurePath(file_name).stem
        self._named_by_file: list[int] = []
        self._rows: dict[tuple[str, str], int] = {}
        self._by_text: dict[str, list[Item]] = {}
        for item in known.values():
            self._by_text.setdefault(item.text, []).append(item)

    def validate(self, number: int, document: object) -> ExchangeItem:
        """Check a row and the positions of all its marks.

        Args:
            number: number of the row in its file.
            document: see `documents.document_of`; everything except `text` and each span's `start`,
                `end` and `label` may be missing.

        Raises:
            InputError: the row is rejected as a whole; the message states why.
        """
        row = read_record(document, RowDocument)
        sha256 = text_sha256(row.text)
        if row.text_sha256 not in ("", sha256):
            raise InputError(
                f"the text has sha256 {sha256[:12]}…, but the file states "
                f"{row.text_sha256[:12]}…: it was changed after it was annotated"
            )
        marks, note = placed_marks(row, number)
        item = self._item(row, sha256)
        annotator = row.annotator or self._annotator or row.username or self._file_stem
        if not annotator:
            annotator = UNNAMED
        elif annotator == self._file_stem and not (row.annotator or row.username):
            self._named_by_file += [] if self._annotator else [number]
        before = self._rows.get((item.item_id, annotator))
        if before is not None:
            raise InputError(f"repeats row {before}: {annotator!r} on item {item.item_id!r}")
        self._rows[item.item_id, annotator] = number
        if item.item_id not in self._known:
            self.new_items.setdefault(item.item_id, item)
        self.notes += [note] if note else []
        self.notes += self._differences(number, row, item)
        return row_of(item, annotator, _sheet(row, marks))

    def closing_notes(self) -> list[str]:
        """All decisions, and which items are new."""
        closing = []
        if self._named_by_file:
            closing.append(
                f"no annotator is named, so that of {rows_in_words(self._named_by_file)} is taken "
                f"from the file's name: {self._file_stem}"
            )
        if self.new_items:
            names = _listed(list(self.new_items))
            closing.append(f"new items, whose texts were not known: {names}")
        in_words = [item.item_id for item in self.new_items.values() if not item.units_are_tokens]
        if in_words:
            closing.append(f"of these, with words instead of tokens as units: {_listed(in_words)}")
        return self.notes + closing

    def _item(self, row: RowDocument, sha256: str) -> Item:
        """The item with the id, or else with the text, or else a new one."""
        named = self._known.get(row.item_id) or self.new_items.get(row.item_id)
        if named is not None:
            if named.text != row.text:
                raise InputError(_text_mismatch(named, row.text))
            return named
        same = self._by_text.get(row.text, [])
        if row.instruction:
            same = [item for item in same if item.instruction == row.instruction]
        if len(same) > 1:
            names = _listed([item.item_id for item in same])
            raise InputError(f"several items ({names}) have this text: name one as item_id")
        if same:
            return same[0]
        new = _new_item(row, sha256)
        return self.new_items.get(new.item_id, new)

    def _differences(self, number: int, row: RowDocument, item: Item) -> list[str]:
        """Notes on fields in which the row differs from the known item."""
        notes = []
        if row.item_id not in ("", item.item_id):
            notes.append(
                f"row {number} belongs to item {item.item_id!r} by its text; the file names "
                f"{row.item_id!r}"
            )
        differing = [
            name
            for name in _ITEM_FIELDS
            if getattr(row, name) and getattr(row, name) != getattr(item, name)
        ]
        if differing:
            notes.append(
                f"row {number} differs in {' and '.join(differing)} from item "
                f"{item.item_id!r}, which was not changed"
            )
        return notes


def _new_item(row: RowDocument, sha256: str) -> Item:
    units = row.units
    if units is not None:
        # The order is not checked: parts of one character share its boundaries, and tokens may be
        # empty.
        bad = [edges for edges in units if not edges[0] <= edges[1] <= len(row.text)]
        if bad:
            raise InputError(
                f"unit {bad[0]} is outside the text of {len(row.text)} code points, or ends "
                "before it starts"
            )
    return Item(
        item_id=row.item_id or content_hash(row.instruction, row.input, row.text)[:16],
        instruction=row.instruction,
        text=row.text,
        text_sha256=sha256,
        units=word_units(row.text) if units is None else units,
        units_are_tokens=units is not None and row.units_are_tokens,
        input=row.input,
        run_id=row.run_id,
    )


def _sheet(row: RowDocument, marks: tuple[Mark, ...]) -> Sheet:
    return Sheet(
        marks=marks,
        judgments=tuple(link.judgment() for link in row.links),
        status=row.status,
        flag=row.flag,
        skip_reason=row.skip_reason,
        comment=row.comment,
        active_ms=row.active_ms,
        suggestions_on=row.suggestions_on,
        revealed=row.revealed,
    )


def _text_mismatch(item: Item, text: str) -> str:
    as_lines = [one.replace("\r\n", "\n").replace("\r", "\n") for one in (item.text, text)]
    if as_lines[0] == as_lines[1]:
        return (
            f"the text differs from that of item {item.item_id!r} in its line endings: another "
            "program changed them, so the offsets no longer fit"
        )
    place = next(
        (n for n, (a, b) in enumerate(zip(item.text, text, strict=False)) if a != b),
        min(len(item.text), len(text)),
    )
    return f"the text differs from that of item {item.item_id!r} from character {place} on"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
