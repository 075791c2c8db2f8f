"""Free search over one index: by words as they are, by nearly equal text, or by meaning.

Nothing is scanned: exact words come from the suffix array, nearly equal text from instances
that share rare words or copied runs with what is searched, and meaning from FAISS.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from itlim.errors import InputError
from itlim.records import InstanceField
from itlim.text.words import words, words_with_offsets
from itlim.trace.evidence.alignment import best_place
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.copying import copy_evidence
from itlim.trace.index.index import TraceIndex
from itlim.trace.meaning.encoder import encoder_named
from itlim.trace.words.instances_file import row_of
from itlim.trace.words.lexical import FIELDS
from itlim.trace.words.matching import Matches, field_indices, match

ALIGNED = 100
"""Instances that share rare words, and as many that share runs, on which the text is laid."""
LOOKED_UP = 200_000
"""Occurrences of the text's words, rarest first, that are looked up to find them; the rarest
word is looked up however often it stands."""
NEARLY = 0.7
"""Ratio of equal letters from which a text is nearly the same; two strangers reach .65."""
_FIELDS = tuple(InstanceField)


class SearchMode(StrEnum):
    """What counts as found."""

    EXACT = "exact"
    """The same normalised words in the same order."""
    FUZZY = "fuzzy"
    """Nearly the same letters; one rare word at least must be the same."""
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
    """Where the match stands."""
    start: int
    """First code point of the match in that field."""
    stop: int
    score: float
    unit: str
    """Of the score: `occurrences` in the instance, `ratio` of equal letters, `cosine`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
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
    looked_up: int = LOOKED_UP,
) -> list[Hit]:
    """Find instances by a text.

    Args:
        index: where to look.
        text: what to look for.
        mode: what counts as found.
        top: instances to return.
        looked_up: fuzzy search looks up at most this many occurrences of the text's words.

    Returns:
        Best first, one hit an instance: its first match, or the field that fits best. Exact:
        those that hold the words most often, then in the dataset's order; `count_exact` tells
        how many there are in all. Empty if nothing is found.

    Raises:
        InputError: the text holds no word, `top` is below 1, or the index knows no meaning.
        EncoderError: a semantic search, and the encoder cannot be loaded.
    """
    if top < 1:
        raise InputError(f"{top} hits were asked for: expected at least 1.")
    if not words(text):
        raise InputError(f"{text!r:.80} holds no letter or digit: type a word to search for.")
    if mode is SearchMode.EXACT:
        return _exact(index, text, top)
    if mode is SearchMode.FUZZY:
        return _fuzzy(index, " ".join(text.split()), top, looked_up)
    return _semantic(index, text, top)


def count_exact(index: TraceIndex, text: str) -> tuple[int, int]:
    """How many instances hold a text's words in their order, and how often in all."""
    found = match(index.lexical, words(text))
    return len(found.rows(0, len(found.ids))), found.n_occurrences(0, len(found.ids))


def _exact(index: TraceIndex, text: str, top: int) -> list[Hit]:
    lexical = index.lexical
    wanted = words(text)
    places = np.sort(match(lexical, wanted).occurrences(0, len(wanted)))
    fields = field_indices(lexical, places)
    positions, firsts, counts = np.unique(fields // FIELDS, return_index=True, return_counts=True)
    hits = []
    for one in np.argsort(-counts, kind="stable")[:top].tolist():
        field = int(fields[firsts[one]])
        row = index.instance_at(int(positions[one]))
        _, starts, stops = words_with_offsets(row[_FIELDS[field % FIELDS]])
        first = int(places[firsts[one]] - lexical.fields[field])
        place = _Place(
            position=int(positions[one]),
            field=field % FIELDS,
            start=int(starts[first]),
            stop=int(stops[first + len(wanted) - 1]),
            score=float(counts[one]),
        )
        hits.append(_hit(index, place, "occurrences"))
    return hits


def _fuzzy(index: TraceIndex, text: str, top: int, looked_up: int) -> list[Hit]:
    found = match(index.lexical, words(text))
    likely = np.union1d(_sharing_rare_words(found, looked_up), _sharing_runs(found))
    places = []
    for position in likely.tolist():
        row = index.instance_at(position)
        laid = [
            (best_place(text, row[name]), field) for field, name in enumerate(_FIELDS) if row[name]
        ]
        # Of equal ratios the last field wins: what models learn to write is the response.
        fitting = [(one[2], field, *one[:2]) for one, field in laid if one is not None]
        ratio, field, start, stop = max(fitting, default=(0.0, 0, 0, 0))
        if ratio >= NEARLY:
            places.append(
                _Place(position=position, field=field, start=start, stop=stop, score=ratio)
            )
    places.sort(key=lambda place: -place.score)
    return [_hit(index, place, "ratio") for place in places[:top]]


def _semantic(index: TraceIndex, text: str, top: int) -> list[Hit]:
    vectors = index.instruction_vectors
    if vectors is None:
        raise InputError(
            f"The index of {index.dataset} holds words only and knows no meaning: build it "
            "without --lexical-only, or search for exact or nearly equal words."
        )
    positions, cosines = vectors.nearest(encoder_named(index.encoder).vector(text), top)
    places = [
        _Place(
            position=position,
            field=0,
            start=0,
            stop=len(index.instance_at(position)["instruction"]),
            score=cosine,
        )
        for position, cosine in zip(positions.tolist(), cosines.tolist(), strict=True)
    ]
    return [_hit(index, place, "cosine") for place in places]


def _sharing_rare_words(found: Matches, looked_up: int) -> npt.NDArray[np.int64]:
    """Positions of the instances that hold most of the text's words, weighted by rarity."""
    lexical = found.index
    known = np.unique(found.ids[found.ids > 0])
    sizes = lexical.first_suffix[known + 1] - lexical.first_suffix[known]
    weights = np.zeros(len(lexical.groups))
    seen = 0
    for one in np.argsort(sizes, kind="stable").tolist():
        seen += int(sizes[one])
        if seen > looked_up and seen > sizes[one]:
            break
        low, high = lexical.first_suffix[known[one] : known[one] + 2]
        holders = np.unique(field_indices(lexical, lexical.suffixes[low:high]) // FIELDS)
        weights[holders] += np.log1p(len(weights) / lexical.frequency[known[one]])
    best = np.argsort(-weights, kind="stable")[:ALIGNED]
    return best[weights[best] > 0]


def _sharing_runs(found: Matches) -> npt.NDArray[np.int64]:
    """Positions of the instances that the text may have been copied from."""
    evidence = copy_evidence(found, corpus_surprisal([found]))
    return evidence.positions[np.argsort(-evidence.nats, kind="stable")[:ALIGNED]]


def _hit(index: TraceIndex, place: _Place, unit: str) -> Hit:
    row = index.instance_at(place.position)
    return Hit(
        dataset=row["dataset"],
        instance_id=row["instance_id"],
        row=row_of(row["instance_id"]),
        line=row["source_line"],
        instruction=row["instruction"],
        input=row["input"],
        response=row["response"],
        extra=row["extra"],
        field=_FIELDS[place.field],
        start=place.start,
        stop=place.stop,
        score=place.score,
        unit=unit,
    )
