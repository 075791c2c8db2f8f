"""Search: exact words against a full scan, similar text, and meaning."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_datasets import entry_of, write_dataset
from tiny_encoder import tiny_encoder

from itlim.errors import InputError
from itlim.records import InstanceField
from itlim.text.words import words, words_with_offsets
from itlim.trace import build_index
from itlim.trace import search as module
from itlim.trace.meaning.encoder import get_encoder
from itlim.trace.search import SearchMode, count_exact, search

ROWS = [
    {"instruction": "Which river is long?", "input": "", "output": "The Nile is a long river."},
    None,
    {
        "instruction": "Who painted it?",
        "input": "Think of Dalí 😀.",
        "output": "Salvador Dalí painted The Persistence of Memory in 1931.",
        "source": "museum",
    },
    {"instruction": "Is Paris a river?", "input": "Paris", "output": "No: Paris, a river? Never."},
    {"instruction": "Is Paris a river?", "input": "Paris", "output": "No: Paris, a river? Never."},
    {"instruction": "Name an animal.", "input": "", "output": "Zebras."},
]
TEXTS = [(row["instruction"], row["input"], row["output"]) if row else None for row in ROWS]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    entry = entry_of(write_dataset(folder / "rivers.jsonl", ROWS))
    encoder = str(tiny_encoder(folder))
    return build_index(entry, folder / "index", encoder=encoder)


@pytest.fixture(scope="module")
def words_only(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words-only")
    entry = entry_of(write_dataset(folder / "rivers.jsonl", ROWS))
    return build_index(entry, folder / "index", lexical_only=True)


def matched(hit) -> str:
    return getattr(hit, hit.field.value)[hit.start : hit.stop]


def occurrences(text: str) -> Counter:
    """1-based row → number of occurrences of the text's words, by a full scan."""
    wanted = words(text)
    found = Counter()
    for row, texts in enumerate(TEXTS, start=1):
        for field in texts or ():
            held = words(field)
            found[row] += sum(
                held[place : place + len(wanted)] == wanted for place in range(len(held))
            )
    return +found


def test_an_exact_hit_contains_all_that_is_shown(words_only):
    (hit,) = search(words_only, "dalí PAINTED the", SearchMode.EXACT)
    assert (hit.dataset, hit.instance_id, hit.row, hit.line) == ("rivers", "rivers-3", 3, 3)
    assert (hit.instruction, hit.input, hit.response) == TEXTS[2]
    assert hit.extra == '{"source": "museum"}'
    assert hit.field is InstanceField.RESPONSE
    assert matched(hit) == "Dalí painted The"
    assert (hit.score, hit.unit) == (1, "occurrences")


def test_exact_hits_are_ordered_by_occurrences_then_position(words_only):
    hits = search(words_only, "a river", SearchMode.EXACT)
    # Rows 4 and 5 contain it twice each; row 1 contains "long river".
    assert [(hit.row, hit.score) for hit in hits] == [(4, 2), (5, 2)]
    assert {matched(hit) for hit in hits} == {"a river"}
    assert hits[0].field is InstanceField.INSTRUCTION, "the first of an instance is shown"
    assert count_exact(words_only, "a river") == (2, 4)
    rivers = search(words_only, "rivers", SearchMode.EXACT)
    assert [(hit.row, hit.score) for hit in rivers] == [(1, 2), (4, 2), (5, 2)]


def test_offsets_after_wide_characters_are_code_points(words_only):
    (hit,) = search(words_only, "of dalí", SearchMode.EXACT)
    assert hit.field is InstanceField.INPUT
    assert (hit.start, hit.stop) == (6, 13)


@settings(deadline=None, max_examples=40)
@given(row=st.sampled_from([one for one in TEXTS if one]), data=st.data())
def test_exact_search_finds_what_a_full_scan_does(words_only, row, data):
    text = data.draw(st.sampled_from([field for field in row if field]))
    _, starts, stops = words_with_offsets(text)
    first = data.draw(st.integers(0, len(starts) - 1))
    last = data.draw(st.integers(first, min(len(starts) - 1, first + 3)))
    wanted = text[starts[first] : stops[last]]
    expected = occurrences(wanted)
    hits = search(words_only, wanted, SearchMode.EXACT)
    assert {hit.row: hit.score for hit in hits} == expected
    assert all(words(matched(hit)) == words(wanted) for hit in hits)
    assert count_exact(words_only, wanted) == (len(expected), expected.total())


