"""Split a text into sentences."""

import re

# Punctuation that ends a sentence, with closing quotes or brackets, before white space or the end.
# Chinese and Japanese marks need no space; a line break always ends a sentence.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”）]*|\n+")
# A name follows these, so their period never ends a sentence.
_TITLES = frozenset("mr mrs ms dr prof st mt vs e.g i.e cf".split())
# The period of these ends a sentence only before a capital letter.
_ABBREVIATIONS = frozenset("etc al approx inc ltd jr sr u.s u.k a.m p.m".split())
_LAST_WORD = re.compile(r"\S+$")
_SPACE_WITH_BREAK = re.compile(r"\s*\n\s*")
_CAPITAL_FOLLOWS = re.compile(r"\s+[\"'“‘(]?[A-Z0-9]")


def sentence_ends(text: str) -> list[int]:
    """Ends of sentences, in code points: after their last mark and any line break.

    >>> sentence_ends("Dr. No is a film. It is from 1962.")
    [17, 34]
    """
    ends: list[int] = []
    for mark in _SENTENCE_END.finditer(text):
        end = mark.end()
        if mark[0] == "." and _is_abbreviation(text[: mark.start()], text[end:]):
            continue
        # White space with a line break belongs to the previous sentence, other space to the next.
        space = _SPACE_WITH_BREAK.match(text, end)
        end = space.end() if space else end
        if not text[ends[-1] if ends else 0 : end].strip() and ends:
            ends[-1] = end
        elif not ends or end > ends[-1]:
            ends.append(end)
    return ends


def _is_abbreviation(before: str, after: str) -> bool:
    """Whether a period between two texts is part of an abbreviation, initial or list number."""
    word = _LAST_WORD.search(before)
    if word is None or not after:
        return False
    last = word[0].lstrip("(\"'“‘[")
    numbered = last.isdigit() and before[: word.start()].rpartition("\n")[2].strip() == ""
    initial = len(last) == 1 and last.isalpha() and last.isupper() and last != "I"
    short = last.lower() in _ABBREVIATIONS and not _CAPITAL_FOLLOWS.match(after)
    return last.lower() in _TITLES or short or initial or numbered
