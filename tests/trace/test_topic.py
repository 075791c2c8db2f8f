"""What an instance shares with the instruction, slowly counted."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from word_corpora import CORPORA, QUERIES, fields_of, in_memory, n_contents

from itlim.trace.evidence.topic import topic_overlap


def overlap_of(indexes, sources, positions, instruction):
    return topic_overlap(indexes, np.array(sources), np.array(positions), instruction).tolist()


def test_the_rarer_a_shared_word_the_more_it_tells():
    index = in_memory([("1 2", "", "3"), ("1", "2", ""), ("1", "", "4"), ("", "4 4", "5")])
    # Of four instances "1" is in three, "2" in two, "4" in two, "9" in none.
    one, two = math.log(4 / 3), math.log(2)
    found = overlap_of([index], [0, 0, 0, 0], [0, 1, 2, 3], "4 2, 1 1 9?")
    assert found == pytest.approx(
        np.array([one + two, one + two, one + two, two]) / (one + two + two)
    )


def test_an_instruction_that_no_dataset_knows_overlaps_with_nothing():
    index = in_memory([("1", "", "2")])
    assert overlap_of([index], [0], [0], "unheard of") == [0]
    assert overlap_of([index], [0], [0], "…") == [0]
    assert overlap_of([index], [], [], "1") == []
    assert overlap_of([index], [0], [0], "1") == [0], "a word of every instance tells nothing"


@settings(deadline=None, max_examples=40)
@given(first=CORPORA, second=CORPORA, query=QUERIES)
def test_overlap_equals_a_slow_count_over_several_indexes(first, second, query):
    corpora = [first, second]
    total = len(first) + len(second)
    rarity = {}
    for word in set(query):
        frequency = sum(n_contents(rows, [word]) for rows in corpora)
        rarity[word] = math.log(total / frequency) if frequency else 0.0
    places = [(source, at) for source, rows in enumerate(corpora) for at in range(len(rows))]
    expected = []
    for source, at in places[::-1]:
        held = {word for field in fields_of(corpora[source])[3 * at : 3 * at + 3] for word in field}
        whole = sum(rarity.values())
        mine = sum(nats for word, nats in rarity.items() if word in held)
        expected.append(mine / whole if whole else 0.0)
    sources, positions = zip(*places[::-1], strict=True)
    found = overlap_of([in_memory(rows) for rows in corpora], sources, positions, " ".join(query))
    assert found == pytest.approx(expected)
