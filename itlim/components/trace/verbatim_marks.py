"""Map verbatim spans of a response to its tokens, to show them together with the shift.

Offsets of verbatim spans are code points; the token view counts tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.components.tokens.payload import Underline
from itlim.errors import InputError
from itlim.records import Thresholds, VerbatimSpan
from itlim.records.traces import is_explained_by_chance
from itlim.schema import ShiftCategory
from itlim.text.messages import plural

TokenRange = tuple[int, int]


class VerbatimKind(StrEnum):
    """Why words of a response occur in the dataset; the order determines the line style."""

    CONTENT = "content"
    STYLE = "style"
    """A stock phrase: style alone explains it."""
    INSTRUCTION = "instruction"
    """The instruction also contains the words, so the model may have copied them from it."""


def verbatim_kind(span: VerbatimSpan) -> VerbatimKind:
    """Instruction or style if either explains the span, else content."""
    if span.in_instruction:
        return VerbatimKind.INSTRUCTION
    return VerbatimKind.STYLE if span.is_style else VerbatimKind.CONTENT


def token_range(tokens: pa.Table, start: int, stop: int) -> TokenRange | None:
    """The tokens that overlap code points [start, stop); None if there are none.

    Args:
        tokens: TOKEN_SHIFTS in order of position, or its char_start and char_stop.
        start: first code point.
        stop: one past the last.
    """
    starts, stops = _bounds(tokens)
    touched = np.flatnonzero((starts < stop) & (stops > start))
    return (int(touched[0]), int(touched[-1]) + 1) if len(touched) else None


def character_range(tokens: pa.Table, start: int, stop: int) -> TokenRange:
    """The code points of tokens [start, stop), without white space at either end.

    Raises:
        InputError: the tokens are out of range, or contain no text (such as end-of-sequence).
    """
    starts, stops = _bounds(tokens)
    text = "".join(tokens["text"].to_pylist())
    if not 0 <= start < stop <= len(starts):
        raise InputError(
            f"Tokens [{start}, {stop}) are out of range: this response has "
            f"{plural(len(starts), 'token')}. Select tokens of this response."
        )
    first, last = int(starts[start]), int(stops[start:stop].max())
    quote = text[first:last]
    if not quote.strip():
        raise InputError(
            "The selected tokens contain no text. Select words of the response, then press Enter."
        )
    return first + len(quote) - len(quote.lstrip()), last - len(quote) + len(quote.rstrip())


def underlines(tokens: pa.Table, spans: Sequence[VerbatimSpan]) -> list[Underline]:
    """One line below the tokens of each span; later lines cover earlier ones, so rarest last."""
    kinds = list(VerbatimKind)
    found = []
    for span in sorted(spans, key=lambda one: one.nats):
        covered = token_range(tokens, span.start, span.stop)
        if covered is not None:
            found.append(
                Underline(start=covered[0], stop=covered[1], kind=kinds.index(verbatim_kind(span)))
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedSpan:
    """A span that tuning shifted and that occurs in the dataset beyond chance."""

    span: VerbatimSpan
    n_tokens: int
    n_moved: int
    """Number of marginal and shifted tokens."""


def suggested_spans(
    spans: Sequence[VerbatimSpan], tokens: pa.Table | None, thresholds: Thresholds
) -> list[SuggestedSpan]:
    """Spans that are shifted or marginal, beyond chance and not in the instruction, lowest p first.

    Stock phrases are excluded, because style explains them. An unknown chance excludes nothing.

    Args:
        spans: verbatim spans of the whole response.
        tokens: its TOKEN_SHIFTS; None for a text that no model scored, whose unknown shift
            excludes nothing.
        thresholds: base ranks that bound the categories.
    """
    found: list[SuggestedSpan] = []
    for span in sorted(spans, key=_by_chance):
        if verbatim_kind(span) is not VerbatimKind.CONTENT or is_explained_by_chance(span.null_p):
            continue
        n_tokens, n_moved = _moved(tokens, span, thresholds)
        # Maximal spans overlap; one that is mostly inside a rarer one adds nothing.
        is_new = all(2 * _overlap(span, one.span) <= span.stop - span.start for one in found)
        if is_new and (tokens is None or n_moved):
            found.append(SuggestedSpan(span=span, n_tokens=n_tokens, n_moved=n_moved))
    return found


def _by_chance(span: VerbatimSpan) -> tuple[float, float, int]:
    """Order by p; without p, or if it is equal, the rarest first."""
    return (1.0 if span.null_p is None else span.null_p, -span.nats, span.start)


def _overlap(one: VerbatimSpan, other: VerbatimSpan) -> int:
    return max(0, min(one.stop, other.stop) - max(one.start, other.start))


def _moved(tokens: pa.Table | None, span: VerbatimSpan, limits: Thresholds) -> tuple[int, int]:
    covered = None if tokens is None else token_range(tokens, span.start, span.stop)
    if tokens is None or covered is None:
        return 0, 0
    ranks = tokens["base_rank"].to_numpy()[covered[0] : covered[1]]
    moved = sum(limits.category(int(rank)) is not ShiftCategory.UNSHIFTED for rank in ranks)
    return len(ranks), moved


def _bounds(tokens: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    return tokens["char_start"].to_numpy(), tokens["char_stop"].to_numpy()
