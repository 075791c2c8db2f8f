"""Suffix arrays against sorting all suffixes, for the product and the oracle, in both widths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefix_doubling import by_prefix_doubling

from itlim.errors import InputError
from itlim.trace.words.suffixes import suffix_array

# Values around 255, 256 and 65,535, where bytes might be sorted wrongly.
NARROW = st.lists(st.sampled_from([0, 1, 2, 255, 256, 257, 511, 65_535]), max_size=40)
WIDE = st.lists(
    st.sampled_from([0, 1, 255, 256, 65_535, 65_536, 65_537, (1 << 24) - 1]), max_size=40
)


def naively(ids: list[int]) -> list[int]:
    return sorted(range(len(ids)), key=lambda start: ids[start:])


def array(ids: list[int]) -> np.ndarray:
    return np.array(ids, dtype=np.int32)


def test_a_hand_sorted_text():
    # Suffixes: 7 7 2 | 7 2 | 2, and 2 < 7 2 < 7 7 2.
    assert suffix_array(array([7, 7, 2])).tolist() == [2, 1, 0]


@pytest.mark.parametrize("sort", [suffix_array, by_prefix_doubling])
@settings(deadline=None)
@given(ids=NARROW | WIDE)
def test_suffixes_are_in_the_order_of_a_naive_sort(sort, ids):
    found = sort(array(ids))
    assert found.dtype == np.int32
    assert found.tolist() == naively(ids)


@pytest.mark.parametrize("sort", [suffix_array, by_prefix_doubling])
@pytest.mark.parametrize("ids", [[], [5], [3] * 50, [1, 2] * 30, list(range(40, 0, -1))])
def test_repetitive_and_tiny_texts(sort, ids):
    assert sort(array(ids)).tolist() == naively(ids)


def test_an_id_takes_two_bytes_and_three_above_65535():
    assert suffix_array(array([65_535, 1]), max_bytes=4).tolist() == [1, 0]
    with pytest.raises(InputError):
        suffix_array(array([65_536, 1]), max_bytes=4)
    assert suffix_array(array([65_536, 1]), max_bytes=6).tolist() == [1, 0]


def test_packing_and_aligning_in_chunks_changes_nothing():
    ids = np.random.default_rng(3).integers(0, 70_000, 200).astype(np.int32)
    whole = suffix_array(ids)
    assert suffix_array(ids, chunk=7).tolist() == whole.tolist() == naively(ids.tolist())


@pytest.mark.parametrize("ids", [[-1, 3], [0, 1 << 24]])
def test_ids_out_of_range_are_refused(ids):
    with pytest.raises(InputError, match="Split the dataset into parts"):
        suffix_array(array(ids))


def test_a_text_beyond_int32_is_rejected():
    assert len(suffix_array(array([1, 2, 3, 4]), max_bytes=9)) == 4
    with pytest.raises(InputError, match=r"5 words exceed the limit of one index \(4\)"):
        suffix_array(array([1, 2, 3, 4, 5]), max_bytes=9)
    with pytest.raises(InputError, match=r"\(3\)"):
        suffix_array(array([1, 2, 3, 1 << 20]), max_bytes=9)
