"""The usual names of columns, and which column of a row contains which field."""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from itlim.records import DatasetField

# In order of preference, in lower case and without separators: "systemPrompt" and "System Prompt"
# are both found as "systemprompt".
_NAMES = {
    DatasetField.INSTRUCTION: (
        *("instruction", "prompt", "question", "query", "instructions", "problem", "userprompt"),
        *("usermessage", "user", "human", "inputs", "input", "inputtext"),
    ),
    DatasetField.INPUT: ("input", "context", "inputtext", "contexts", "passage", "background"),
    DatasetField.RESPONSE: (
        *("output", "response", "completion", "solution", "answer", "target", "targets"),
        *("outputtext", "assistant", "bot", "gpt", "chosen"),
    ),
    DatasetField.CONVERSATION: (
        *("messages", "conversations", "conversation", "dialog", "chat", "dialogue", "contents"),
        "chosen",
    ),
    DatasetField.SYSTEM: (
        *("systemprompt", "system", "systemmessage", "systeminstruction", "systeminstructions"),
        *("systemtext", "sysprompt", "preamble"),
    ),
    DatasetField.HISTORY: (
        *("history", "chathistory", "conversationhistory", "dialoghistory", "dialoguehistory"),
    ),
}
AMBIGUOUS = {"contents", "chosen"}
"""Names of columns that contain a conversation only if a message says that the user speaks: others
are the pages of a text, or the preferred answer to the prompt in another column."""
_SEPARATORS = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def normal(column: str) -> str:
    """A column's name in lower case and without separators.

    >>> normal("System Prompt"), normal("systemPrompt"), normal("_input")
    ('systemprompt', 'systemprompt', 'input')
    """
    return _SEPARATORS.sub("", column).casefold()


def candidates(columns: Iterable[str], field: DatasetField) -> list[str]:
    """The columns that usually contain a field, in order of preference.

    >>> candidates(["Answer", "id", "output"], DatasetField.RESPONSE)
    ['output', 'Answer']
    """
    names = _NAMES[field]
    ranks = {column: names.index(normal(column)) for column in columns if normal(column) in names}
    return sorted(ranks, key=lambda column: ranks[column])


@lru_cache(maxsize=1024)
def optional_candidates(columns: tuple[str, ...]) -> dict[DatasetField, tuple[str, ...]]:
    """The columns of a row that usually contain an optional field, by field."""
    fields = (DatasetField.INPUT, DatasetField.SYSTEM, DatasetField.HISTORY)
    return {field: tuple(candidates(columns, field)) for field in fields}


def looks_like(column: str) -> DatasetField | None:
    """The field that a column of this name usually contains."""
    # An input may be the instruction where there is no other, but its name suggests an input.
    fields = (DatasetField.INPUT, *_NAMES)
    return next((field for field in fields if normal(column) in _NAMES[field]), None)


def first_of(
    columns: Iterable[str], field: DatasetField, *, without: Collection[str]
) -> str | None:
    """The preferred column of a field that is not one of `without`."""
    found: Iterator[str] = (one for one in candidates(columns, field) if one not in without)
    return next(found, None)
