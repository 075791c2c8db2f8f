"""The peers rank as their names say; on five instances the best one is seen by eye."""

import numpy as np
import pytest

from tests.benchmarks.trace_cases import Case
from tests.benchmarks.trace_material import Instance
from tests.benchmarks.trace_peers import Bm25, LongestNgram, PartialRatio, best_rows

RESPONSES = (
    "The cat sat on the mat near the door.",
    "A mosquito zapper hangs near the door of the house.",
    "Zapper",
    "Get a mosquito net and hang it near the bed.",
    "Nothing to see.",
)
INSTANCES = tuple(
    Instance(row=row, instruction=f"Question {row}?", input="", response=response)
    for row, response in enumerate(RESPONSES, start=1)
)


def case(quote):
    return Case(
        case_id="t",
        kind="clause",
        split="test",
        prompt_id=0,
        model="m",
        instruction="How?",
        response=f"Well, {quote}.",
        span_start=6,
        span_stop=6 + len(quote),
        quote=quote,
        copied=(quote,),
        source=2,
        truth=frozenset({2}),
        n_holders=1,
    )


def test_longest_ngram_prefers_the_longer_run():
    ranked = LongestNgram(INSTANCES).rank(case("a Mosquito zapper by the bed"), top=5)
    assert ranked[0] == 2, "three words in a row"
    assert ranked[1] == 4, "'a mosquito' and 'the bed'"
    assert set(ranked[2:]) == {1, 3}, "'the' and 'zapper'"
    assert 5 not in ranked


def test_bm25_prefers_rare_words():
    ranked = Bm25(INSTANCES).rank(case("the mosquito zapper"), top=5)
    assert ranked[0] in {2, 3}
    assert Bm25(INSTANCES).rank(case("unheard words"), top=5) == []


def test_partial_ratio_finds_a_misspelt_copy():
    ranked = PartialRatio(INSTANCES).rank(case("mosquitto zaper hangs near the"), top=2)
    assert ranked[0] == 2


def test_equal_scores_are_not_ranked_by_row():
    orders = best_rows(np.ones(50), top=50)
    assert sorted(orders) == list(range(1, 51))
    assert orders != sorted(orders)
    assert best_rows(np.array([0.0, 2.0, 1.0]), top=5) == [2, 3]


def test_a_case_whose_span_is_elsewhere_is_refused():
    with pytest.raises(ValueError, match="the span is not where"):
        Case(
            **{
                **{name: getattr(case("zapper"), name) for name in Case.__slots__},
                "span_start": 0,
            }
        )
