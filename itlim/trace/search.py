"""Search one index for exact words, for similar text, or by meaning.

No search scans the dataset: exact matches come from the suffix array, similar text from instances
that share rare words or copied runs with the query, and meaning from FAISS.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from itlim.errors import InputError
from itlim.records import InstanceField
from itlim.text.messages import plural
from itlim.text.words import words, words_with_offsets
from itlim.trace.evidence.alignment import best_match
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.copying import copy_evidence
from itlim.trace.index.index import TraceIndex
from itlim.trace.meaning.encoder import get_encoder
from itlim.trace.words.instances_file import row_of
from itlim.trace.words.lexical import FIELDS
from itlim.trace.words.matching import Matches, field_indices, match

ALIGNED = 100
"""Maximum number of instances that share rare words, and of those that share runs, to align."""
MAX_LOOKUPS = 200_000
"""Maximum number of occurrences of the query's words, rarest first, that are looked up to find
them; the rarest word is always looked up."""
NEARLY = 0.7
"""Minimum ratio of equal letters in a fuzzy match; two unrelated texts reach .65."""
_FIELDS = tuple(InstanceField)


class SearchMode(StrEnum):
    """What counts as a match."""

    EXACT = "exact"
    """The same normalized words in the same order."""
    FUZZY = "fuzzy"
    """Nearly the same letters; at least one rare word must be the same."""
    SEMANTIC = "semantic"
    """An instruction of similar meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One instance that a search found."""

    dataset: str
    instance_id: str
    row: int
    """1-based row of the dataset."""
    line: int
    """1-based line of the source file."""
    instruction: str
    input: str
    response: str
    extra: str
    """Further fields of the row, as JSON."""
    field: InstanceField
    """The field that contains the match."""
    start: int
    """First code point of the match in that field."""
    stop: int
    score: float
    unit: str
    """Unit of the score: `occurrences` in the instance, `ratio` of equal letters, or `cosine`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A match before its instance is read for display."""

    position: int
    field: int
    start: int
    stop: int
    score: float


def search(
    index: TraceIndex,
    text: str,
    mode: SearchMode,
    top: int = 20,
    *,
    max_lookups: int = MAX_LOOKUPS,
) -> list[Hit]:
    """Find the instances that match a text.

    Args:
        index: the index to search.
        text: the query.
        mode: what counts as a match.
        top: maximum number of hits.
        max_lookups: maximum number of word occurrences that a fuzzy search looks up.

    Returns:
        Best first, one hit per instance: its first match, or the field that matches best. Exact
        matches are ordered by the number of occurrences in the instance, then by position;
        `count_exact` gives their total number. Empty if nothing matches.

    Raises:
        InputError: the text contains no word, `top` is below 1, or the index has no embeddings.
        EncoderError: a semantic search, and the encoder cannot be loaded.
    """
    if top < 1:
        raise InputError(f"{plural(top, 'hit')} requested: expected at least 1.")
    if not words(text):
        raise InputError(f"{text!r:.80} contains no letter or digit. Enter a word to search for.")
    if mode is SearchMode.EXACT:
        return _exact(index, text, top)
    if mode is SearchMode.FUZZY:
        return _fuzzy(index, " ".join(text.split()), top, max_lookups)
    return _semantic(index, text, top)


def count_exact(index: TraceIndex, text: str) -> tuple[int, int]:
    """Number of instances that contain a text's words in order, and of all occurrences."""
    found = match(index.lexical, words(text))
    return len(found.rows(0, len(found.ids))), found.n_occurrences(0, len(found.ids))


