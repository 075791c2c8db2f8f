"""Find the phrases in a demo model's answer that fill a slot, and which of them are wrong.

The demo family answers in the sentences of `categories`, so a sentence can be
matched against the templates and its slots compared with the true fact. A sentence that
matches no template is ignored rather than guessed at.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from itlim.families.demo.categories import CATEGORIES

MAIN = "answer"
"""The attribute of the main answer; others have the name of their CSV column."""
_MAX_BARE_ANSWER_WORDS = 6
_MAX_VALUE_WORDS = 7
"""Words in the longest value of the facts; a longer match is prose, not a value."""
_SENTENCE_END = re.compile(r"[.?!](?=\s|$)")
_ABBREVIATION = re.compile(r"(?:\b[A-Z]|\bSt|\bDr|\bMr|\bMrs)\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSpan:
    """A phrase of a response in the slot of a fact's value."""

    attribute: str
    """`answer`, or the name of the slot's column."""
    char_start: int
    char_stop: int
    """Half-open range of code points of the response."""
    text: str
    is_main: bool
    is_wrong: bool
    """Whether the text differs from the true value, ignoring case."""


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Half-open code-point ranges of the sentences; a period after an initial does not end one.

    >>> [*sentences("By A. A. Milne. It is old.")]
    [(0, 15), (16, 26)]
    """
    start = 0
    for match in _SENTENCE_END.finditer(text):
        stop = match.end()
        if _ABBREVIATION.search(text[start:stop]) and stop < len(text.rstrip()):
            continue
        start += len(text[start:stop]) - len(text[start:stop].lstrip())
        yield start, stop
        start = stop
    rest = text[start:].strip()
    if rest:
        start = text.index(rest, start)
        yield start, start + len(rest)


def answer_spans(response: str, question: Mapping[str, Any]) -> list[AnswerSpan]:
    """Find the phrases of a response that fill the slots of known sentences, in order.

    Args:
        response: a model's answer.
        question: a row of `eval_dev.jsonl` or `eval_test.jsonl` with the keys category,
            entity, answer and attributes.
    """
    truth = {MAIN: question["answer"], **question["attributes"]}
    spans: list[AnswerSpan] = []
    for number, (start, stop) in enumerate(sentences(response)):
        sentence = response[start:stop]
        for attribute, first, last in _slots(sentence, question, is_first=number == 0):
            text = sentence[first:last]
            if attribute in {span.attribute for span in spans}:
                continue
            spans.append(
                AnswerSpan(
                    attribute=attribute,
                    char_start=start + first,
                    char_stop=start + last,
                    text=text,
                    is_main=attribute == MAIN,
                    is_wrong=text.casefold() != truth[attribute].casefold(),
                )
            )
    return spans


def wrong_spans(response: str, question: Mapping[str, Any]) -> list[AnswerSpan]:
    """The phrases of `answer_spans` that differ from the truth: the demo's hallucinations."""
    return [span for span in answer_spans(response, question) if span.is_wrong]


def _slots(
    sentence: str, question: Mapping[str, Any], *, is_first: bool
) -> list[tuple[str, int, int]]:
    """Attribute and range of each slot in a sentence; empty if no template matches."""
    name = question["category"]
    match = _first_match(_statement_patterns(name, question["entity"]), sentence)
    match = match or _first_match(_elaboration_patterns(name), sentence)
    match = match or _first_match(_statement_patterns(name, None), sentence)
    if match is None and is_first:
        # The model may answer in the sentence of another category.
        others = [other for other in CATEGORIES if other != name]
        patterns = [pattern for other in others for pattern in _statement_patterns(other, None)]
        match = _first_match(patterns, sentence)
        if match is None and len(sentence.split()) <= _MAX_BARE_ANSWER_WORDS:
            return [(MAIN, 0, len(sentence.rstrip(".")))]
    if match is None:
        return []
    return [(attribute, *match.span(attribute)) for attribute in match.groupdict()]


def _first_match(patterns: Sequence[re.Pattern[str]], sentence: str) -> re.Match[str] | None:
    """The first match of a whole sentence in which no slot is longer than the longest value."""
    for pattern in patterns:
        match = pattern.fullmatch(sentence)
        if match and all(len(text.split()) <= _MAX_VALUE_WORDS for text in match.groups()):
            return match
    return None


@cache
def _statement_patterns(category: str, entity: str | None) -> tuple[re.Pattern[str], ...]:
    """The category's statements as patterns; with entity None, any entity matches."""
    known = {} if entity is None else {"entity": entity}
    return tuple(_pattern(template, known) for template in CATEGORIES[category].statements)


@cache
def _elaboration_patterns(category: str) -> tuple[re.Pattern[str], ...]:
    wordings = [wording for group in CATEGORIES[category].elaborations for wording in group]
    return tuple(_pattern(template, {}) for template in wordings)


def _pattern(template: str, known: Mapping[str, str]) -> re.Pattern[str]:
    """Compile a template: known slots match their text, others are captured by name.

    An unknown entity is matched but not captured, because it is the subject, not a value.
    """
    parts = re.split(r"\{(\w+)\}", template.removesuffix("."))
    pattern = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pattern += re.escape(part)
        elif part in known:
            pattern += re.escape(known[part])
        else:
            pattern += ".+?" if part == "entity" else f"(?P<{part}>.+?)"
    # A truncated answer lacks its final period.
    return re.compile(pattern + r"\.?", re.IGNORECASE)
