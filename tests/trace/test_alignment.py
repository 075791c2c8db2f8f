"""Fuzzy alignment: ratios equal rapidfuzz's, runs are whole words and outside exact runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from itlim.records import CopiedRun, InstanceField
from itlim.text.words import words_with_offsets
from itlim.trace.evidence.alignment import align
from itlim.trace.evidence.window import densest

RESPONSE = "It was painted by the colourful Salvadore Dali in 1931."
SOURCE = "The Persistence of Memory was painted by colorful Salvador Dali; it hangs in New York."


def run(span_start, span_stop, start, stop, field=InstanceField.RESPONSE) -> CopiedRun:
    return CopiedRun(
        span_start=span_start, span_stop=span_stop, field=field,
        start=start, stop=stop, nats=9.0, n_instances=1,
    )  # fmt: skip


def quotes(found, response, text):
    return [(response[r.span_start : r.span_stop], text[r.start : r.stop]) for r in found.runs]


def test_nearly_equal_words_are_aligned_on_both_sides():
    found = align(RESPONSE, 3, len(RESPONSE), SOURCE)
    assert quotes(found, RESPONSE, SOURCE) == [
        ("was painted by", "was painted by"),
        ("colourful Salvadore Dali", "colorful Salvador Dali"),
    ]
    assert all(r.is_fuzzy and r.nats == 0 and r.n_instances == 0 for r in found.runs)
    assert all(r.field is InstanceField.RESPONSE for r in found.runs)


def test_exact_runs_are_excluded_from_fuzzy_runs():
    start, place = RESPONSE.index("was"), SOURCE.index("was")
    exact = [run(start, start + 14, place, place + 14)]
    found = align(RESPONSE, 3, len(RESPONSE), SOURCE, exact=exact)
    assert quotes(found, RESPONSE, SOURCE) == [
        ("colourful Salvadore Dali", "colorful Salvador Dali")
    ]
    elsewhere = [run(start, start + 14, place, place + 14, InstanceField.INPUT)]
    assert len(align(RESPONSE, 3, len(RESPONSE), SOURCE, exact=elsewhere).runs) == 2


def test_the_ratio_is_that_of_the_best_window_whatever_the_case():
    assert align("see DALI'S Clock", 4, 16, "the soft dali's clock melts").ratio == 1
    # "abcd" on "abxd": 3 equal characters, 2 * 3 / 8.
    assert align("abcd", 0, 4, "--abxd--").ratio == pytest.approx(0.75)


def test_a_text_shorter_than_the_span_is_compared_whole():
    # Not rapidfuzz's partial ratio, which would slide "Paris" over the span and give 1.
    span = "The capital of France is Paris"
    assert align(span, 0, len(span), "Paris").ratio == pytest.approx(2 * 5 / (len(span) + 5))


@pytest.mark.parametrize(("span", "text"), [("   ", "a text"), ("word", ""), ("", "text")])
def test_empty_text_has_a_ratio_of_zero(span, text):
    found = align(span, 0, len(span), text)
    assert (found.ratio, found.runs) == (0.0, ())


def test_unrelated_texts_show_no_alignment():
    found = align("Salvador Dali painted it", 0, 24, "Boil the rice for ten minutes, then drain.")
    assert 0 < found.ratio < 0.6
    assert found.runs == ()


def test_offsets_survive_letters_whose_lower_case_is_longer():
    text = "İİİ wrote: Salvadore Dali painted"
    response = "İ said: Salvador Dali painted"
    found = align(response, 8, len(response), text)
    assert quotes(found, response, text) == [("Salvador Dali painted", "Salvadore Dali painted")]


LONG = (
    "The Golden Gate Bridge spans the strait between San Francisco Bay and the Pacific Ocean, and "
    "its towers of steel were painted in a colour called international orange for the fog."
)


def test_a_long_span_is_aligned_inside_a_longer_text():
    changed = LONG.replace("colour", "color").replace("towers of steel", "steel towers")
    filler = "Cook the rice and wait. " * 80
    text = filler + changed + filler
    found = align("x " + LONG, 2, 2 + len(LONG), text)
    assert found.ratio == pytest.approx(fuzz.ratio(LONG.lower(), changed.lower()) / 100, abs=0.02)
    for run_ in found.runs:
        assert len(filler) <= run_.start < run_.stop <= len(filler) + len(changed)
    pairs = quotes(found, "x " + LONG, text)
    assert any("a colour called" in mine and "a color called" in theirs for mine, theirs in pairs)
    assert all("rice" not in theirs for _, theirs in pairs)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=7),
    st.integers(1, 60),
)
def test_the_densest_stretch_is_the_best_of_all(gaps_and_lengths, span_length):
    equal, place = [], 0
    for gap, length in gaps_and_lengths:
        equal.append((place + gap, place + gap + length))
        place += gap + length

    def ratio(start, stop):
        inside = sum(b - a for a, b in equal if start <= a and b <= stop)
        return 2 * inside / (span_length + stop - start)

    every = [ratio(a, d) for i, (a, _) in enumerate(equal) for _, d in equal[i:]]
    assert ratio(*densest(equal, span_length)) == pytest.approx(max(every))


def test_an_exact_run_anchors_the_window_of_a_long_span():
    # Every word also occurs earlier; only the run determines the window.
    span = " ".join(["ring", "the", "bell"] * 10)
    text = "the bell ring " * 40 + "zzz " * 60 + span
    place = len(text) - len(span)
    found = align(span, 0, len(span), text, exact=[run(0, 13, place, place + 13)])
    assert found.ratio == 1


def test_a_long_span_without_a_common_word_is_not_compared():
    found = align(LONG, 0, len(LONG), "qqqq " * 200)
    assert (found.ratio, found.runs) == (0.0, ())


WORDS = st.lists(
    st.sampled_from("Dali dali painted a the Memory memories 1931 by, — naïve".split()), max_size=12
).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(WORDS, WORDS, st.integers(0, 5))
def test_short_spans_score_as_rapidfuzz_and_aligned_runs_are_whole_words(span, text, before):
    response = "." * before + span
    found = align(response, before, len(response), text)
    assert 0 <= found.ratio <= 1
    if span.strip() and len(span) <= 64 and len(text) > len(span):
        assert found.ratio == pytest.approx(fuzz.partial_ratio(span.lower(), text.lower()) / 100)
    _, span_starts, span_stops = words_with_offsets(response)
    _, starts, stops = words_with_offsets(text)
    last = (-1, -1)
    for stretch in found.runs:
        assert stretch.span_start in span_starts
        assert stretch.span_stop in span_stops
        assert stretch.start in starts
        assert stretch.stop in stops
        assert stretch.span_start >= before
        assert stretch.span_start >= last[0]
        assert stretch.start >= last[1]
        last = (stretch.span_stop, stretch.stop)
