"""Sources named by simple methods that need no index."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from itlim.causality.cases import Case

TOP = 5
_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Split a text into casefolded words without punctuation.

    >>> words("Emma, by Jane Austen.")
    ['emma', 'by', 'jane', 'austen']
    """
    return _WORD.findall(text.casefold())


def longest_common_run(left: Sequence[str], right: Sequence[str]) -> int:
    """Number of words in the longest run that occurs in both.

    >>> longest_common_run(["by", "jane", "austen"], ["jane", "austen", "wrote"])
    2
    """
    best, previous = 0, [0] * (len(right) + 1)
    for word in left:
        current = [0] * (len(right) + 1)
        for column, other in enumerate(right, start=1):
            if word == other:
                current[column] = previous[column - 1] + 1
                best = max(best, current[column])
        previous = current
    return best


def baseline_candidates(cases: Sequence[Case], instances: pa.Table) -> list[str]:
    """Union of the first five candidates of three methods for every main case, by rank.

    The methods rank by (1) the longest run of words that span and response share, then their
    weighted overlap; (2) the weighted overlap of the answers; (3) the weighted overlap of the
    instructions within the question's category. The weight of a word is its inverse document
    frequency, log(N / n), among the responses.
    """
    rows = instances.select(["instance_id", "instruction", "response", "extra"]).to_pylist()
    ids = [row["instance_id"] for row in rows]
    responses = [words(row["response"]) for row in rows]
    instructions = [words(row["instruction"]) for row in rows]
    categories = [json.loads(row["extra"]).get("category") for row in rows]
    seen = Counter(word for response in responses for word in set(response))

    def overlap(left: Sequence[str], right: Sequence[str]) -> float:
        return sum(math.log(len(rows) / max(1, seen[word])) for word in {*left} & {*right})

    ranked: list[list[int]] = []
    for case in cases:
        if not case.is_main:
            continue
        span, answer, asked = map(words, (case.span_text, case.response, case.instruction))
        by_span = [(longest_common_run(span, one), overlap(span, one)) for one in responses]
        by_answer = [(overlap(answer, one), 0.0) for one in responses]
        by_question = [
            (overlap(asked, one) if category == case.category else -1.0, 0.0)
            for one, category in zip(instructions, categories, strict=True)
        ]
        for scores in (by_span, by_answer, by_question):
            # The sort is stable: ties keep the order of the dataset.
            ranked.append(sorted(range(len(rows)), key=scores.__getitem__, reverse=True)[:TOP])
    return list(dict.fromkeys(ids[order[rank]] for rank in range(TOP) for order in ranked))
