"""One person's work on one response, as every exchange format is given it."""

from dataclasses import dataclass

from itlim.records import Item, Judgement, Mark, Sheet, SheetStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeItem:
    """One line of an exchange: an item and what one annotator said about it."""

    item_id: str
    text: str
    text_sha256: str
    """Of the text as UTF-8, 64 hex digits."""
    annotator: str
    instruction: str = ""
    input: str = ""
    run_id: str = ""
    units: tuple[tuple[int, int], ...] = ()
    """Half-open code points."""
    units_are_tokens: bool = True
    status: SheetStatus = SheetStatus.SUBMITTED
    active_ms: int = 0
    marks: tuple[Mark, ...] = ()
    """In the order in which they stand in the text."""
    judgements: tuple[Judgement, ...] = ()
    flag: str = ""
    skip_reason: str = ""
    comment: str = ""
    suggestions_on: bool = False
    revealed: bool = False


def row_of(item: Item, annotator: str, sheet: Sheet) -> ExchangeItem:
    """What leaves the house; the sheet's undo history and version stay."""
    return ExchangeItem(
        item_id=item.item_id,
        text=item.text,
        text_sha256=item.text_sha256,
        annotator=annotator,
        instruction=item.instruction,
        input=item.input,
        run_id=item.run_id,
        units=item.units,
        units_are_tokens=item.units_are_tokens,
        status=sheet.status,
        active_ms=sheet.active_ms,
        marks=in_text_order(sheet.marks),
        judgements=sheet.judgements,
        flag=sheet.flag,
        skip_reason=sheet.skip_reason,
        comment=sheet.comment,
        suggestions_on=sheet.suggestions_on,
        revealed=sheet.revealed,
    )


def item_of(row: ExchangeItem) -> Item:
    """The item of a row; batch and position are the study's to give."""
    return Item(
        item_id=row.item_id,
        instruction=row.instruction,
        text=row.text,
        text_sha256=row.text_sha256,
        units=row.units,
        units_are_tokens=row.units_are_tokens,
        input=row.input,
        run_id=row.run_id,
    )


def sheet_of(row: ExchangeItem) -> Sheet:
    """The sheet of a row, without history."""
    return Sheet(
        marks=row.marks,
        judgements=row.judgements,
        status=row.status,
        flag=row.flag,
        skip_reason=row.skip_reason,
        comment=row.comment,
        active_ms=row.active_ms,
        revealed=row.revealed,
        suggestions_on=row.suggestions_on,
    )


def in_text_order(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Marks by where they begin and end; those of the same edges keep their order."""
    return tuple(sorted(marks, key=lambda mark: (mark.start, mark.stop)))
