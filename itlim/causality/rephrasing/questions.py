"""Transform English questions by rules: to a clause, to subject-first order, from a command."""

import re

from itlim.causality.rephrasing.verb_forms import PARTICIPLES, participle

ORDERS = frozenset(
    "add analyze answer arrange calculate categorize choose classify compare complete compose "
    "compute construct convert correct count create define describe design determine develop "
    "discuss edit estimate evaluate explain extract fill find generate give identify imagine list "
    "make match name outline paraphrase predict produce propose provide put rank recommend "
    "rephrase rewrite say select show solve sort state suggest summarize take tell translate turn "
    "use write".split()
)
"""Imperative verbs at the start of instructions."""
_QUESTION_WORD = r"(?i:who|whom|what|which|when|where|why|how)"
_ASKING = (
    r"(?i:(?:please )?(?:tell me|say|state|explain|describe|name|give|list)|"
    r"do you know|(?:can|could) you (?:please )?(?:tell me|say))"
)
_BE = r"(?:is|are|was|were)"
_PLACE = r"(?:in|from|on|at|of|for|by)"
_DONE = rf"(?:\w+ed|{'|'.join(sorted(PARTICIPLES))})"


def as_question(sentence: str) -> str | None:
    """The question that a sentence asks, with a lowercase start and no question mark.

    Returns None if the sentence is neither a question nor a command that asks one.

    >>> as_question("Tell me who wrote Emma."), as_question("Name the capital of Peru.")
    ('who wrote Emma', 'what is the capital of Peru')
    """
    body = sentence.strip().rstrip(" .!?")
    if re.fullmatch(rf"(?:(?i:{_PLACE}) )?{_QUESTION_WORD}\b.+", body):
        return body[:1].lower() + body[1:]
    asked = re.fullmatch(rf"{_ASKING},?:? (?P<clause>{_QUESTION_WORD}\b.+)", body)
    if asked:
        return _direct(asked["clause"])
    noun = re.fullmatch(r"(?i:(?:please )?(?:name|state|tell me)) (?P<noun>(?:the|a|an) .+)", body)
    return f"what is {noun['noun']}" if noun else None


def indirect(question: str) -> str | None:
    """A question as a clause after "tell me"; None if no pattern matches.

    >>> indirect("what is the capital of Peru"), indirect("where is the bell located")
    ('what the capital of Peru is', 'where the bell is located')
    >>> indirect("which country is Ararat in"), indirect("who wrote Emma")
    ('which country Ararat is in', 'who wrote Emma')
    """
    if match := _passive(question):
        return f"{match['asked']} {match['noun']} {match['be']} {match['done']}"
    if match := _placed(question):
        return f"{match['asked']} {match['noun']} {match['be']}{match['at'] or ''}"
    if match := re.fullmatch(
        r"(how|what|when|where) (?:do|can|should) (?:I|you|we) (.+)", question
    ):
        return f"{match[1]} to {match[2]}"
    # A question about the subject has the word order of a statement.
    is_subject = re.match(rf"(?:who|which \w+|what \w+) (?!{_BE}\b|do|can|could|will)\w+", question)
    return question if is_subject else None


def subject_first(question: str) -> str | None:
    """The question with its subject first, as an echo question; None if no pattern matches.

    >>> subject_first("who wrote Emma"), subject_first("what is the capital of Peru")
    ('Emma was written by whom?', 'The capital of Peru is what?')
    """
    if match := _passive(question):
        last = "whom" if match["done"].endswith(" by") else match["asked"]
        return capitalized(f"{match['noun']} {match['be']} {match['done']} {last}?")
    if match := _placed(question):
        return capitalized(f"{match['noun']} {match['be']}{match['at'] or ''} {match['asked']}?")
    agent = re.fullmatch(r"who (\w+) (.+)", question)
    done = participle(agent[1]) if agent else None
    return capitalized(f"{agent[2]} was {done} by whom?") if agent and done else None


def capitalized(text: str) -> str:
    """The text with an uppercase first letter; other letters are unchanged."""
    return text[:1].upper() + text[1:]


def _passive(question: str) -> re.Match[str] | None:
    """Match questions such as "who was the book written by" or "where is the bell located"."""
    return re.fullmatch(
        rf"(?P<asked>{_QUESTION_WORD}) (?P<be>{_BE}) (?P<noun>.+) (?P<done>{_DONE}(?: by)?)",
        question,
    )


def _placed(question: str) -> re.Match[str] | None:
    """Match questions such as "what is the capital" or "in which city is the tower"."""
    return re.fullmatch(
        rf"(?P<asked>(?:who|what|where|when)|(?:{_PLACE} )?(?:which|what) \w+) (?P<be>{_BE}) "
        rf"(?P<noun>(?!\w+ing\b)(?:(?!\b{_DONE}\b).)+?)(?P<at> {_PLACE})?",
        question,
    )


def _direct(clause: str) -> str | None:
    """Inverse of `indirect`; None for a clause whose question would need "did" or "does"."""
    done = re.fullmatch(rf"(what|where|when|who|how) (.+?) ({_BE}) ({_DONE}(?: by)?)", clause)
    if done:
        return f"{done[1]} {done[3]} {done[2]} {done[4]}"
    copula = re.fullmatch(rf"(what|where|when|who) (.+) ({_BE})", clause)
    if copula:
        return f"{copula[1]} {copula[3]} {copula[2]}"
    return clause if clause.startswith("who ") else None
