"""Parts of messages: counts with their nouns, and the reasons that libraries give."""

import re
from collections.abc import Sequence

# Exceptions whose text is a sentence; the text of others, such as KeyError, is only a value.
_SENTENCES = (OSError, ValueError, RuntimeError, ImportError)
# transformers lists all of its several hundred model classes.
_CLASS_LIST = re.compile(r"\.?\s*Model type should be one of [\w, ]+\.?")
_LISTED = 40
"""Number of names that a message lists."""
_SHAPE = re.compile(r"torch\.Size\(\[([^\]]*)\]\)")


def reason_of(error: BaseException) -> str:
    """The whole reason that a library gave, as one line that ends a sentence.

    >>> reason_of(RuntimeError("Error(s) in loading state_dict:\\n\\tsize mismatch for a"))
    'Error(s) in loading state_dict: size mismatch for a.'
    >>> reason_of(KeyError("lm_head"))
    "KeyError: 'lm_head'."
    """
    text = _SHAPE.sub(r"(\1)", " ".join(_CLASS_LIST.sub(".", str(error)).split()))
    line = getattr(error, "lineno", None)
    if not text:
        text = type(error).__name__
    elif isinstance(line, int) and f"line {line}" not in text:
        text = f"line {line}: {text}"
    elif not isinstance(error, _SENTENCES) and type(error).__module__ == "builtins":
        text = f"{type(error).__name__}: {text}"
    return text if text.endswith((".", "!", "?")) else f"{text}."


def plural(n: int, noun: str) -> str:
    """A count and its noun in the correct number; the plural adds an s.

    >>> plural(1, "instance"), plural(2500, "row"), plural(0, "mark")
    ('1 instance', '2,500 rows', '0 marks')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def was(number: int) -> str:
    """The verb after a number of things.

    >>> was(1), was(2)
    ('was', 'were')
    """
    return "was" if number == 1 else "were"


def listed(names: Sequence[str]) -> str:
    """Names for a message; of many or long names, the beginning.

    >>> listed(["question", "answer"])
    "'question', 'answer'"
    """
    shown = [f"{name!r:.60}" for name in names[:_LISTED]]
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"{', '.join(shown) or 'none'}{more}"
