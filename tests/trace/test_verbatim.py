"""Verbatim stretches: all maximal ones, only rare ones kept, style distinguished from content."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traced_datasets import built, filler, row, with_nulls
from word_corpora import CORPORA, QUERIES, in_memory, occurrences

from itlim.errors import InputError
from itlim.trace import verbatim as module
from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.null import Null
from itlim.trace.evidence.stretches import maximal_stretches, rare_stretches
from itlim.trace.verbatim import is_style, verbatim_spans
from itlim.trace.words.matching import match

STARTER = "Sure, here is"
STOCK = "on the other hand"
ROWS = [
    *filler(120),
    row("In 1973 Tony and Maureen Wheeler founded it.", source="atlas"),
    row("It was Tony and Maureen Wheeler."),
    None,
    row("It was Tony and Maureen Wheeler."),
    *[row(f"{STARTER} what number{number} says") for number in range(module.STARTERS)],
    *[row(f"number{number} {STOCK}, number{number}") for number in range(module.STOCK)],
    row("Ōsaka😀 castle\u0301 keep lies there"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return built(tmp_path_factory.mktemp("verbatim"), ROWS)


def spans_of(index, response: str, instruction: str = "Who?"):
    return verbatim_spans([index], instruction=instruction, response=response)


def quotes(spans, response: str) -> list[str]:
    return [response[span.start : span.stop] for span in spans]


@settings(deadline=None, max_examples=80)
@given(CORPORA, QUERIES)
def test_stretches_are_all_maximal_runs_that_occur(rows, query):
    standing = [
        (start, stop)
        for start in range(len(query))
        for stop in range(start + 1, len(query) + 1)
        if occurrences(rows, query[start:stop])
    ]
    maximal = [
        (start, stop)
        for start, stop in standing
        if not any(
            (first <= start and stop <= last) and (first, last) != (start, stop)
            for first, last in standing
        )
    ]
    assert maximal_stretches(match(in_memory(rows), query).longest) == maximal


@settings(deadline=None, max_examples=40)
@given(CORPORA, QUERIES, st.lists(st.floats(0, 3), min_size=9, max_size=9))
def test_stretches_are_kept_where_they_are_rarer_than_the_dataset_is_long(rows, query, nats):
    matches = match(in_memory(rows), query)
    surprisal = np.array(nats[: len(query)])
    expected = {}
    for start, stop in maximal_stretches(matches.longest):
        total = sum(nats[start:stop])
        if total > math.log(max(len(matches.index.words), 2)):
            expected[start, stop] = total
    found = rare_stretches(matches, surprisal)
    assert {(start, stop): pytest.approx(value) for start, stop, value in found} == expected


def test_a_rare_name_is_found_with_its_instances(index):
    response = "I think that Tony & Maureen Wheeler, or TONY and Maureen Wheeler founded it"
    part, span = spans_of(index, response)
    # "Tony & Maureen" lacks a word.
    assert quotes([part, span], response) == [
        "Maureen Wheeler",
        "TONY and Maureen Wheeler founded it",
    ]
    assert (part.n_instances, part.rows) == (3, (121, 122, 124))
    assert (span.n_words, span.n_instances, span.rows) == (6, 1, (121,))
    assert (span.dataset, span.null_p) == ("toy", None)
    assert not span.is_style
    assert not span.in_instruction
    words = "tony and maureen wheeler founded it".split()
    surprisal = corpus_surprisal([match(index.lexical, words)])
    assert span.nats == pytest.approx(surprisal.sum(), abs=1.5)


def test_rows_and_instances_count_copies_too(index):
    (span,) = spans_of(index, "perhaps it was Tony and Maureen Wheeler")
    # Row 123 is not JSON, row 124 equals row 122.
    assert (span.n_instances, span.rows) == (2, (122, 124))


def test_no_more_rows_are_kept_than_can_be_shown(tmp_path):
    index = built(tmp_path, [*filler(60), *[row("unheard of Zanzibar")] * 13])
    (span,) = spans_of(index, "the unheard of Zanzibar")
    assert span.n_instances == 13
    assert span.rows == tuple(range(61, 71))


def test_common_words_are_not_reported(index):
    common = ROWS[0]["output"].split()
    assert spans_of(index, common[2]) == ()
    assert spans_of(index, f"{common[2]} stranger {common[3]}") == ()
    assert len(spans_of(index, " ".join(common[2:8]))) == 1
    assert spans_of(index, "nothing of this stands anywhere") == ()


def test_offsets_are_code_points_and_whole_words(index):
    response = "😀 “Ōsaka” castle\u0301 keep!"
    (span,) = spans_of(index, response)
    assert quotes([span], response) == ["Ōsaka” castle\u0301 keep"]
    assert (span.start, span.stop) == (3, 22)


def test_opening_formulas_and_stock_phrases_are_style(index):
    (opening,) = spans_of(index, f"{STARTER} what stranger")
    assert opening.is_style
    (later,) = spans_of(index, f"I was told by a stranger: {STARTER} what stranger")
    assert not later.is_style, "the same words in the middle are no opening"
    (stock,) = spans_of(index, f"strangers {STOCK} stranger")
    assert quotes([stock], f"strangers {STOCK} stranger") == [STOCK]
    assert stock.is_style
    (longer,) = spans_of(index, f"strangers number3 {STOCK}, stranger")
    assert not longer.is_style, "one instance alone says it with this number"


@pytest.mark.parametrize("holding", [module.STARTERS - 1, module.STARTERS])
def test_an_opening_is_a_formula_if_enough_responses_share_it(tmp_path, holding):
    rows = [row(f"Gladly told unique{number}") for number in range(holding)]
    index = built(tmp_path, [*filler(40), *rows, *[rows[0]] * 3])
    (span,) = spans_of(index, "Gladly told by strangers")
    assert span.is_style == (holding == module.STARTERS), "copies count once"


def test_common_words_are_style_in_any_order(tmp_path):
    rows = [row(f"alpha{number} beta gamma") for number in range(9)]
    index = built(tmp_path, [*filler(40), *rows, row("gamma beta delta")])
    matches = match(index.lexical, ["gamma", "beta", "delta"])
    # 9 of 50 contents contain "beta" and 9 "gamma"; one contains "delta".
    assert is_style(matches, 0, 2)
    assert not is_style(matches, 0, 3)


def test_in_a_small_dataset_words_of_one_instance_are_content(tmp_path):
    index = built(tmp_path, [row("Zanzibar lies off Tanganyika"), row("Say no"), row("Say yes")])
    matches = match(index.lexical, ["zanzibar", "lie"])
    assert not is_style(matches, 0, 2)


def test_words_of_the_instruction_are_flagged(index):
    response = "Tony and Maureen Wheeler founded it."
    for instruction, expected in (
        ("Did TONY and Maureen Wheelers founded it?", True),
        ("Did Tony and Maureen Wheeler?", False),
        ("it founded Wheeler Maureen and Tony", False),
        ("", False),
    ):
        (span,) = spans_of(index, response, instruction)
        assert span.in_instruction == expected


def test_several_indexes_are_searched_separately(index, tmp_path):
    other = built(tmp_path, [*filler(80, seed=5), row("Maureen Wheeler founded it later")], "other")
    response = "So Tony and Maureen Wheeler founded it later."
    found = verbatim_spans([index, other], instruction="", response=response)
    assert [
        (span.dataset, text) for span, text in zip(found, quotes(found, response), strict=True)
    ] == [
        ("toy", "Tony and Maureen Wheeler founded it"),
        ("other", "Maureen Wheeler founded it later"),
    ]
    assert [span.rows for span in found] == [(121,), (81,)]


def test_chance_is_that_of_the_whole_responses_length(tmp_path):
    nulls = {
        "response": Null(
            lengths=(4, 8), scores=(np.arange(100.0), np.arange(100.0) + 50), source="toy"
        )
    }
    index = with_nulls(built(tmp_path, [*filler(60), row("unheard of Zanzibar")]), nulls)
    for response, words in (("the unheard of Zanzibar", 4), ("a b c d the unheard of Zanzibar", 8)):
        (span,) = spans_of(index, response)
        assert span.null_p == nulls["response"].p_value(words, span.nats)
    assert span.null_p > 0.9


@pytest.mark.parametrize("response", ["", " ", "… 😀"])
def test_a_response_without_words_has_no_stretches(index, response):
    assert spans_of(index, response) == ()


def test_a_search_without_an_index_is_refused():
    with pytest.raises(InputError, match="No index to search"):
        verbatim_spans([], instruction="", response="words")
