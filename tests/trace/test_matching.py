"""Where runs of words occur, against a full scan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import CORPORA, QUERIES, fields_of, in_memory, occurrences, written

from itlim.trace.words.matching import field_indices, match

ROWS = [("1 2 3", "", "4 1 2"), ("2 3", "1", "1 2"), ("2 3", "1", "1 2")]


def all_runs(query):
    return [
        (start, stop) for start in range(len(query)) for stop in range(start + 1, len(query) + 1)
    ]


def place_of(index, field, word) -> int:
    return int(index.fields[field]) + word


def test_instances_of_a_frequent_word_are_counted_once():
    found = match(in_memory([("", "", "a b " * 200), ("", "", "c"), ("", "", "a " * 90)]), ["a"])
    assert found.n_occurrences(0, 1) == 290
    assert found.n_instances(0, 1) == 2


def test_a_small_dataset_by_hand(tmp_path):
    index = written(tmp_path, ROWS)
    found = match(index, ["1", "2", "3", "9", "4"])
    # "1 2 3" occurs once, "2 3" three times, "9" never.
    assert found.longest.tolist() == [3, 2, 1, 0, 1]
    assert found.ids[3] == -1
    assert found.n_occurrences(0, 2) == 4
    assert found.n_occurrences(0, 3) == 1
    assert found.n_occurrences(2, 4) == 0
    assert found.rows(0, 2).tolist() == [0, 1, 2]
    assert found.rows(0, 3).tolist() == [0]
    assert found.rows(3, 4).tolist() == []
    assert field_indices(index, found.occurrences(0, 3)).tolist() == [0]
    assert field_indices(index, found.occurrences(4, 5)).tolist() == [2]
    # Instances 2 and 3 are equal: "2 3" and "1 2" occur in two contents, "1 2 3" in one.
    assert found.run_frequencies(2).tolist() == [0, 2, 2, 0, 0]
    assert found.run_frequencies(3).tolist() == [0, 0, 1, 0, 0]


@settings(deadline=None, max_examples=80)
@given(CORPORA, QUERIES)
def test_runs_are_found_where_a_full_scan_finds_them(rows, query):
    index = in_memory(rows)
    found = match(index, query)
    expected = {run: occurrences(rows, query[slice(*run)]) for run in all_runs(query)}
    for start in range(len(query)):
        reach = [
            stop - start for (first, stop), places in expected.items() if first == start and places
        ]
        assert found.longest[start] == max(reach, default=0)
    for (start, stop), places in expected.items():
        assert found.n_occurrences(start, stop) == len(places)
        stored = sorted(place_of(index, *place) for place in places)
        assert sorted(found.occurrences(start, stop).tolist()) == stored
        assert found.rows(start, stop).tolist() == sorted({field // 3 for field, _ in places})
        assert found.n_instances(start, stop) == len(found.rows(start, stop))
        assert sorted(field_indices(index, found.occurrences(start, stop)).tolist()) == sorted(
            field for field, _ in places
        )


@settings(deadline=None, max_examples=50)
@given(CORPORA, QUERIES, st.data())
def test_matches_of_a_part_are_those_of_its_words_alone(rows, query, data):
    index = in_memory(rows)
    first = data.draw(st.integers(0, len(query) - 1))
    last = data.draw(st.integers(first + 1, len(query)))
    part, alone = match(index, query).between(first, last), match(index, query[first:last])
    assert part.ids.tolist() == alone.ids.tolist()
    assert part.longest.tolist() == alone.longest.tolist()
    for start, stop in all_runs(query[first:last]):
        assert part.occurrences(start, stop).tolist() == alone.occurrences(start, stop).tolist()


@settings(deadline=None, max_examples=50)
@given(CORPORA, QUERIES, st.integers(1, 3))
def test_the_instances_of_several_runs_are_those_of_each(rows, query, kept):
    index = in_memory(rows)
    found = match(index, query)
    runs = all_runs(query)
    n_instances, n_contents, first = found.instances_of_runs(*np.array(runs).T, kept)
    for number, (start, stop) in enumerate(runs):
        positions = found.rows(start, stop)
        assert n_instances[number] == len(positions)
        assert n_contents[number] == len(set(index.groups[positions].tolist()))
        padded = [*positions.tolist(), *[-1] * kept][:kept]
        assert first[number].tolist() == padded


def test_above_the_limit_occurrences_are_counted_instead_of_contents(tmp_path):
    index = written(tmp_path, [("1 2 1 2", "", "1 2"), ("1 2", "", "")])
    found = match(index, ["1", "2"])
    assert found.run_frequencies(2).tolist() == [0, 2]
    assert found.run_frequencies(2, max_counted=3).tolist() == [0, 4]


def test_a_run_does_not_cross_the_end_of_a_field(tmp_path):
    index = written(tmp_path, [("1 2", "3", "4"), ("5", "", "6")])
    found = match(index, ["1", "2", "3", "4", "5"])
    assert found.longest.tolist() == [2, 1, 1, 1, 1]


def test_no_words_give_no_matches(tmp_path):
    found = match(written(tmp_path, ROWS), [])
    assert len(found.longest) == 0
    assert found.run_frequencies(2).tolist() == []


def test_a_long_query_grows_its_buffers(tmp_path):
    rng = np.random.default_rng(0)
    text = " ".join(str(number) for number in rng.integers(1, 4, 400))
    index = written(tmp_path, [(text, "", text[100:])])
    # Three distinct words: every position has many levels, more than the initial capacity.
    query = text.split()[:120]
    found = match(index, query)
    assert len(found.lengths) > 8 * 120 / 2
    for start in (0, 50, 119):
        for length in range(1, int(found.longest[start]) + 1, 7):
            run = query[start : start + length]
            expected = len(occurrences([(text, "", text[100:])], run))
            assert found.n_occurrences(start, start + length) == expected


@pytest.mark.parametrize("word", ["1", "4"])
def test_fields_are_found_by_their_bounds(tmp_path, word):
    index = written(tmp_path, ROWS)
    places = np.flatnonzero(index.words == index.ids([word])[0]).astype(np.int32)
    texts = fields_of(ROWS)
    for field in field_indices(index, places):
        assert word in texts[field]
