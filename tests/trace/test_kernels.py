"""The compiled loops: the same as Python runs them, and what each is to give."""

import importlib.util
import inspect
import itertools
import sys
from contextlib import contextmanager
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import CORPORA, QUERIES, fields_of, holders, in_memory

from itlim.trace import kernels, lexical, segmentation
from itlim.trace.evidence import best_cut, copy_evidence
from itlim.trace.matching import match
from itlim.trace.topic import topic_overlap

GAINS = st.lists(st.sampled_from([-0.5, -0.1, 0.7, 6.2, 12.0]), min_size=9, max_size=9)
"""Words may cost more than they gain."""
COMPILED = [
    (module, name)
    for module in (kernels, segmentation)
    for name, kernel in vars(module).items()
    if hasattr(kernel, "py_func")
]


def cumulated(gains, query) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.array(gains[: len(query)]))])


@contextmanager
def plain_python():
    """All loops as Python runs them; says which were called."""
    called = set()

    def counted(name, function):
        def run(*arguments):
            called.add(name)
            return function(*arguments)

        return run

    with pytest.MonkeyPatch.context() as patch:
        for module, name in COMPILED:
            plain = counted(name, getattr(module, name).py_func)
            patch.setattr(module, name, plain)
            if module is kernels and name == "count_contents":
                patch.setattr(lexical, name, plain)
        yield called


def everything(rows, query, surprisal) -> list[np.ndarray]:
    """What the loops give, all of them, as the product calls them."""
    index = in_memory(rows)
    found = match(index, query)
    arrays = [index.frequency, *found.intervals, *map(found.run_frequencies, (1, 2, 3))]
    evidence = copy_evidence(found, surprisal)
    arrays += [evidence.positions, evidence.nats]
    for position in range(len(rows)):
        runs, nats = best_cut(index, position, found.ids, surprisal)
        arrays.append(np.array([*itertools.chain(*map(astuple, runs)), nats]))
    everywhere = np.arange(len(rows))
    arrays.append(topic_overlap([index], 0 * everywhere, everywhere, " ".join(query)))
    return arrays


@settings(deadline=None, max_examples=30)
@given(CORPORA, QUERIES, GAINS)
def test_compiled_loops_equal_plain_python(rows, query, gains):
    surprisal = np.array(gains[: len(query)])
    fast = everything(rows, query, surprisal)
    with plain_python():
        slow = everything(rows, query, surprisal)
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_every_compiled_loop_is_compared_with_python():
    rows = [("1 2 3", "", "1 2 3 1 2"), ("1 2", "", "4")]
    with plain_python() as called:
        everything(rows, ["1", "2", "3"], np.full(3, 7.0))
    assert called == {name for _, name in COMPILED}


def test_without_numba_the_loops_stay_python(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    path = inspect.getsourcefile(kernels)
    assert path is not None
    spec = importlib.util.spec_from_file_location("plain_kernels", path)
    assert spec is not None
    assert spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    assert not hasattr(plain.levels, "py_func")
    assert plain.field_at(np.array([0, 3, 5, 9]), 5) == 2


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.data())
def test_a_field_holds_the_places_from_its_start_on(sizes, data):
    fields = np.concatenate([[0], np.cumsum(sizes)])
    place = data.draw(st.integers(0, int(fields[-1]) - 1))
    field = int(kernels.field_at(fields, place))
    assert fields[field] <= place < fields[field + 1]


@settings(deadline=None, max_examples=60)
@given(CORPORA, QUERIES, GAINS, st.sampled_from([1.0, 6.0, 12.0]))
def test_the_first_level_is_the_widest_with_a_run_that_gains_enough(rows, query, gains, least):
    index = in_memory(rows)
    found = match(index, query)
    levels = found.intervals
    sums = cumulated(gains, query)
    chosen, total = kernels.first_levels(*levels, sums, least, np.iinfo(np.int64).max)
    entries = 0
    for start in range(len(query)):
        lengths = [
            length
            for length in range(1, int(found.longest[start]) + 1)
            if sums[start + length] - sums[start] > least
        ]
        if not lengths:
            assert chosen[start] == -1
            continue
        n_places = len(holders(rows, query[start : start + lengths[0]]))
        level = int(chosen[start])
        assert found.starts[start] <= level < found.starts[start + 1]
        assert found.highs[level] - found.lows[level] == n_places
        entries += n_places
    assert total == entries


def test_words_that_cost_do_not_hide_a_run_that_gains_enough_before_them():
    found = match(in_memory([("1 2 3", "", ""), ("1", "", "")]), ["1", "2", "3"])
    # "1 2" gains 7, "1 2 3" only 5; "1" alone, in two places, gains 3.
    sums = np.cumsum([0.0, 3.0, 4.0, -2.0])
    chosen, total = kernels.first_levels(*found.intervals, sums, 6.0, np.iinfo(np.int64).max)
    assert chosen[0] == found.starts[0] + 1
    assert chosen[1:].tolist() == [-1, -1]
    assert total == 1


@settings(deadline=None, max_examples=60)
@given(CORPORA, QUERIES)
def test_matches_list_each_instances_runs_from_the_last_position_on(rows, query):
    index = in_memory(rows)
    found = match(index, query)
    levels = found.intervals
    sums = np.arange(len(query) + 1, dtype=float)
    chosen, total = kernels.first_levels(*levels, sums, 0.5, np.iinfo(np.int64).max)
    heads = np.full(len(rows), -1, dtype=np.int64)
    at, reach, field, following, touched = kernels.matches(
        chosen, total, *levels, index.suffixes, index.fields, heads
    )
    texts = fields_of(rows)
    listed = []
    for instance in range(len(rows)):
        entry, last = heads[instance], len(query)
        assert (entry >= 0) == (instance in touched)
        while entry >= 0:
            assert at[entry] <= last
            last = at[entry]
            assert field[entry] // 3 == instance
            listed.append((int(at[entry]), int(field[entry]), int(reach[entry])))
            entry = following[entry]
    expected = []
    for start in range(len(query)):
        for home, place in holders(rows, query[start : start + 1]):
            length = 1
            while query[start : start + length + 1] == texts[home][place : place + length + 1] and (
                start + length < len(query)
            ):
                length += 1
            expected.append((start, home, length))
    assert sorted(listed) == sorted(expected)


def test_shared_weight_counts_each_word_once():
    words = np.array([1, 2, 1, 0, 3, 0, 0, 2, 2, 0, 0, 3, 0], dtype=np.int32)
    fields = np.array([0, 4, 6, 7, 10, 11, 13], dtype=np.int64)
    slots = np.array([0, 1, 2, 0])
    found = kernels.shared_weight(words, fields, np.array([1, 0]), slots, np.array([5.0, 0.25]))
    # Instance 1 holds word 2 twice, instance 0 words 1 and 2; word 3 has no weight.
    assert found.tolist() == [0.25, 5.25]
