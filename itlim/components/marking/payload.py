"""The payload of the marking view: a response and its marks as JSON.

Offsets are in code points; the browser converts them to UTF-16.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from itlim.components.marking.word_ranges import TextRange, word_ranges
from itlim.errors import InputError
from itlim.records import Label, Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A suspicious span that is not yet accepted or rejected."""

    id: str
    start: int
    stop: int


def mark_payload(
    *,
    doc: str,
    text: str,
    labels: Sequence[Label],
    marks: Sequence[Mark] = (),
    tokens: Iterable[TextRange] = (),
    version: int = 0,
    acked: Iterable[str] = (),
    saved_at: str = "",
    error: str = "",
    conflict: bool = False,
    can_undo: bool = False,
    can_redo: bool = False,
    read_only: bool = False,
    page_keys: Iterable[str] = (),
    suggestions: Sequence[Suggestion] = (),
    flag: str = "",
) -> dict[str, Any]:
    """Pack a response for the browser.

    Args:
        doc: id of the sheet: study, item and person. The browser stores unsaved edits under it.
        text: the response, exactly as stored.
        labels: labels in the order of their keys, 1 to 9; further ones have only a button.
        marks: stored marks.
        tokens: tokens of the run, in code points, without empty ones. If empty, snapping to
            tokens is not offered.
        version: number of stored events; an edit states the version on which it is based.
        acked: ids of stored events, including at least those of the last message.
        saved_at: time of the last save as shown, such as "12:03:04"; empty if none.
        error: why the last message could not be stored; empty if it could.
        conflict: whether the item was changed elsewhere; nothing is stored until the latest version
            is loaded.
        can_undo: whether there is something to undo.
        can_redo: whether there is something to redo.
        read_only: whether editing is disabled.
        page_keys: keys that the view leaves to the page, such as "u" or "ctrl+enter".
        suggestions: open suggestions.
        flag: why the item was flagged; empty if it was not.

    Returns:
        A JSON-ready dict. All offsets are code points, half-open.

    Raises:
        InputError: a range or quote does not match the text, ids or labels are missing or not
            unique, or the text is not valid Unicode.
    """
    _check_text(doc, text)
    _check_names("label", [label.name for label in labels])
    _check_names("id", [*(mark.id for mark in marks), *(one.id for one in suggestions)])
    if not labels:
        raise InputError("There are no labels: define at least one.")
    for mark in marks:
        check_quote(text, mark.start, mark.stop, mark.quote)
    for one in suggestions:
        _check_range(text, one.start, one.stop)
    return {
        "doc": doc,
        "text": text,
        "words": _ranges(text, word_ranges(text)),
        "tokens": _ranges(text, tokens),
        "labels": [asdict(label) for label in labels],
        "marks": [asdict(mark) | {"origin": str(mark.origin)} for mark in marks],
        "suggestions": [asdict(one) for one in suggestions],
        "version": version,
        "acked": list(acked),
        "saved_at": saved_at,
        "error": error,
        "conflict": conflict,
        "can_undo": can_undo,
        "can_redo": can_redo,
        "read_only": read_only,
        "page_keys": list(page_keys),
        "flag": flag,
    }


def check_quote(text: str, start: int, stop: int, quote: str) -> None:
    """Check that a mark's quote equals text[start:stop].

    Raises:
        InputError: the range or the quote does not match the text.
    """
    _check_range(text, start, stop)
    if text[start:stop] != quote:
        raise InputError(
            f"A mark quotes {quote!r:.80}, but characters {start} to {stop} of the text are "
            f"{text[start:stop]!r:.80}: offsets count code points of the text as stored."
        )


def _check_text(doc: str, text: str) -> None:
    if not doc:
        raise InputError("The payload has no doc: pass study, item and person.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"Character {error.start} of the response is half a surrogate pair, which browsers "
            "cannot show: read the file again as UTF-8."
        ) from error


def _check_names(what: str, names: Sequence[str]) -> None:
    if not all(names):
        raise InputError(f"A {what} is empty: each one needs a name.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"The {what} {twice!r:.80} occurs twice: each must be unique.")


def _check_range(text: str, start: int, stop: int) -> None:
    if not 0 <= start < stop <= len(text):
        raise InputError(
            f"The range [{start}, {stop}) is outside the text of {len(text)} characters."
        )


def _ranges(text: str, ranges: Iterable[TextRange]) -> list[list[int]]:
    """Ascending ranges that do not overlap, without empty tokens."""
    kept: list[list[int]] = []
    for start, stop in ranges:
        if start == stop:
            continue
        _check_range(text, start, stop)
        if kept and start < kept[-1][1]:
            raise InputError(f"The range [{start}, {stop}) begins before the previous one ends.")
        kept.append([start, stop])
    return kept
