"""Words, sentences, clauses and named entities of plain English text, by rule.

Only the construction of borrowings and the simple peers use it. It is kept apart from
`itlim.trace` on purpose: a benchmark that normalised text with the code under test would
repeat that code's mistakes. There is no trained model here, so the rules are coarse; what they
miss is a case that is not constructed, never a case that is judged wrongly.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Literal

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s$")
# A sentence ends at . ! ? before a capital or a quote, but not after "1." or an initial.
_SENTENCE_END = re.compile(r"(?<=[\w)\]\"”’'%][.!?])(?<!\b[A-Z0-9]\.)(?<!\b\d\d\.)\s+(?=[\"“(A-Z])")
_CAPITAL = r"[A-Z][\w’'&-]*\w"
_NAME = re.compile(rf"\b{_CAPITAL}(?:(?: (?:of|the|de|du|la|van|von)){{0,2}} {_CAPITAL}){{0,3}}")
# Two digits at least, and no list mark at the beginning of a line.
_NUMBER = re.compile(r"(?<![\w.,(-])(?<!\n)\d[\d,]*\d(?:\.\d+)?(?![\w.,-]*\d|\w|\)|\.\s*[A-Z])")
_YEAR = re.compile(r"1[0-9]{3}|20[0-2][0-9]")
_STOP_WORDS = ENGLISH_STOP_WORDS | set("does did doing done having use used just like".split())
_CALENDAR = frozenset(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)

EntityType = Literal["name", "year", "number"]


def words(text: str) -> list[str]:
    """Casefolded words in order; hyphens split, a possessive s goes.

    >>> words("Jim Henson’s well-known Muppets don't")
    ['jim', 'henson', 'well', 'known', 'muppets', "don't"]
    """
    return [_POSSESSIVE.sub("", match.group().casefold()) for match in WORD.finditer(text)]


def is_content(word: str) -> bool:
    """Whether a casefolded word says something: no stop word, three letters, no apostrophe."""
    return len(word) > 2 and word not in _STOP_WORDS and "'" not in word and "’" not in word


@cache
def content_words(text: str) -> frozenset[str]:
    """The distinct content words and numbers."""
    return frozenset(word for word in words(text) if is_content(word) or word.isdigit())


def content_stems(text: str) -> list[str]:
    """Content words without a plural s, in order: what topics are compared by."""
    return [
        word[:-1] if len(word) > 4 and word.endswith("s") and not word.endswith("ss") else word
        for word in words(text)
        if is_content(word)
    ]


@cache
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Half-open code-point ranges of the sentences; a line break always ends one.

    >>> [("A b. C d."[start:stop]) for start, stop in sentences("A bb. C d.")]
    ['A b. ', 'C d.']
    """
    found = []
    start = 0
    for line in text.splitlines(keepends=True):
        cuts = [0, *(match.end() for match in _SENTENCE_END.finditer(line)), len(line)]
        for left, right in itertools.pairwise(cuts):
            piece = line[left:right]
            if WORD.search(piece):
                begin = start + left + len(piece) - len(piece.lstrip())
                found.append((begin, start + left + len(piece.rstrip())))
        start += len(line)
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A name, year or number in a text."""

    text: str
    start: int
    stop: int  # exclusive
    type: EntityType

    @cached_property
    def normal(self) -> str:
        """Its casefolded words, a blank between them."""
        return " ".join(words(self.text))


class EntityFinder:
    """Finds entities; learns from a corpus which capitalised words are names."""

    def __init__(self, corpus: Iterable[str]) -> None:
        """Count how often each word stands in capitals inside a sentence, and without."""
        self._capital: Counter[str] = Counter()
        self._lower: Counter[str] = Counter()
        for text in corpus:
            for start, stop in sentences(text):
                for match in WORD.finditer(text, start + 1, stop):
                    word = match.group()
                    (self._capital if word[0].isupper() else self._lower)[word.casefold()] += 1

        self.find = lru_cache(maxsize=None)(self._find)

    def _find(self, text: str) -> tuple[Entity, ...]:
        """Entities in order; sentence openers and calendar words are not names."""
        found = [
            Entity(
                text=match.group(),
                start=match.start(),
                stop=match.end(),
                type=_number_type(match.group()),
            )
            for match in _NUMBER.finditer(text)
        ]
        openings = {start for start, _ in sentences(text)}
        for match in _NAME.finditer(text):
            parts = list(re.finditer(r"\S+", match.group()))
            # "New" belongs to the name in "to New York", but at an opening nothing tells.
            opens = match.start() in openings
            while parts and (
                not is_content(parts[0].group().casefold())
                or (opens and not self._is_name(parts[0].group()))
            ):
                parts = parts[1:]
            if not any(self._is_name(part.group()) for part in parts):
                continue
            start = match.start() + parts[0].start()
            name = _POSSESSIVE.sub("", text[start : match.end()])
            if len(name) >= 4 and not any(word in _CALENDAR for word in words(name)):
                found.append(Entity(text=name, start=start, stop=start + len(name), type="name"))
        return tuple(sorted(found, key=lambda entity: entity.start))

    def _is_name(self, part: str) -> bool:
        """Seen in capitals inside sentences at least twice as often as without."""
        if not part[0].isupper():
            return False
        return all(
            is_content(word) and self._capital[word] >= max(1, 2 * self._lower[word])
            for word in words(part)
        )


def _number_type(text: str) -> EntityType:
    return "year" if _YEAR.fullmatch(text) else "number"
