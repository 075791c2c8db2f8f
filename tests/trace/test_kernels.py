"""The compiled loops: equal to plain Python, and correct by hand."""

import itertools
from contextlib import contextmanager
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import CORPORA, QUERIES, in_memory

from itlim.trace.evidence.background import corpus_surprisal
from itlim.trace.evidence.copying import best_segmentation, copy_evidence, most_evidence
from itlim.trace.evidence.shared_words import topic_overlap
from itlim.trace.preload import preload
from itlim.trace.words import gathering, kernels, segmentation, word_bounds
from itlim.trace.words.matching import match

GAINS = st.lists(st.sampled_from([-0.5, -0.1, 0.7, 6.2, 12.0]), min_size=9, max_size=9)
"""Words may cost more than they gain."""
COMPILED = [
    (module, name)
    for module in (kernels, gathering, segmentation, word_bounds)
    for name, kernel in vars(module).items()
    if hasattr(kernel, "py_func")
]


def cumulative(gains, query) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.array(gains[: len(query)]))])


@contextmanager
def plain_python():
    """Replace all loops by plain Python; returns which of them were called."""
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
        yield called


def everything(rows, query, surprisal) -> list[np.ndarray]:
    """The results of all loops, called as in the product."""
    index = in_memory(rows)
    found = match(index, query)
    arrays = [index.frequency, *found.intervals, *map(found.run_frequencies, (1, 2, 3))]
    evidence = copy_evidence(found, surprisal)
    arrays += [evidence.positions, evidence.nats, found.rows(0, 1)]
    arrays.append(np.array([found.n_instances(0, 1)]))
    arrays += found.between(0, max(1, len(query) - 1)).intervals
    arrays.append(corpus_surprisal([found]))
    arrays.append(np.array([most_evidence(found, surprisal, 0, len(query))]))
    arrays += found.instances_of_runs(np.zeros(1, np.int64), np.ones(1, np.int64), 2)
    for position in range(len(rows)):
        runs, nats = best_segmentation(index, position, found.ids, surprisal)
        arrays.append(np.array([*itertools.chain(*map(astuple, runs)), nats]))
    everywhere = np.arange(len(rows))
    arrays += word_bounds.word_offsets(" ".join(query))
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


def test_the_preload_calls_every_compiled_loop():
    with plain_python() as called:
        preload()
    assert called == {name for _, name in COMPILED}


def test_words_that_cost_do_not_hide_a_run_that_gains_enough_before_them():
    found = match(in_memory([("1 2 3", "", ""), ("1", "", "")]), ["1", "2", "3"])
    # "1 2" gains 7, "1 2 3" only 5; "1" alone, in two places, gains 3.
    sums = np.cumsum([0.0, 3.0, 4.0, -2.0])
    chosen, total = kernels.first_levels(*found.intervals, sums, 6.0)
    assert chosen[0] == found.starts[0] + 1
    assert chosen[1:].tolist() == [-1, -1]
    assert total == 1


@settings(deadline=None, max_examples=40)
@given(CORPORA, QUERIES, GAINS, st.sampled_from([1.0, 6.0]))
def test_the_best_gain_of_a_level_is_that_of_any_shorter_run_too(rows, query, gains, least):
    found = match(in_memory(rows), query)
    sums = cumulative(gains, query)
    best = kernels.best_gains(found.starts, found.lengths, found.longest, sums, least)
    for start in range(len(query)):
        owned = range(int(found.starts[start]), int(found.starts[start + 1]))
        for level in owned:
            is_last = level == owned[-1]
            reach = int(found.longest[start] if is_last else found.lengths[level + 1] - 1)
            gain = max(sums[start + length] - sums[start] for length in range(1, reach + 1))
            assert best[level] == (gain if gain > least else 0)


def test_instances_that_cannot_gain_enough_are_left_out():
    index = in_memory([("", "", "1 2"), ("", "", "3"), ("", "", "1 2 3"), ("", "", "2")])
    found = match(index, ["1", "2", "3"])
    sums = np.cumsum([0.0, 7.0, 8.0, 9.0])
    levels = found.intervals
    chosen, total = kernels.first_levels(*levels, sums, 6.0)
    best = kernels.best_gains(found.starts, found.lengths, found.longest, sums, 6.0)
    prices = np.ones((3, 8))

    def touched(above: float) -> list[int]:
        *_, positions, heads = gathering.collect_matches(
            chosen, total, *levels, index.entry_fields, index.field_sizes, 4, best, prices,
            above,
        )  # fmt: skip
        assert len(heads) == len(positions)
        return sorted(positions.tolist())

    # Each run minus its price: 14 + 7, 8, 23 + 16 + 8, and 7.
    assert [touched(above) for above in (0.0, 7.5, 9.0, 21.5, 47.5)] == [
        [0, 1, 2, 3], [0, 1, 2], [0, 2], [2], [],
    ]  # fmt: skip


def test_contents_are_distinguished_whatever_their_numbers():
    # Groups with the same slot of the hash table, and one that occurs twice.
    groups = np.array([0, 16, 32, 16, 7], dtype=np.int32)
    entry_fields = np.array([0, 3, 7, 9, 14], dtype=np.int32)
    lows, highs = np.array([0, 1, 0, 2, 0]), np.array([5, 4, 4, 2, 5])
    counts = [
        gathering.n_contents.py_func(lows, highs, entry_fields, groups, most).tolist()
        for most in (5, 4)
    ]
    assert counts == [[4, 2, 3, 0, 4], [5, 2, 3, 0, 5]]


def test_shared_weight_counts_each_word_once():
    words = np.array([1, 2, 1, 0, 3, 0, 0, 2, 2, 0, 0, 1026, 0], dtype=np.int32)
    fields = np.array([0, 4, 6, 7, 10, 11, 13], dtype=np.int64)
    wanted = np.array([1, 2], dtype=np.int32)
    found = gathering.shared_weight.py_func(
        words, fields, np.array([1, 0]), wanted, np.array([5.0, 0.25])
    )
    # Instance 1 contains word 2 twice, instance 0 words 1 and 2; 1,026 has the table slot of 2.
    assert found.tolist() == [0.25, 5.25]


def test_compiled_loops_use_only_their_own_file():
    # numba caches compiled code until its own file changes: code of another file would go stale.
    for module, name in COMPILED:
        for used in getattr(module, name).py_func.__code__.co_names:
            value = vars(module).get(used)
            assert (
                value is None
                or value is np
                or getattr(value, "__module__", module.__name__) == module.__name__
            ), (module.__name__, name, used)
