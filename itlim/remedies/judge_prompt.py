"""The judge's prompt and its answers: five aspects from 1 to 5, each with a reason.

The prompt is that of Figure 11 of the paper (arXiv 2402.05119), borrowed there from Lin et al.
(2023), "The Unlocking Spell on Base LLMs" (just-eval). Only the sentence about the format differs:
the paper's placeholders are not valid JSON.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from itlim.records.ratings import Aspect, ParseStatus
from itlim.text.unicode import as_unicode

_SCORES = (1, 2, 3, 4, 5)
PROMPT_VERSION = "paper-figure-11/1"


_PROMPT = Path(__file__).with_name("judge_prompt.txt").read_text(encoding="utf-8").rstrip("\n")
_FORMAT = json.dumps(
    {
        aspect: {"reason": "[your rationale]", "score": "[score from 1 to 5]"}
        for aspect in map(str, Aspect)
    }
)


def judge_prompt(instruction: str, response: str) -> str:
    """The prompt that asks for ratings of a response; texts are inserted as they are."""
    # Not str.format: the texts may contain braces, and one may look like the other's place.
    before, rest = _PROMPT.split("{instruction}")
    between, after = rest.split("{prediction}")
    return before + instruction + between + response + after.replace("{format}", _FORMAT)


def ratings_schema() -> dict[str, Any]:
    """The `response_format` for servers with structured output."""
    rating = {
        "type": "object",
        "properties": {
            "reason": {"type": "string"},
            "score": {"type": "integer", "enum": [1, 2, 3, 4, 5]},
        },
        "required": ["reason", "score"],
        "additionalProperties": False,
    }
    names = [str(aspect) for aspect in Aspect]
    schema = {
        "type": "object",
        "properties": dict.fromkeys(names, rating),
        "required": names,
        "additionalProperties": False,
    }
    return {
        "type": "json_schema",
        "json_schema": {"name": "ratings", "strict": True, "schema": schema},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Scores and reasons of one answer of a judge."""

    status: ParseStatus
    scores: Mapping[Aspect, int]
    """1 to 5; aspects without a score are absent."""
    reasons: Mapping[Aspect, str]
    problem: str = ""
    """Why aspects have no score."""


def parse_ratings(text: str) -> Ratings:
    """Read a judge's answer: JSON, also inside other text or with Python's quotes.

    >>> found = parse_ratings('{"clarity": {"reason": "ok", "score": "4"}}')
    >>> found.status.value, found.scores[Aspect.CLARITY]
    ('partial', 4)
    >>> parse_ratings("I cannot rate this.").status.value
    'failed'
    """
    best: Ratings | None = None
    for found in _objects(text):
        ratings = ratings_of(found)
        if best is None or len(ratings.scores) > len(best.scores):
            best = ratings
    if best is None:
        return Ratings(
            status=ParseStatus.FAILED, scores={}, reasons={}, problem="no JSON object was found"
        )
    return best


def _score(value: Any) -> int | None:
    """A whole score from 1 to 5; None for "N/A" and the like; anything else is an error."""
    if isinstance(value, str):
        text = value.strip().removesuffix("/5").strip()
        if text.upper() in ("", "N/A", "NA", "NONE", "NULL"):
            return None
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{value!r:.40} is not a score from 1 to 5") from None
    if value is None:
        return None
    if isinstance(value, bool) or value not in _SCORES:
        raise ValueError(f"{value!r:.40} is not a whole score from 1 to 5")
    return int(value)


def _reason(value: Any) -> str:
    """Whatever a judge gives in place of a text; it does not make its score unreadable."""
    return "" if value is None else str(value)


Reason = Annotated[str, BeforeValidator(_reason)]


class _Rating(BaseModel):
    model_config = ConfigDict(extra="ignore")
    reason: Reason = ""
    score: Annotated[int | None, BeforeValidator(_score)] = None


def ratings_of(found: Mapping[str, Any]) -> Ratings:
    """The ratings in an object with a rating, or a bare score, per aspect."""
    scores, reasons, problems = {}, {}, []
    named = {str(name).strip().lower(): value for name, value in found.items()}
    for aspect in Aspect:
        value = named.get(aspect)
        if value is None:
            problems.append(f"{aspect} is missing")
            continue
        try:
            rating = _Rating.model_validate(value if isinstance(value, dict) else {"score": value})
        except ValidationError as error:
            problems.append(f"{aspect}: {error.errors()[0]['msg']}")
            continue
        reasons[aspect] = as_unicode(rating.reason)
        if rating.score is None:
            problems.append(f"{aspect} does not apply")
        else:
            scores[aspect] = rating.score
    status = ParseStatus.PARTIAL if scores or reasons else ParseStatus.FAILED
    if len(scores) == len(Aspect):
        status = ParseStatus.COMPLETE
    return Ratings(status=status, scores=scores, reasons=reasons, problem="; ".join(problems))


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in a text, each from its opening brace on, also one level inside another."""
    decoder = json.JSONDecoder()
    for place in [match.start() for match in re.finditer(r"\{", text)][:50]:
        try:
            found, _ = decoder.raw_decode(text, place)
        except ValueError:
            found = _python_object(text[place:])
        if isinstance(found, dict):
            yield found


def _python_object(text: str) -> Any:
    """A dictionary with Python's quotes that ends with the text's last brace, or None."""
    try:
        return ast.literal_eval(text[: text.rindex("}") + 1])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
