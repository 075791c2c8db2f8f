"""Words that instances share with the span and with the instruction, against a slow count."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import CORPORA, QUERIES, fields_of, in_memory, n_contents

from itlim.trace.evidence.shared_words import span_coverage, topic_overlap
from itlim.trace.evidence.span_evidence import Response, span_evidence


def overlap_of(indexes, sources, positions, instruction):
    return topic_overlap(indexes, np.array(sources), np.array(positions), instruction).tolist()


def test_rarer_shared_words_weigh_more():
    index = in_memory([("1 2", "", "3"), ("1", "2", ""), ("1", "", "4"), ("", "4 4", "5")])
    # Of four instances "1" is in three, "2" in two, "4" in two, "9" in none.
    one, two = math.log(4 / 3), math.log(2)
    found = overlap_of([index], [0, 0, 0, 0], [0, 1, 2, 3], "4 2, 1 1 9?")
    assert found == pytest.approx(
        np.array([one + two, one + two, one + two, two]) / (one + two + two)
    )


def test_an_instruction_of_unknown_words_has_no_overlap():
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


FILLER = [("", "", f"x{number} y{number} z{number} " * 3) for number in range(60)]


@settings(deadline=None, max_examples=40)
@given(
    first=CORPORA,
    second=CORPORA,
    said=st.lists(st.sampled_from("1 2 3 4 5 Six".split()), min_size=2, max_size=9),
)
def test_coverage_equals_a_slow_count_of_the_best_parts_words(first, second, said):
    corpora = [[*first, *FILLER], [*second, *FILLER]]
    response = Response.of("", "so " + " ".join(said))
    evidence = span_evidence(
        [in_memory(rows) for rows in corpora], response, 1, len(response.words)
    )
    sources = np.repeat([0, 1], [len(one.positions) for one in evidence])
    positions = np.concatenate([one.positions for one in evidence])
    expected = []
    for source, position in zip(sources.tolist(), positions.tolist(), strict=True):
        one = evidence[source]
        part = one.parts[one.best_part[one.positions.tolist().index(position)]]
        fields = fields_of(corpora[source])[3 * position : 3 * position + 3]
        held = {word for field in fields for word in field}
        nats = list(zip(response.words[1:], part.surprisal, strict=True))
        mine = sum(value for word, value in nats if word in held)
        expected.append(mine / sum(value for _, value in nats))
    found = span_coverage(evidence, sources, positions)
    assert found.tolist() == pytest.approx(expected)
    assert all(0 < share <= 1 + 1e-9 for share in found)


def test_coverage_ignores_word_order():
    index = in_memory([("", "", "3 1 2"), ("", "", "1 2 9"), *FILLER])
    evidence = span_evidence([index], Response.of("", "1 2 3"), 0, 3)
    found = span_coverage(evidence, np.array([0, 0]), np.array([0, 1]))
    assert found.tolist() == pytest.approx([1, 2 / 3])