def test_top_bounds_the_hits_and_nothing_else(words_only):
    assert [hit.row for hit in search(words_only, "river", SearchMode.EXACT, top=1)] == [1]
    assert count_exact(words_only, "river") == (3, 6)
    fuzzy = search(words_only, "Is Pariss a river", SearchMode.FUZZY, top=1)
    assert [hit.row for hit in fuzzy] == [4]


@pytest.mark.parametrize("text", ["crocodile", "river long", "Paris a river never crocodile"])
def test_words_that_do_not_occur_are_not_found(words_only, text):
    assert search(words_only, text, SearchMode.EXACT) == []
    assert count_exact(words_only, text) == (0, 0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Salvadore Daly paintd the Persistence of Memory",
            "Salvador Dalí painted The Persistence of Memory",
        ),
        ("zebra", "Zebras"),
        ("  persistense of  memory ", "Persistence of Memory"),
    ],
)
def test_similar_text_is_found_at_its_position(words_only, text, shown):
    best, *rest = search(words_only, text, SearchMode.FUZZY)
    assert matched(best) == shown
    assert best.unit == "ratio"
    assert 0.8 < best.score <= 1
    assert all(hit.score <= best.score for hit in rest)


def test_fuzzy_hits_are_ordered_by_ratio(words_only):
    hits = search(words_only, "The Nile is a long riverbed", SearchMode.FUZZY)
    assert hits[0].row == 1
    assert hits[0].field is InstanceField.RESPONSE
    ratios = [hit.score for hit in hits]
    assert ratios == sorted(ratios, reverse=True)
    assert min(ratios) >= module.NEARLY


def test_fuzzy_search_needs_one_word_spelled_as_in_the_dataset(words_only):
    assert search(words_only, "Zebrass", SearchMode.FUZZY) == []
    assert search(words_only, "crocodile", SearchMode.FUZZY) == []


def test_fuzzy_search_reads_only_what_shares_a_rare_word_or_a_run(words_only, monkeypatch):
    read = []
    real = type(words_only).instance_at
    monkeypatch.setattr(
        type(words_only), "instance_at", lambda self, at: (read.append(at), real(self, at))[1]
    )
    search(words_only, "zebras persistence", SearchMode.FUZZY)
    # Rows 3 and 6 alone; row 2 has no position.
    assert set(read) == {1, 4}
    # Only the rarest word is looked up if the others are too frequent.
    read.clear()
    search(words_only, "is a zebra", SearchMode.FUZZY, max_lookups=1)
    assert set(read) == {4}
    read.clear()
    search(words_only, "river", SearchMode.FUZZY, max_lookups=1)
    assert set(read) == {0, 2, 3}, "the rarest word is always looked up"


def test_semantic_hits_are_the_nearest_instructions(index):
    query = "is paris a river"
    model = get_encoder(index.encoder)
    instructions = [texts[0] for texts in TEXTS if texts]
    cosines = model.encode(instructions).vectors @ model.vector(query)
    hits = search(index, query, SearchMode.SEMANTIC, top=3)
    assert [hit.score for hit in hits] == pytest.approx(np.sort(cosines)[::-1][:3], abs=2e-3)
    assert hits[0].instruction == instructions[int(np.argmax(cosines))]
    for hit in hits:
        assert matched(hit) == hit.instruction
        assert (hit.field, hit.unit) == (InstanceField.INSTRUCTION, "cosine")
    assert len(search(index, query, SearchMode.SEMANTIC)) == 5, "no more than there are"


def test_semantic_search_in_a_lexical_only_index_is_refused(words_only):
    with pytest.raises(InputError, match="search for exact words or similar text"):
        search(words_only, "river", SearchMode.SEMANTIC)


@pytest.mark.parametrize("mode", SearchMode)
@pytest.mark.parametrize("text", ["", "  ", "… ?!", "😀"])
def test_a_text_without_a_word_is_refused(index, mode, text):
    with pytest.raises(InputError, match="contains no letter or digit"):
        search(index, text, mode)


@pytest.mark.parametrize("mode", SearchMode)
def test_a_request_for_zero_hits_is_refused(index, mode):
    with pytest.raises(InputError, match="0 hits requested"):
        search(index, "river", mode, top=0)
