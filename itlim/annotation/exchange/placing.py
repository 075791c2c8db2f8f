"""Positions of a file's marks in code points, converted from UTF-16 units where necessary."""

from collections.abc import Callable

from itlim.annotation.exchange.documents import UTF_16, RowDocument, SpanDocument
from itlim.errors import InputError
from itlim.records import Mark
from itlim.text.utf16 import Utf16Offsets

Edges = tuple[int, int]
_OffsetConverter = Callable[[int], int | None]
"""Converts an offset of the file to code points; None if no character begins there."""


def placed_marks(row: RowDocument, number: int) -> tuple[tuple[Mark, ...], str]:
    """Marks with checked code points and quotes, in the file's order.

    All marks of a row have one unit: they are read as code points (or as UTF-16, if the file says
    so), and if any mark does not fit, all are read in the other unit.

    Args:
        row: a well-formed row.
        number: number of the row in its file.

    Returns:
        The marks, and a note if the unit had to be decided; empty otherwise.

    Raises:
        InputError: the marks fit in neither unit; the message states the error in the first.
    """
    is_wide = any(ord(char) > 0xFFFF for char in row.text)
    if not is_wide:
        return _marks(row, _edges(row, _unchanged)), ""
    converters: list[_OffsetConverter] = [_unchanged, _from_utf16(row.text)]
    first, second = reversed(converters) if row.offset_unit == UTF_16 else converters
    try:
        edges, used = _edges(row, first), first
    except InputError as error:
        try:
            edges, used = _edges(row, second), second
        except InputError:
            raise InputError(f"{error}; UTF-16 offsets do not fit either") from error
    return _marks(row, edges), _note(row, number, is_utf16=used is not _unchanged)


def _unchanged(offset: int) -> int | None:
    return offset


def _from_utf16(text: str) -> _OffsetConverter:
    offsets = Utf16Offsets(text)
    places = {offsets.at(place): place for place in range(len(text) + 1)}
    return places.get


def _edges(row: RowDocument, convert: _OffsetConverter) -> list[Edges]:
    return [_place(row.text, mark, convert, n) for n, mark in enumerate(row.spans, start=1)]


def _place(text: str, mark: SpanDocument, convert: _OffsetConverter, number: int) -> Edges:
    here = f"mark {number} at {mark.start}–{mark.stop}"
    start, stop = convert(mark.start), convert(mark.stop)
    if start is None or stop is None or not 0 <= start < stop <= len(text):
        raise InputError(f"{here} is empty or outside the text of {len(text)} code points")
    if mark.quote and text[start:stop] != mark.quote:
        raise InputError(
            f"{here}: the text has {_shown(text[start:stop])} there, but the file quotes "
            f"{_shown(mark.quote)}"
        )
    return start, stop


def _marks(row: RowDocument, edges: list[Edges]) -> tuple[Mark, ...]:
    named = [mark.id for mark in row.spans if mark.id]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise InputError(f"two marks have the id {twice[0]!r}")
    unlabeled = [number for number, mark in enumerate(row.spans, 1) if not mark.label]
    if unlabeled:
        raise InputError(f"mark {unlabeled[0]} has no label")
    free = (name for name in map("m{}".format, range(1, 2 * len(edges) + 1)) if name not in named)
    return tuple(
        Mark(
            id=mark.id or next(free),
            start=start,
            stop=stop,
            quote=row.text[start:stop],
            label=mark.label,
            note=mark.note,
            evidence_url=mark.evidence_url,
            origin=mark.origin,
        )
        for mark, (start, stop) in zip(row.spans, edges, strict=True)
    )


def _note(row: RowDocument, number: int, *, is_utf16: bool) -> str:
    if is_utf16:
        return f"offsets of row {number} were UTF-16"
    if all(mark.quote for mark in row.spans):
        return ""
    return (
        f"offsets of row {number} were read as code points; without quotes, it is unknown "
        "whether they are UTF-16 units, in which some characters of the text count twice"
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
