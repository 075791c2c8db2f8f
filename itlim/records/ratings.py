"""What a judging model says about stored answers: tables, aspects, and what became of a reply."""

from enum import StrEnum

import pyarrow as pa


class Aspect(StrEnum):
    """What is rated."""

    HELPFULNESS = "helpfulness"
    CLARITY = "clarity"
    FACTUALITY = "factuality"
    DEPTH = "depth"
    ENGAGEMENT = "engagement"


class ParseStatus(StrEnum):
    """What became of a judge's answer. A failure is never a score."""

    COMPLETE = "complete"
    """All aspects have a score from 1 to 5."""
    PARTIAL = "partial"
    """The judge left out aspects, or said that they do not apply."""
    FAILED = "failed"
    """The answer contains no ratings."""


class Preference(StrEnum):
    """A judge's verdict on two responses."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"


_TIME = pa.timestamp("us", tz="UTC")


def _text(name: str) -> pa.Field:
    return pa.field(name, pa.string(), nullable=False)


JUDGE_RATINGS = pa.schema(
    [
        _text("run_id"),
        _text("pair"),
        _text("instruction"),
        pa.field("task", pa.string()),
        _text("judge"),
        _text("prompt_version"),
        _text("status"),
        _text("problem"),
        pa.field("n_asked", pa.int32(), nullable=False),
        pa.field("raw", pa.string()),
        *(pa.field(str(aspect), pa.int8()) for aspect in Aspect),
        *(pa.field(f"{aspect}_reason", pa.string()) for aspect in Aspect),
        pa.field("rated_at", _TIME),
    ]
)
"""One row per answer, judge and prompt. `instruction` includes the input. A null score was not
given; `raw` is null if no reply arrived, `rated_at` if the file that was imported does not say."""

JUDGE_PREFERENCES = pa.schema(
    [
        _text("run_first"),
        _text("run_second"),
        _text("pair_first"),
        _text("pair_second"),
        _text("instruction"),
        _text("judge"),
        _text("prompt_version"),
        pa.field("preference", pa.string()),
        pa.field("in_order", pa.string()),
        pa.field("reversed", pa.string()),
        pa.field("raw_in_order", pa.string()),
        pa.field("raw_reversed", pa.string()),
        _text("problem"),
        pa.field("rated_at", _TIME),
    ]
)
"""One row per pair of answers, judge and prompt. `preference` is a tie if both orders disagree, and
null if one of them could not be read. `reversed` is translated back to first and second."""

JUDGE_QUOTES = pa.schema(
    [
        _text("run_id"),
        _text("judge"),
        _text("prompt_version"),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("stop", pa.int32(), nullable=False),
        _text("quote"),
        _text("reason"),
        pa.field("rated_at", _TIME),
    ]
)
"""Words of an answer that a judge calls wrong, in code points. They are suggestions, not marks."""
