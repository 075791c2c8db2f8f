"""Simplify responses by rules, without a model: parts are dropped, and long phrases shortened.

The rules, in this order; they are applied until nothing changes:

1. A response stays as it is if its instruction asks for code, a summary, a translation, an edited
   text, a classification, an extraction or creative writing (words such as "email", or "write" and
   "create" at the beginning), or if it contains code or a table
   (Figure 10 of the paper: "an instruction that asks to code or summarize").
2. Opening formulas ("Sure!", "Great question!", "Here are some ideas:") and closing ones ("I hope
   this helps!") are dropped, and so are phrases that only announce a statement ("It is important to
   note that").
3. Long phrases become plain words ("in order to" becomes "to"), except in quotations.
4. Of each list, the first items are kept, or as many as the instruction asks for ("five", "all");
   of each item, the first sentence. Nested items are dropped. Lines without a final mark are items
   if they follow one another, or a line that ends with a colon.
5. Of the text outside lists, the first sentences are kept. What follows them is dropped.

No word is added except those of the table of plain words, and a response never becomes empty. The
rules do not know what is true or helpful: they keep what comes first.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from itlim.errors import InputError
from itlim.remedies.simplify_length import shortened
from itlim.text.sentences import sentence_ends

RULES_VERSION = "itlim-simplify-rules/2"
PLAIN_WORDS = {
    "a large number of": "many",
    "a majority of": "most",
    "a number of": "several",
    "as a result of": "because of",
    "at this point in time": "now",
    "due to the fact that": "because",
    "for the purpose of": "for",
    "has the ability to": "can",
    "have the ability to": "can",
    "in addition to": "besides",
    "in order to": "to",
    "in spite of the fact that": "although",
    "in the event that": "if",
    "is able to": "can",
    "are able to": "can",
    "prior to": "before",
    "subsequent to": "after",
    "utilize": "use",
    "utilizes": "uses",
    "utilizing": "using",
    "with regard to": "about",
    "with respect to": "about",
    "whether or not": "whether",
}
_PLAIN = re.compile(rf"\b({'|'.join(sorted(PLAIN_WORDS, key=len, reverse=True))})\b", re.IGNORECASE)
_QUOTED = re.compile(r"(\"[^\"\n]*\"|“[^”\n]*”|`[^`\n]*`)")
_OPENING = re.compile(
    r"(?:(?:sure(?: thing)?|certainly|of course|absolutely|(?:great|good|interesting) question|"
    r"no problem|thanks for asking|(?:i am|i'm) happy to help)(?:\s*[!.:,–—]|\s+-)\s*"
    r"|as an ai(?: language)? model,\s*"
    r"|here(?:'s| is| are) [^.!?:\n]{1,80}:\s+)",
    re.IGNORECASE,
)
_ANNOUNCING = re.compile(
    r"(?:it(?:'s| is) (?:important|worth|interesting|essential) (?:to note|noting|to remember|"
    r"to mention|mentioning) that|it should be noted that|please note that|note that|"
    r"(?:in conclusion|in summary|to sum up|overall|basically|essentially),)\s+",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:i hope (?:this|that|it) helps|hope (?:this|that) helps|(?:please )?let me know if|"
    r"(?:please )?feel free to|if you have any (?:more |other |further )?questions|"
    r"good luck|is there anything else)\b[^.!?\n]*[.!?]*",
    re.IGNORECASE,
)
_LEFT_ALONE = re.compile(
    r"\b(?:code|function|program|script|sql|query|regex|regular expression|html|css|javascript|"
    r"python|java|summar\w+|tl;?dr|translat\w+|paraphras\w+|rephras\w+|rewrit\w+|edit|proofread|"
    r"correct the|fix the|classif\w+|categori[sz]e|extract|poem|haiku|song|lyrics|story|essay|"
    r"letter|e-?mail|tweet|speech|dialogue|limerick|sort|convert)\b"
    r"|^\W*(?:please\s+|can you\s+|could you\s+|help me\s+)*"
    r"(?:write|compose|create|generate|design|draft|invent)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"```|^\s*\|.*\|\s*$|^(?:\t| {4,})\S.*[;{}()=]\s*$", re.MULTILINE)
_NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
_ALL = re.compile(r"\b(?:all|every|each|full|complete|entire)\b", re.IGNORECASE)
_MANY = 1_000_000
_COUNT = re.compile(rf"\b(\d{{1,2}}|{'|'.join(_NUMBERS)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimplifyRules:
    """How much of a response is kept."""

    sentences: int = 2
    """Sentences outside lists."""
    items: int = 3
    """Items of a list, unless the instruction asks for a number of them."""

    def __post_init__(self) -> None:
        for name in ("sentences", "items"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: expected at least 1.")


def simplified(instruction: str, response: str, rules: SimplifyRules) -> str:
    """The response by the rules; the same text if they change nothing.

    >>> simplified("Who wrote Emma?", "Sure! Emma is by Jane Austen. I hope this helps!",
    ...     SimplifyRules())
    'Emma is by Jane Austen.'
    """
    if _LEFT_ALONE.search(instruction) or _CODE.search(response):
        return response
    items = _asked_for(instruction) or rules.items
    text = response.strip()
    while True:
        shorter = _once(text, rules.sentences, items)
        if len(shorter) >= len(text) or not shorter:
            return response if text == response.strip() else text
        text = shorter


def _once(text: str, sentences: int, items: int) -> str:
    text = _without_formulas(text)
    return _plain_words(shortened(text, sentences, items)).strip()


def _asked_for(instruction: str) -> int | None:
    """The largest number of things that an instruction mentions, up to 99; many if it says all."""
    if _ALL.search(instruction):
        return _MANY
    found = [_NUMBERS.get(one.lower()) or int(one) for one in _COUNT.findall(instruction)]
    return max((one for one in found if one > 1), default=None)


def _without_formulas(text: str) -> str:
    opening = _OPENING.match(text)
    if opening and text[opening.end() :].strip():
        text = _capitalized(text[opening.end() :])
    ends = sentence_ends(text)
    parts = []
    for start, end in pairwise([0, *ends]):
        part = text[start:end]
        words = part.lstrip()
        space = part[: len(part) - len(words)]
        if _CLOSING.fullmatch(words.rstrip()):
            continue
        announcing = _ANNOUNCING.match(words)
        if announcing and words[announcing.end() :].strip():
            words = _capitalized(words[announcing.end() :])
        parts.append(space + words)
    parts.append(text[ends[-1] :] if ends else text)
    return "".join(parts) if "".join(parts).strip() else text


def _capitalized(text: str) -> str:
    upper = text[:1].upper()
    # "ſ" would become another letter, "S", and "ß" two.
    return upper + text[1:] if upper.lower() == text[:1] else text


def _plain_words(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        found = PLAIN_WORDS[match[0].lower()]
        return _capitalized(found) if match[0][0].isupper() else found

    parts = _QUOTED.split(text)
    return "".join(
        part if place % 2 else _PLAIN.sub(plain, part) for place, part in enumerate(parts)
    )
