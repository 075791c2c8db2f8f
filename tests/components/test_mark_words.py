import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.components.marking.word_ranges import word_ranges


def words(text: str) -> list[str]:
    return [text[start:stop] for start, stop in word_ranges(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \u00a0\r\n\t", []),
        ("It's 6.5 km, no?", ["It", "'", "s", "6", ".", "5", "km", ",", "no", "?"]),
        ("snake_case 1st", ["snake_case", "1st"]),
        ("cafe\u0301s e\u0301", ["cafe\u0301s", "e\u0301"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("مَرْحَبًا!", ["مَرْحَبًا", "!"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("👩‍👩‍👧🐶", ["👩‍👩‍👧", "🐶"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("❤️!", ["❤️", "!"]),
        ("$$x\u202ey", ["$", "$", "x", "\u202e", "y"]),
    ],
)
def test_words_are_those_that_a_reader_perceives(text, expected):
    assert words(text) == expected


@given(st.text())
def test_words_are_in_order_and_omit_only_white_space(text):
    ranges = word_ranges(text)
    at = 0
    for start, stop in ranges:
        assert at <= start < stop
        assert not text[at:start].strip()
        at = stop
    assert not text[at:].strip()
