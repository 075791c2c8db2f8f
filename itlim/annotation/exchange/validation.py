"""The checks that every imported row passes: which response it is of, and whether it fits."""

from collections.abc import Mapping

from itlim.annotation.exchange.documents import Claim
from itlim.annotation.exchange.placing import placed_marks
from itlim.annotation.exchange.rows import ExchangeItem, row_of
from itlim.annotation.texts import text_sha256, words_of
from itlim.errors import InputError
from itlim.ids import content_hash
from itlim.records import Item, Mark, Sheet

_OF_ITEM = ("instruction", "input", "run_id", "units")
"""What an item says as well as a row; the known item's word counts."""


class Door:
    """Admits rows one by one; what it had to decide stands in `notes`."""

    def __init__(self, known: Mapping[str, Item], *, annotator: str) -> None:
        """`annotator`: who made rows that do not say it."""
        self.notes: list[str] = []
        self.new_items: dict[str, Item] = {}
        """By id, in the order in which they came."""
        self._known = known
        self._annotator = annotator
        self._rows: dict[tuple[str, str], int] = {}
        self._by_text: dict[str, list[Item]] = {}
        for item in known.values():
            self._by_text.setdefault(item.text, []).append(item)

    def admit(self, claim: Claim) -> ExchangeItem:
        """A row, all of whose marks are where the file says.

        Raises:
            InputError: why it cannot be taken; nothing of it is kept then.
        """
        sha256 = text_sha256(claim.text)
        if claim.text_sha256 not in ("", sha256):
            raise InputError(
                f"the text has sha256 {sha256[:12]}…, the file says {claim.text_sha256[:12]}…: it "
                "was changed after it was marked"
            )
        marks, note = placed_marks(claim)
        item = self._item(claim, sha256)
        annotator = claim.annotator or self._annotator
        before = self._rows.get((item.item_id, annotator))
        if before is not None:
            raise InputError(f"repeats row {before}: {annotator!r} on item {item.item_id!r}")
        self._rows[item.item_id, annotator] = claim.number
        if item.item_id not in self._known:
            self.new_items.setdefault(item.item_id, item)
        self.notes += [note] if note else []
        self.notes += self._differences(claim, item)
        return _row(claim, item, annotator, marks)

    def closing_notes(self) -> list[str]:
        """What was decided, and which items are new."""
        closing = []
        if self.new_items:
            names = _listed(list(self.new_items))
            closing.append(f"new items, whose text is not among the known ones: {names}")
        in_words = [item.item_id for item in self.new_items.values() if not item.units_are_tokens]
        if in_words:
            closing.append(f"of these, the units are words, not tokens: {_listed(in_words)}")
        return self.notes + closing

    def _item(self, claim: Claim, sha256: str) -> Item:
        """The item by its id, or else by its text, or else a new one."""
        named = self._known.get(claim.item_id) or self.new_items.get(claim.item_id)
        if named is not None:
            if named.text != claim.text:
                raise InputError(_other_text(named, claim.text))
            return named
        same = self._by_text.get(claim.text, [])
        if claim.instruction:
            same = [item for item in same if item.instruction == claim.instruction]
        if len(same) > 1:
            names = _listed([item.item_id for item in same])
            raise InputError(f"the text is that of several items ({names}): name one as item_id")
        if same:
            return same[0]
        new = _new_item(claim, sha256)
        return self.new_items.get(new.item_id, new)

    def _differences(self, claim: Claim, item: Item) -> list[str]:
        """Notes on what the row says of its item and the known item says otherwise."""
        notes = []
        if claim.item_id not in ("", item.item_id):
            notes.append(
                f"row {claim.number} is of item {item.item_id!r} by its text; the file calls it "
                f"{claim.item_id!r}"
            )
        differing = [
            name
            for name in _OF_ITEM
            if getattr(claim, name) and getattr(claim, name) != getattr(item, name)
        ]
        if differing:
            notes.append(
                f"row {claim.number} has another {' and '.join(differing)} than item "
                f"{item.item_id!r}, which was kept as it is"
            )
        return notes


def _new_item(claim: Claim, sha256: str) -> Item:
    units = claim.units
    if units is not None:
        # Not their order: pieces of one character share its edges, an empty token has none.
        bad = [edges for edges in units if not edges[0] <= edges[1] <= len(claim.text)]
        if bad:
            raise InputError(
                f"unit {bad[0]} lies outside the text of {len(claim.text)} code points, or ends "
                "before it starts"
            )
    return Item(
        item_id=claim.item_id or content_hash(claim.instruction, claim.input, claim.text)[:16],
        instruction=claim.instruction,
        text=claim.text,
        text_sha256=sha256,
        units=words_of(claim.text) if units is None else units,
        units_are_tokens=units is not None and claim.units_are_tokens,
        input=claim.input,
        run_id=claim.run_id,
    )


def _row(claim: Claim, item: Item, annotator: str, marks: tuple[Mark, ...]) -> ExchangeItem:
    sheet = Sheet(
        marks=marks,
        judgements=claim.judgements,
        status=claim.status,
        flag=claim.flag,
        skip_reason=claim.skip_reason,
        comment=claim.comment,
        active_ms=claim.active_ms,
        suggestions_on=claim.suggestions_on,
        revealed=claim.revealed,
    )
    return row_of(item, annotator, sheet)


def _other_text(item: Item, text: str) -> str:
    as_lines = [one.replace("\r\n", "\n").replace("\r", "\n") for one in (item.text, text)]
    if as_lines[0] == as_lines[1]:
        return (
            f"the text differs from that of item {item.item_id!r} in its line ends: the program "
            "between changed them, so that offsets no longer fit"
        )
    place = next(
        (n for n, (a, b) in enumerate(zip(item.text, text, strict=False)) if a != b),
        min(len(item.text), len(text)),
    )
    return f"the text differs from that of item {item.item_id!r} from character {place} on"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
