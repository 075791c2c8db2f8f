"""Keyword presence by hand, and against a slow implementation of its definition."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itlim.trace.evidence.keywords import keyword_ngrams, keyword_presence, keywords

WORDS = st.sampled_from(
    "the river Nile nile isn't well-known U.S. 1968 $5.00 - ... of — flows, (north) it's e.g. "
    "cannot Cannot gonna WHO whom im Ill 5km km. naïve "
    "İnn inn \u212amkm ΟΔΟΣ éclair clair cannoté US$5 us$ rivers-river river/nile x.Nile "
    "niles".split()
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)


def test_stop_words_and_punctuation_are_not_keywords():
    text = "It was Joe Ruby and Ken Spears — in 1969 — who created Scooby-Doo!"
    expected = ["joe", "ruby", "ken", "spears", "1969", "created", "scooby", "doo"]
    assert keywords(text) == expected


def test_ngrams_join_keywords_across_stop_words():
    one, two, three = keyword_ngrams("the capital of France, the capital")
    assert one == {("capital",), ("france",)}
    assert two == {("capital", "france"), ("france", "capital")}
    assert three == {("capital", "france", "capital")}


def test_presence_by_hand():
    # 1-grams: salvador, dali, painted, clocks. 2-grams: 3. 3-grams: 2.
    span = "Salvador Dali painted clocks"
    found = keyword_presence(
        span,
        [
            "Salvador Dali painted clocks",
            # salvador, dali; "salvador dali"; no 3-gram.
            "A friend of Salvador Dali.",
            # All four words, "dali painted", no 3-gram.
            "Clocks: Dali painted. Salvador!",
            "Nothing at all",
        ],
    )
    expected = [1, (2 / 4 + 1 / 3 + 0) / 3, (4 / 4 + 1 / 3 + 0) / 3, 0]
    assert found is not None
    assert found.tolist() == pytest.approx(expected)


def test_a_short_text_is_averaged_over_the_ngrams_it_has():
    one = keyword_presence("the Nile", ["nile", "Nil"])
    two = keyword_presence("river Nile", ["The Nile is a river.", "the river Nile"])
    assert one is not None
    assert two is not None
    assert one.tolist() == [1, 0]
    assert two.tolist() == [0.5, 1]


def test_a_text_without_keywords_has_no_presence():
    assert keyword_presence("it was the —", ["it was the"]) is None
    assert keyword_presence("", ["x"]) is None


def test_no_instances_give_no_shares():
    found = keyword_presence("Nile", [])
    assert found is not None
    assert len(found) == 0


@cache
def tokenizer():
    from spacy.lang.en import English

    return English().tokenizer


def slowly(text: str) -> list[str]:
    tokens = tokenizer()(text)
    return [t.lower_ for t in tokens if not t.is_stop and any(c.isalnum() for c in t.text)]


@settings(deadline=None, max_examples=60)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_presence_equals_a_slow_implementation_of_the_definition(text, instances):
    def grams(words, n):
        return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}

    expected = []
    for instance in instances:
        shares = []
        for n in (1, 2, 3):
            mine, theirs = grams(slowly(text), n), grams(slowly(instance), n)
            if mine:
                shares.append(len([gram for gram in mine if gram in theirs]) / len(mine))
        expected.append(sum(shares) / len(shares) if shares else None)
    found = keyword_presence(text, instances)
    assert (found is None) == (expected[0] is None)
    if found is not None:
        assert found.tolist() == pytest.approx(expected)


@settings(deadline=None, max_examples=15)
@given(st.text("aB.'-’ \n\t\u00a0$", max_size=20))
def test_white_space_always_separates_tokens(text):
    assert keywords(text) == slowly(text)


@given(
    word=st.one_of(
        st.sampled_from(sorted(tokenizer().rules)),
        st.text(alphabet="abcXYZdt1é'-", min_size=1, max_size=6),
    ),
    before=st.text(alphabet="(['\"", max_size=2),
    mark=st.text(alphabet=",;:!?.)]\"'", max_size=3),
)
def test_the_shortcut_for_plain_words_equals_the_tokenizer(word, before, mark):
    chunk = before + word + mark
    assert any(map(str.isspace, chunk)) or keywords(chunk) == slowly(chunk)
