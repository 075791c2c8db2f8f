"""Fit the chance baseline of one index on spans and whole responses that are unrelated to it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from itlim.errors import CancelledError, DatasetError, InputError
from itlim.progress import Cancelled, Progress
from itlim.records.traces import OWN_RESPONSES
from itlim.settings import REFERENCE_ANSWERS, REFERENCE_RESPONSES
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.null import (
    LENGTHS,
    MAX_ANSWER_WORDS,
    MIN_SCORES,
    RESPONSE_LENGTHS,
    Null,
    chance_statistic,
)
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.evidence.units import sample_units
from itlim.trace.words.lexical import CANCELLED
from itlim.trace.words.lexical_index import LexicalIndex
from itlim.trace.words.matching import match

PER_LENGTH = 400
"""Maximum number of spans per length; the standard error then keeps p = .05 within ± .02."""
KNOWN_SHARE = 0.6
"""Minimum share of the reference's words that the dataset must contain. Below it, the reference is
in another language or field, and its words would all be surprising."""
REFERENCE_FACTOR = 1.5
"""Factor of p for whole responses, if the null is fitted to the shipped reference. It has one
writer: without it, up to 8% of control responses of 50 to 80 words reach p < .05 (alpaca-eval)."""
_OWN_SAMPLED = 400
"""Number of the dataset's own responses that are sampled if the reference is not suitable."""

REFERENCE = "reference responses of itlim"
"""Name of a null distribution that was fitted to the responses that ship with itlim."""

Pairs = Sequence[tuple[str, str]]


def reference_pairs(path: Path = REFERENCE_RESPONSES) -> list[tuple[str, str]]:
    """Instructions and responses that ship with itlim and are unrelated to any dataset.

    Raises:
        DatasetError: the file is missing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror}. Restore data/reference."
        ) from error
    rows = [json.loads(line) for line in text.split("\n") if line]
    return [(row["instruction"], row["response"]) for row in rows]


def fit_nulls(
    index: LexicalIndex,
    own: Callable[[int], tuple[str, str]],
    *,
    controls: Pairs | None = None,
    source: str = "",
    per_length: int = PER_LENGTH,
    min_scores: int = MIN_SCORES,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Null]:
    """Fit the null distributions of spans, whole responses and short answers.

    Args:
        index: an open index.
        own: returns instruction and response of the instance at a position.
        controls: instructions and responses of models that were not tuned on the dataset;
            the reference that ships with itlim if not given.
        source: description of `controls`.
        per_length: maximum number of spans to sample of each length.
        min_scores: minimum number of scores per length; with fewer, no p-value is given.
        progress: called with a fraction in [0, 1] and a label.
        cancelled: polled before every span; True stops the fit.

    Returns:
        The kinds `span` and `response`, fitted to `controls`, and `answer`, fitted to short
        answers that ship with itlim. If they are not given and the dataset lacks the words of the
        reference: fitted to the dataset's own responses, each against instances of other content,
        which is stricter.

    Raises:
        CancelledError: `cancelled` returned True.
        InputError: too few responses.
    """
    pairs = controls if controls is not None else reference_pairs()
    if controls is not None or vocabulary_coverage(index, pairs) >= KNOWN_SHARE:
        texts, groups = pairs, np.full(len(pairs), -1)
        label = source or ("control answers" if controls is not None else REFERENCE)
    else:
        rng = np.random.default_rng(0)
        chosen = rng.permutation(len(index.groups))[:_OWN_SAMPLED]
        texts, groups = [own(int(position)) for position in chosen], index.groups[chosen]
        label = OWN_RESPONSES
    responses = [Response.of(*pair) for pair in texts]
    sampled = sample_units(
        responses,
        LENGTHS,
        per_length,
        seed=0,
        # Short, similar responses have few units of some lengths.
        at_least=per_length if label == OWN_RESPONSES else min_scores,
    )
    scores = []
    for done, unit in enumerate(sampled):
        if cancelled is not None and cancelled():
            raise CancelledError(CANCELLED)
        if progress is not None and done % 100 == 0:
            progress(done / len(sampled), "fitting the chance baseline")
        scores.append(
            _score(index, responses[unit.response], unit.first, unit.last, groups[unit.response])
        )
    lengths = np.array([unit.length for unit in sampled], dtype=np.int64)
    nulls = {"span": Null.fit(lengths, np.array(scores), source=label, min_scores=min_scores)}
    factor = REFERENCE_FACTOR if label == REFERENCE else 1.0
    nulls |= _response_null(index, responses, groups, label, min_scores, factor)
    return nulls | _answer_null(index, min_scores)


def _score(index: LexicalIndex, response: Response, first: int, last: int, group: int) -> float:
    """The chance statistic of a span over the instances of other content than `group`."""
    (found,) = span_evidence([index], response, first, last)
    others = index.groups[found.positions] != group
    return chance_statistic(
        index, found.positions[others], found.nats[others], response.instruction
    )


def _answer_null(index: LexicalIndex, min_scores: int) -> dict[str, Null]:
    """Null of right short answers to common questions, which many datasets contain.

    Empty if the dataset lacks the words of the questions.
    """
    pairs = reference_pairs(REFERENCE_ANSWERS)
    if vocabulary_coverage(index, pairs) < KNOWN_SHARE:
        return {}
    answers = [Response.of(*pair) for pair in pairs]
    scores = [_score(index, one, 0, len(one.words), -1) for one in answers]
    null = Null.fit(
        np.full(len(scores), MAX_ANSWER_WORDS),
        np.array(scores),
        source="right short answers to common questions",
        min_scores=min_scores,
    )
    return {"answer": null}


def vocabulary_coverage(index: LexicalIndex, pairs: Pairs) -> float:
    """Share of the words of the pairs' responses that the dataset contains, in [0, 1]."""
    words = [word for _, response in pairs for word in Response.of("", response).words]
    return float(np.mean(index.ids(words) > 0))


def _response_null(
    index: LexicalIndex,
    responses: Sequence[Response],
    groups: np.ndarray,
    label: str,
    min_scores: int,
    factor: float,
) -> dict[str, Null]:
    """Null of the rarest verbatim stretch of a response, by length; empty if responses are few.

    A response gives one score for each of `RESPONSE_LENGTHS` that it reaches: that of its first
    words.
    """
    lengths, scores = [], []
    for response, group in zip(responses, groups.tolist(), strict=True):
        whole = match(index, list(response.words))
        surprisal = corpus_surprisal([whole])
        for length in RESPONSE_LENGTHS:
            if length > len(response.words):
                break
            matches = whole.between(0, length)
            found = rare_stretches(matches, surprisal[:length])
            nats = [
                nats
                for start, stop, nats in found
                if (index.groups[matches.rows(start, stop)] != group).any()
            ]
            lengths.append(length)
            scores.append(max(nats, default=0.0))
    try:
        null = Null.fit(
            np.array(lengths, dtype=np.int64),
            np.array(scores),
            source=label,
            min_scores=min_scores,
            factor=factor,
        )
    except InputError:
        return {}
    return {"response": null}