def _exact(index: TraceIndex, text: str, top: int) -> list[Hit]:
    lexical = index.lexical
    wanted = words(text)
    offsets = np.sort(match(lexical, wanted).occurrences(0, len(wanted)))
    fields = field_indices(lexical, offsets)
    positions, firsts, counts = np.unique(fields // FIELDS, return_index=True, return_counts=True)
    hits = []
    for one in np.argsort(-counts, kind="stable")[:top].tolist():
        field = int(fields[firsts[one]])
        row = index.instance_at(int(positions[one]))
        _, starts, stops = words_with_offsets(row[_FIELDS[field % FIELDS]])
        first = int(offsets[firsts[one]] - lexical.fields[field])
        found = _Match(
            position=int(positions[one]),
            field=field % FIELDS,
            start=int(starts[first]),
            stop=int(stops[first + len(wanted) - 1]),
            score=float(counts[one]),
        )
        hits.append(_hit(index, found, "occurrences"))
    return hits


def _fuzzy(index: TraceIndex, text: str, top: int, max_lookups: int) -> list[Hit]:
    found = match(index.lexical, words(text))
    likely = np.union1d(_sharing_rare_words(found, max_lookups), _sharing_runs(found))
    matches = []
    for position in likely.tolist():
        row = index.instance_at(position)
        aligned = [
            (best_match(text, row[name]), field) for field, name in enumerate(_FIELDS) if row[name]
        ]
        # Of equal ratios the last field wins: models learn to write the response.
        ratios = [(one[2], field, *one[:2]) for one, field in aligned if one is not None]
        ratio, field, start, stop = max(ratios, default=(0.0, 0, 0, 0))
        if ratio >= NEARLY:
            matches.append(
                _Match(position=position, field=field, start=start, stop=stop, score=ratio)
            )
    matches.sort(key=lambda match: -match.score)
    return [_hit(index, match, "ratio") for match in matches[:top]]


def _semantic(index: TraceIndex, text: str, top: int) -> list[Hit]:
    vectors = index.instruction_vectors
    if vectors is None:
        raise InputError(
            f"The index of {index.dataset} contains words but no embeddings. Build it without "
            "--lexical-only, or search for exact words or similar text."
        )
    positions, cosines = vectors.nearest(get_encoder(index.encoder).vector(text), top)
    matches = [
        _Match(
            position=position,
            field=0,
            start=0,
            stop=len(index.instance_at(position)["instruction"]),
            score=cosine,
        )
        for position, cosine in zip(positions.tolist(), cosines.tolist(), strict=True)
    ]
    return [_hit(index, match, "cosine") for match in matches]


def _sharing_rare_words(found: Matches, max_lookups: int) -> npt.NDArray[np.int64]:
    """Positions of the instances that share the most words with the query, weighted by rarity."""
    lexical = found.index
    known = np.unique(found.ids[found.ids > 0])
    sizes = lexical.first_suffix[known + 1] - lexical.first_suffix[known]
    weights = np.zeros(len(lexical.groups))
    seen = 0
    for one in np.argsort(sizes, kind="stable").tolist():
        seen += int(sizes[one])
        if seen > max_lookups and seen > sizes[one]:
            break
        low, high = lexical.first_suffix[known[one] : known[one] + 2]
        positions = np.unique(lexical.entry_fields[low:high] // FIELDS)
        weights[positions] += np.log1p(len(weights) / lexical.frequency[known[one]])
    best = np.argsort(-weights, kind="stable")[:ALIGNED]
    return best[weights[best] > 0]


def _sharing_runs(found: Matches) -> npt.NDArray[np.int64]:
    """Positions of the instances from which the query may have been copied."""
    evidence = copy_evidence(found, corpus_surprisal([found]))
    return evidence.positions[np.argsort(-evidence.nats, kind="stable")[:ALIGNED]]


def _hit(index: TraceIndex, found: _Match, unit: str) -> Hit:
    row = index.instance_at(found.position)
    return Hit(
        dataset=row["dataset"],
        instance_id=row["instance_id"],
        row=row_of(row["instance_id"]),
        line=row["source_line"],
        instruction=row["instruction"],
        input=row["input"],
        response=row["response"],
        extra=row["extra"],
        field=_FIELDS[found.field],
        start=found.start,
        stop=found.stop,
        score=found.score,
        unit=unit,
    )
