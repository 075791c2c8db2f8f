"""How much of a span an instance holds in any order, slowly counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from word_corpora import CORPORA, fields_of, in_memory

from itlim.trace.evidence.coverage import span_coverage
from itlim.trace.evidence.span_evidence import Response, span_evidence

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


def test_words_in_another_order_are_covered_all_the_same():
    index = in_memory([("", "", "3 1 2"), ("", "", "1 2 9"), *FILLER])
    evidence = span_evidence([index], Response.of("", "1 2 3"), 0, 3)
    found = span_coverage(evidence, np.array([0, 0]), np.array([0, 1]))
    assert found.tolist() == pytest.approx([1, 2 / 3])
