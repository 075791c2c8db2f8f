from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_tables import telescope_table

from itlim.components.trace.overview import overview_payload
from itlim.components.trace.verbatim_marks import (
    VerbatimKind,
    character_range,
    suggested_spans,
    token_range,
    underlines,
    verbatim_kind,
)
from itlim.errors import InputError
from itlim.records import Thresholds, VerbatimSpan

TOKENS = telescope_table()
TEXT = "".join(TOKENS["text"].to_pylist())


def span(quote: str, **changes) -> VerbatimSpan:
    start = TEXT.index(quote)
    values = {
        "start": start,
        "stop": start + len(quote),
        "n_words": len(quote.split()),
        "nats": 12.0,
        "n_instances": 1,
        "rows": (4,),
        "dataset": "demo",
        "is_style": False,
        "in_instruction": False,
        "null_p": 0.01,
    }
    return VerbatimSpan(**(values | changes))


def covered(found) -> str:
    return "".join(TOKENS["text"].to_pylist()[found[0] : found[1]])


def test_tokens_of_a_quote_are_those_that_overlap_it():
    start = TEXT.index("Elena Marchetti")
    found = token_range(TOKENS, start, start + len("Elena Marchetti"))
    assert covered(found).strip() == "Elena Marchetti"
    assert token_range(TOKENS, len(TEXT), len(TEXT) + 4) is None


@given(st.data())
def test_characters_and_tokens_convert_without_loss(data):
    start = data.draw(st.integers(0, len(TEXT) - 2))
    stop = data.draw(st.integers(start + 1, len(TEXT) - 1))
    if not TEXT[start:stop].strip():
        return
    tokens = token_range(TOKENS, start, stop)
    first, last = character_range(TOKENS, *tokens)
    assert first <= start + len(TEXT[start:stop]) - len(TEXT[start:stop].lstrip())
    assert last >= start + len(TEXT[start:stop].rstrip())
    assert TEXT[first:last] == TEXT[first:last].strip()


def test_the_end_token_has_no_source():
    with pytest.raises(InputError, match="no text"):
        character_range(TOKENS, len(TOKENS) - 1, len(TOKENS))
    with pytest.raises(InputError, match="out of range"):
        character_range(TOKENS, 3, 10_000)


def test_the_instruction_takes_precedence_over_style():
    assert (
        verbatim_kind(span("Nobel Prize", is_style=True, in_instruction=True))
        is VerbatimKind.INSTRUCTION
    )
    assert verbatim_kind(span("Nobel Prize", is_style=True)) is VerbatimKind.STYLE
    assert verbatim_kind(span("Nobel Prize")) is VerbatimKind.CONTENT


def test_the_rarest_line_is_drawn_last():
    lines = underlines(TOKENS, [span("Nobel Prize", nats=20.0), span("2022 Nobel", nats=9.0)])
    assert [covered((line.start, line.stop)).strip() for line in lines] == [
        "2022 Nobel",
        "Nobel Prize",
    ]


def suggested(spans, tokens=TOKENS, thresholds=None):
    found = suggested_spans(spans, tokens, thresholds or Thresholds())
    return [TEXT[one.span.start : one.span.stop] for one in found]


def test_suggested_spans_are_shifted_beyond_chance_and_not_in_the_instruction():
    moved, unmoved = "Elena Marchetti", "Kourou, French Guiana"
    ranks = TOKENS["base_rank"].to_numpy()
    still = token_range(TOKENS, span(unmoved).start, span(unmoved).stop)
    above = int(ranks[still[0] : still[1]].max())
    limits = Thresholds(marginal_above=above, shifted_above=max(3, above))
    assert ranks[slice(*token_range(TOKENS, span(moved).start, span(moved).stop))].max() > above
    assert suggested([span(moved), span(unmoved)], thresholds=limits) == [moved]
    for changes in (
        {"null_p": 0.2},
        {"in_instruction": True},
        {"is_style": True},
    ):
        assert suggested([span(moved, **changes)]) == []


def test_an_unknown_shift_excludes_nothing():
    assert suggested([span("Kourou, French Guiana")], tokens=None) == ["Kourou, French Guiana"]


def test_the_rarest_of_overlapping_spans_represents_them():
    long = span("Dr. Elena Marchetti", nats=30.0)
    inside = span("Elena Marchetti, the", nats=14.0)
    apart = span("I hope this helps", nats=20.0)
    assert suggested([inside, apart, long]) == ["Dr. Elena Marchetti", "I hope this helps"]


def test_the_overview_counts_in_code_points_and_names_the_active_span():
    found = span("Elena Marchetti")
    packed = overview_payload(TEXT, [found], doc="d", tokens=TOKENS, active=(1, 5))
    assert packed["length"] == len(TEXT)
    assert packed["spans"][0]["range"] == [found.start, found.stop]
    assert packed["spans"][0]["height"] == pytest.approx(6 / 8)
    assert packed["active"] == [1, 5]
    assert {category for *_, category in packed["moved"]} == {"marginal", "shifted"}
    assert packed["suggested"][0]["quote"] == "Elena Marchetti"
    assert "rarer than chance (1 in 100)" in packed["suggested"][0]["rarity"]


def test_a_span_of_common_words_is_a_low_bar():
    low = overview_payload(TEXT, [span("the Sun", nats=0.5)], doc="d")["spans"][0]
    high = overview_payload(TEXT, [span("the Sun", nats=400)], doc="d")["spans"][0]
    assert low["height"] < 0.1
    assert high["height"] == 1


def test_an_unknown_chance_excludes_nothing():
    unknown = replace(span("Elena Marchetti"), null_p=None)
    (row,) = overview_payload(TEXT, [unknown], doc="d")["suggested"]
    assert "chance" not in row["rarity"]
