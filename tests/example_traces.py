"""Traces for tests without an index: a small naive matcher over the demo dataset's real rows.

It scores by unigram surprisal only, so its numbers are not a reference for the real ranking. Its
offsets are exact, which is what the page tests depend on.
"""

import json
import math
import re
from collections import Counter
from functools import cache

from itlim.records import (
    Candidate,
    CopiedRun,
    InstanceField,
    Level,
    Trace,
    VerbatimSpan,
    Weights,
)
from itlim.settings import DEMO_FOLDER

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
RESPONSE = "Toyota was founded by Tony and Maureen Wheeler. The company was started in 1947."
INSTRUCTION = "Tell me who founded Toyota."


@cache
def demo_rows() -> list[dict[str, str]]:
    lines = (DEMO_FOLDER / "it_dataset.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def surprisals() -> dict[str, float]:
    counts = Counter(word for row in demo_rows() for word in words_of(row["output"]))
    total = sum(counts.values()) + 1
    return {word: -math.log(count / total) for word, count in counts.items()}


def words_of(text: str) -> list[str]:
    return [match.group().casefold() for match in WORD.finditer(text)]


def placed(text: str) -> list[tuple[str, int, int]]:
    return [(match.group().casefold(), *match.span()) for match in WORD.finditer(text)]


def longest_runs(span: str, text: str) -> list[tuple[int, int, int, int]]:
    """Greedy maximal runs of at least one rare or two words: (span start, stop, start, stop)."""
    ours, theirs = placed(span), placed(text)
    found, at = [], 0
    while at < len(ours):
        best, where = 0, 0
        for start in range(len(theirs)):
            size = 0
            while (
                at + size < len(ours)
                and start + size < len(theirs)
                and ours[at + size][0] == theirs[start + size][0]
            ):
                size += 1
            if size > best:
                best, where = size, start
        if best >= 2:
            found.append(
                (ours[at][1], ours[at + best - 1][2], theirs[where][1], theirs[where + best - 1][2])
            )
        at += max(1, best)
    return found


def nats_of(text: str) -> float:
    return sum(surprisals().get(word, 9.0) for word in words_of(text))


def example_trace(
    response: str = RESPONSE,
    quote: str = "Tony and Maureen Wheeler",
    *,
    instruction: str = INSTRUCTION,
    null_p: float | None = 0.004,
    lexical_only: bool = False,
    top: int = 5,
    rows: list[dict[str, str]] | None = None,
    dataset: str = "demo",
    weights: Weights | None = None,
) -> Trace:
    """The candidates for a quote among the demo dataset's rows or the given rows."""
    start = response.index(quote)
    weights = weights or Weights()
    scored = []
    for number, row in enumerate(rows or demo_rows(), start=1):
        runs = tuple(
            CopiedRun(
                span_start=start + one[0],
                span_stop=start + one[1],
                field=InstanceField.RESPONSE,
                start=one[2],
                stop=one[3],
                nats=nats_of(quote[one[0] : one[1]]),
                n_instances=1,
            )
            for one in longest_runs(quote, row["output"])
        )
        if runs:
            scored.append((sum(run.nats for run in runs), number, row, runs))
    scored.sort(key=lambda one: (-one[0], one[1]))
    best = scored[0][0] if scored else 0.0
    candidates = tuple(
        Candidate(
            rank=rank,
            dataset=dataset,
            row=number,
            line=number,
            instance_id=f"{dataset}-{number}",
            instruction=row["instruction"],
            input=row.get("input", ""),
            response=row["output"],
            extra="{}",
            evidence_nats=nats,
            part="span",
            concept_cos=None if lexical_only else 0.6 / rank,
            coverage=0.8 / rank,
            topic_overlap=0.25 / rank,
            d1_similarity=None if lexical_only else 0.5 / rank,
            keyword_presence=1 / rank,
            fuzzy_ratio=0.9 / rank,
            score=nats
            + weights.topic * 0.25 / rank
            + weights.coverage * 0.8 / rank
            + (0 if lexical_only else weights.concept * 0.6 / rank),
            level=_level(null_p, best - nats),
            runs=runs,
        )
        for rank, (nats, number, row, runs) in enumerate(scored[:top], start=1)
    )
    return Trace(
        instruction=instruction,
        response=response,
        start=start,
        stop=start + len(quote),
        words=tuple(words_of(quote)),
        n_occurrences=sum(quote.casefold() in row["output"].casefold() for row in demo_rows()),
        null_p=null_p,
        n_equivalent=sum(best - nats <= 1 for nats, *_ in scored),
        entropy=0.2,
        candidates=candidates,
        weights=weights,
        lexical_only=lexical_only,
        background="the dataset's other instances",
    )


def _level(null_p: float | None, behind: float) -> Level:
    if null_p is None or null_p >= 0.05:
        return Level.WEAK
    return Level.STRONG if behind <= 1 else Level.POSSIBLE


def example_spans(response: str = RESPONSE) -> tuple[VerbatimSpan, ...]:
    """Verbatim spans of the featured response: content, style and instruction."""

    def span(quote: str, **changes: object) -> VerbatimSpan:
        start = response.index(quote)
        values: dict = {
            "start": start,
            "stop": start + len(quote),
            "n_words": len(words_of(quote)),
            "nats": nats_of(quote),
            "n_instances": 1,
            "rows": (87,),
            "dataset": "demo",
            "is_style": False,
            "in_instruction": False,
            "null_p": 0.004,
        }
        return VerbatimSpan(**(values | changes))

    return (
        span("was founded by Tony and Maureen Wheeler", nats=38.0),
        span("The company was started in", is_style=True, n_instances=24, null_p=0.6),
        span("Toyota", in_instruction=True, n_instances=2, null_p=0.3),
    )
