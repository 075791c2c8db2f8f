"""Fit what chance reaches in one index: spans and whole responses that owe it nothing."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from itlim.errors import CancelledError, DatasetError, InputError
from itlim.progress import Cancelled, Progress
from itlim.records.traces import OWN_RESPONSES
from itlim.settings import REFERENCE_RESPONSES
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.null import FEWEST, LENGTHS, Null, chance_statistic, sampled_stretches
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.evidence.stretches import rare_stretches
from itlim.trace.words.lexical import CANCELLED, LexicalIndex
from itlim.trace.words.matching import match

PER_LENGTH = 200
"""Spans of each length: p = .05 is then known to ± .03."""
KNOWN_SHARE = 0.6
"""Share of the reference's words that the dataset must know; below it, the reference is in
another language or field, and would call everything surprising."""
_OWN_SAMPLED = 400
"""Responses that are looked at where the reference does not serve."""

Pairs = Sequence[tuple[str, str]]


def reference_pairs(path: Path = REFERENCE_RESPONSES) -> list[tuple[str, str]]:
    """Instructions and responses that ship with itlim and owe no dataset anything.

    Args:
        path: JSON Lines with `instruction` and `response`.

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
    foreign: Pairs | None = None,
    source: str = "",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    per_length: int = PER_LENGTH,
    fewest: int = FEWEST,
) -> dict[str, Null]:
    """Nulls of the kinds `span` and `response`.

    Args:
        index: opened.
        own: gives instruction and response of the instance at a position.
        foreign: responses of models never tuned on the dataset, with their instructions;
            the reference that ships with itlim if not given.
        source: whose responses `foreign` are.
        progress: called with a fraction and a label.
        cancelled: asked before every span.
        per_length: spans of each length.
        fewest: scores of a length below which the length is left out.

    Returns:
        Fitted on `foreign`, or, where the dataset does not know its words, on the dataset's
        own responses against instances of other content, which is stricter.

    Raises:
        CancelledError: `cancelled` said so.
        InputError: too few responses.
    """
    given = foreign is not None
    pairs = foreign if foreign is not None else reference_pairs()
    if given or known_share(index, pairs) >= KNOWN_SHARE:
        texts, groups = pairs, np.full(len(pairs), -1)
        label = source or "reference responses of itlim"
    else:
        rng = np.random.default_rng(0)
        chosen = rng.permutation(len(index.groups))[:_OWN_SAMPLED]
        texts, groups = [own(int(place)) for place in chosen], index.groups[chosen]
        label = OWN_RESPONSES
    responses = [Response.of(*pair) for pair in texts]
    stretches = sampled_stretches([len(one.words) for one in responses], per_length, seed=0)
    scores = []
    for done, (text, first, length) in enumerate(stretches):
        if cancelled is not None and cancelled():
            raise CancelledError(CANCELLED)
        if progress is not None and done % 100 == 0:
            progress(done / len(stretches), "measuring chance")
        (found,) = span_evidence([index], responses[text], first, first + length)
        others = index.groups[found.positions] != groups[text]
        scores.append(
            chance_statistic(
                index, found.positions[others], found.nats[others], responses[text].instruction
            )
        )
    lengths = np.array([length for _, _, length in stretches])
    nulls = {"span": Null.fit(lengths, np.array(scores), source=label, fewest=fewest)}
    nulls |= _response_null(index, responses, groups, label, fewest)
    return nulls


def known_share(index: LexicalIndex, pairs: Pairs) -> float:
    """Share of the words of the pairs' responses that the dataset knows, in [0, 1]."""
    words = [word for _, response in pairs for word in Response.of("", response).words]
    return float(np.mean(index.ids(words) > 0))


def _response_null(
    index: LexicalIndex,
    responses: Sequence[Response],
    groups: np.ndarray,
    label: str,
    fewest: int,
) -> dict[str, Null]:
    """The rarest verbatim stretch of a whole response, by length; empty if responses are few.

    A response gives one score for each of `LENGTHS` it reaches: its first so many words.
    """
    lengths, scores = [], []
    for response, group in zip(responses, groups.tolist(), strict=True):
        for length in LENGTHS:
            if length < 20 or length > len(response.words):
                continue
            matches = match(index, list(response.words[:length]))
            found = rare_stretches(matches, corpus_surprisal([matches]))
            nats = [
                nats
                for start, stop, nats in found
                if (index.groups[matches.rows(start, stop)] != group).any()
            ]
            lengths.append(length)
            scores.append(max(nats, default=0.0))
    try:
        words = np.array(lengths, dtype=np.int64)
        null = Null.fit(words, np.array(scores), source=label, fewest=fewest)
    except InputError:
        return {}
    return {"response": null}
