"""Texts of the rows of imported files, and the stored answers that rows are about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from itlim.errors import InputError
from itlim.text.unicode import as_unicode

_LONGEST = 200_000
"""Characters of a text."""

AnswersTo = Callable[[str, str], Sequence[str]]
"""Model and instruction → ids of its stored answers."""


def required_text(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first text in these columns.

    Raises:
        InputError: there is none.
    """
    text = text_in(row, names)
    if text is None:
        raise InputError(f"it has no {' or '.join(names)}")
    return text


def text_in(row: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first text in these columns that is not empty."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            if len(value) > _LONGEST:
                raise InputError(f"its {name} has more than {_LONGEST:,} characters")
            return as_unicode(value)
    return None


def only_answer(found: Sequence[str], model: str, *, remedy: str) -> str:
    """The only answer of a model to an instruction.

    Args:
        found: ids of its answers.
        model: its name.
        remedy: what to do if there are several.

    Raises:
        InputError: there is none, or several.
    """
    if len(found) == 1:
        return found[0]
    stored = "no answer" if not found else f"{len(found)} different answers"
    raise InputError(
        f"{stored} of {model!r:.80} to this instruction {'are' if found else 'is'} stored: "
        f"{remedy if found else 'import the answers first'}"
    )
