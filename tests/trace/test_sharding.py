"""Datasets searched apart give the phrase of all together, to the last bit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traced_datasets import built, filler, row

from itlim.trace import default_phrase
from itlim.trace.sharding import count_words, first_phrase, phrases_of_dataset

COPIED = "The kovalamo temilo keeps seventeen lanterns by the old harbor wall."
STOCK = "As far as I can tell, there is no simple answer to this."
FIRST = [*filler(80, seed=1), row(COPIED, instruction="What is kept at the harbor?")]
SECOND = [
    *filler(90, seed=2, words=9),
    row("It keeps seventeen lanterns.", instruction="How many?"),
    *(row(f"{STOCK} Case {number} is open.") for number in range(40)),
]
THIRD = [*filler(70, seed=3, words=20), row(f"I saw it myself. {COPIED}", instruction="Well?")]
WORDS = [*COPIED.rstrip(".").split(), *STOCK.split(), "luba", "mato", "zebra", "Ann", "1999", "."]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    """Three datasets: a copied sentence, a part of it among stock phrases, and the sentence again;
    then the rows of the first two as one dataset."""
    folder = tmp_path_factory.mktemp("shards")
    named = {"one": FIRST, "two": SECOND, "three": THIRD, "both": [*FIRST, *SECOND]}
    return {
        name: built(folder / name, rows, name, with_chance=name != "both")
        for name, rows in named.items()
    }


def sharded(indexes, instruction, response, surprisal=None):
    """The two rounds, each dataset on its own."""
    first, *others = [count_words(index, instruction, response) for index in indexes]
    counts = sum(others, first)
    found = [
        phrases_of_dataset(index, instruction, response, counts, len(indexes)) for index in indexes
    ]
    return first_phrase(found, instruction, response, surprisal)


def test_the_words_of_two_datasets_are_counted_as_those_of_one_with_all_rows(indexes):
    response = f"{COPIED} {STOCK} It keeps seventeen lanterns."
    one, two, both = (count_words(indexes[name], "", response) for name in ("one", "two", "both"))
    added = one + two
    assert added.total == both.total
    np.testing.assert_array_equal(added.phrases, both.phrases)
    # "as far" begins each of the 40 stock phrases; "seventeen lanterns" occurs once in each.
    words = [word.strip(".,").lower() for word in response.split()]
    pairs = dict(zip(pairwise(words), added.phrases[1, 1:], strict=True))
    assert pairs["as", "far"] == 40
    assert pairs["seventeen", "lanterns"] == 2


@pytest.mark.parametrize("names", [("one",), ("one", "two"), ("three", "two", "one")])
@pytest.mark.parametrize(
    "response",
    [
        COPIED,
        f"I was told this. {COPIED} {STOCK}",
        "It keeps seventeen lanterns. Nobody counted them twice.",
        STOCK,
        "Yes.",
        "…",
    ],
)
def test_the_sharded_phrase_is_that_of_the_whole(indexes, names, response):
    chosen = [indexes[name] for name in names]
    whole = default_phrase(chosen, instruction="What is kept there?", response=response)
    assert sharded(chosen, "What is kept there?", response) == whole


@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_any_response_has_the_same_phrase_sharded_and_whole(indexes, response, instruction, seed):
    chosen = [indexes[name] for name in ("one", "two", "three")]
    n_words = len(count_words(chosen[0], instruction, response).phrases[0])
    surprisal = np.random.default_rng(seed).exponential(2.0, n_words)
    whole = default_phrase(
        chosen, instruction=instruction, response=response, base_surprisal=surprisal
    )
    assert sharded(chosen, instruction, response, surprisal) == whole


def test_without_the_counts_of_the_other_dataset_a_stock_phrase_would_count_too_much(indexes):
    """Why the first round is needed: merging what each dataset finds alone is not exact."""
    chosen, response = [indexes["two"], indexes["one"]], f"{STOCK} {COPIED}"
    own = [
        phrases_of_dataset(index, "", response, count_words(index, "", response), 2)
        for index in chosen
    ]
    first, second = (count_words(index, "", response) for index in chosen)
    added = first + second
    right = [phrases_of_dataset(index, "", response, added, 2) for index in chosen]
    assert [one.units for one in own] != [one.units for one in right]
