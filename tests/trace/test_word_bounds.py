"""Words of texts by the compiled loop, against the regular expression."""

from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.text.words import raw_words
from itlim.text.words import word_offsets as by_pattern
from itlim.trace.words.word_bounds import offsets_of_words, word_offsets

ASCII = st.text(st.sampled_from("aZ09' -.\n_\x00\x7f"), max_size=60)
TEXTS = ASCII | st.text(max_size=40) | st.text(st.sampled_from("é’'a 漢́"), max_size=30)


@settings(deadline=None, max_examples=500)
@given(TEXTS)
def test_the_compiled_loop_finds_the_words_of_the_pattern(text):
    for mine, expected in zip(word_offsets(text), by_pattern(text), strict=True):
        assert mine.dtype == expected.dtype
        assert mine.tolist() == expected.tolist()


def test_apostrophes_belong_to_a_word_only_between_letters():
    starts, stops = word_offsets("'it's' 'tis dogs' a''b'")
    assert [
        "'it's' 'tis dogs' a''b'"[start:stop] for start, stop in zip(starts, stops, strict=True)
    ] == ["it's", "tis", "dogs", "a", "b"]


@settings(deadline=None)
@given(TEXTS, st.sets(st.integers(0, 12)))
def test_chosen_words_are_those_of_the_text_that_it_has(text, places):
    known = raw_words(text)
    found = offsets_of_words(text, places)
    assert {place: text[start:stop] for place, (start, stop) in found.items()} == {
        place: known[place] for place in places if place < len(known)
    }
