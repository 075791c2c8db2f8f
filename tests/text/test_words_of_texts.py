"""Words: examples, their offsets, and two patterns that must agree."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.text.words import normalize, raw_words, words, words_with_offsets

TEXTS = st.text("aeBs'’-_ .\u0301éß中っ9ing\u05d0\u05d1😀İ", max_size=24) | st.text(max_size=12)
ASCII = st.text(st.characters(max_codepoint=127), max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The well-known kings' CATS", ["the", "well", "known", "king", "cat"]),
        ("weren’t weren't", ["weren't", "weren't"]),
        ("'quoted' rock'n'roll o'", ["quot", "rock'n'roll", "o"]),
        ("Anna's Anna’s", ["anna", "anna"]),
        ("snake_case 3.14 a1b2", ["snake", "case", "3", "14", "a1b2"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("東京は3つ", ["東", "京", "は", "3", "つ"]),
        ("naïve na\u0308ve nai\u0308ve", ["naïve", "näve", "naïve"]),
        ("😀 – … ¿?", []),
        ("שלום, עולם", ["שלום", "עולם"]),
        ("", []),
    ],
)
def test_words_of_listed_texts(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("forms", "stem"),
    [
        ("city cities", "city"),
        ("plan plans planned planning", "plan"),
        ("make makes making", "make"),
        ("box boxes", "box"),
        ("glass glasses", "glass"),
        ("walk walks walked walking", "walk"),
        ("fill fills filled filling", "fill"),
        ("use uses", "use"),
        ("solve solves solved solving", "solve"),
        ("tie ties", "tie"),
    ],
)
def test_forms_of_a_word_have_the_same_stem(forms, stem):
    assert {normalize(form) for form in forms.split()} == {stem}


@pytest.mark.parametrize("word", ["need", "speed", "bus", "this", "string", "red", "as", "1990s"])
def test_letters_that_only_resemble_an_ending_are_kept(word):
    assert normalize(word) == word


def test_composed_and_decomposed_letters_are_one_word():
    assert words("Café") == words(unicodedata.normalize("NFD", "CAFÉ")) == ["café"]


@settings(deadline=None)
@given(ASCII)
def test_the_fast_ascii_pattern_agrees_with_the_general_one(text):
    # One character beyond ASCII, although no letter, selects the general pattern.
    assert raw_words(text) == raw_words(text + "…")


@settings(deadline=None)
@given(TEXTS)
def test_offsets_point_at_the_words(text):
    found, starts, stops = words_with_offsets(text)
    assert found == words(text) == [normalize(word) for word in raw_words(text)]
    assert starts.dtype == stops.dtype == "int64"
    places = list(zip(starts.tolist(), stops.tolist(), strict=True))
    assert [text[start:stop] for start, stop in places] == raw_words(text)
    ends = [0, *(stop for _, stop in places)]
    for end, (start, stop) in zip(ends, places, strict=False):
        assert end <= start < stop, "words do not overlap"
    # Every letter and digit is inside a word.
    covered = {place for start, stop in places for place in range(start, stop)}
    for place, letter in enumerate(text):
        assert (place in covered) or not letter.isalnum()


@settings(deadline=None)
@given(TEXTS)
def test_case_and_kind_of_apostrophe_do_not_matter(text):
    same = text.replace("’", "'")
    assert words(same) == words(text)
    if text.isascii():
        assert words(text.upper()) == words(text)
