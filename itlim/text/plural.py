"""Counts with their noun, for messages and labels of pages and the command line."""


def plural(n: int, noun: str) -> str:
    """A count and its noun in the correct number; the plural adds an s.

    >>> plural(1, "instance"), plural(2500, "row"), plural(0, "mark")
    ('1 instance', '2,500 rows', '0 marks')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
