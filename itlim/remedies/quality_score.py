"""A score of an instance from 0 to 5 without a model: the form of a response, not its truth.

Five parts from 0 to 1 are added:

- `complete`: 1 if the response ends like a text (a mark of punctuation, a bracket, code, or the
  last item of a list) or has at most 12 words, else 0: longer responses without an end are cut off.
- `relevant`: the share of the instruction's content words (other than common words, stemmed) that
  the response or the input contains, divided by .5 and at most 1; 1 if there are none.
- `informative`: the number of distinct content words of the response that are not in the
  instruction, divided by 5 and at most 1.
- `varied`: the share of distinct runs of three words among all of them; 1 for up to three words.
- `clean`: 0 if a text contains leftovers (U+FFFD, `[2]`, HTML tags, "noinput", a placeholder such
  as `[Name]`) or the response refuses ("As an AI", "I cannot"), else 1.

AlpaGasus (Chen et al. 2023) asks a model to rate accuracy; this score is what can be had without a
model, and it does not agree with such ratings. Rows that AlpaGasus kept score higher than others
with a probability (AUC) of .53 in Dolly (3,042 of 15,015 rows) and of .46 in Alpaca (5,305 of
52,002), where .5 is chance: `python -m tests.benchmarks.bench_form_score`.
"""

import re
from dataclasses import astuple, dataclass

from itlim.text.words import words

SCORE_VERSION = "itlim-form-score/1"
COMMON_WORDS = frozenset(
    words(
        "a about after all also am an and any are as at be because been but by can could did do "
        "does each few for from get give had has have he her here his how i if in into is it its "
        "list make may me might more most must my name no not of on one or other our out over "
        "please she should so some such than that the their them then there these they this those "
        "to too up us use very was we were what when where which while who whom whose why will "
        "with would write you your tell explain describe following"
    )
)
"""Words, stemmed, that say nothing about what a text is about."""
_SHORT = 12
_END = re.compile(r"[.!?…。！？:;)\]}\"'”’»`*]\s*$")
_LAST_ITEM = re.compile(r"(?:^|\n)\s*(?:[-*•]|\d{1,3}[.)])\s*[^\n]*$")
_LEFTOVERS = re.compile(
    r"\ufffd|\[\d{1,3}\]|</?(?:p|br|div|span|b|i|a|li|ul)\b[^>\n]*>|<?\bno ?input\b>?"
    r"|\[(?:your |insert |the )?(?:name|date|title|company|address)\]",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"^\W*(?:as an ai|i(?:'m| am) sorry|sorry|i can(?:not|'t)|i(?:'m| am) (?:unable|not able))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormScore:
    """The parts of the score, each from 0 to 1."""

    complete: float
    relevant: float
    informative: float
    varied: float
    clean: float

    @property
    def total(self) -> float:
        """Their sum, from 0 to 5, rounded to four digits."""
        return round(sum(astuple(self)), 4)


def form_score(instruction: str, input: str, response: str) -> FormScore:
    """The score of one instance.

    >>> form_score("Who wrote Emma?", "", "Emma was written by the novelist Jane Austen.")
    FormScore(complete=1.0, relevant=1.0, informative=0.8, varied=1.0, clean=1.0)
    """
    said = words(response)
    asked = set(words(instruction)) - COMMON_WORDS
    content = set(said) - COMMON_WORDS
    found = asked & (content | set(words(input)))
    runs = list(zip(said, said[1:], said[2:], strict=False))
    is_complete = len(said) <= _SHORT or _END.search(response) or _LAST_ITEM.search(response)
    texts = "\n".join((instruction, input, response))
    is_clean = not _LEFTOVERS.search(texts) and not _REFUSES.search(response)
    return FormScore(
        complete=float(bool(is_complete)),
        relevant=min(1.0, len(found) / len(asked) / 0.5) if asked else 1.0,
        informative=min(1.0, len(content - asked) / 5),
        varied=len(set(runs)) / len(runs) if runs else 1.0,
        clean=float(is_clean),
    )
