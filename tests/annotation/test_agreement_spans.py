import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import f1_score, jaccard_score

from itlim.annotation.agreement.spans import detection, iou, marked_tokens, matched, token_f1
from itlim.errors import InputError

TOKENS = [(place, place + 1) for place in range(14)]
spans = st.tuples(st.integers(0, 20), st.integers(1, 8)).map(lambda one: (one[0], one[0] + one[1]))
several = st.lists(spans, max_size=5, unique=True)


@st.composite
def apart(draw):
    """Spans of which no two overlap."""
    edges = sorted(draw(st.sets(st.integers(0, 30), max_size=10)))
    return list(zip(edges[::2], edges[1::2], strict=False))


def mask(spans_, length=40):
    marked = np.zeros(length, dtype=bool)
    for start, stop in spans_:
        marked[start:stop] = True
    return marked


def test_the_fourteen_tokens_give_f1_6667_and_iou_one_half():
    one, other = marked_tokens(TOKENS, [(5, 9)]), marked_tokens(TOKENS, [(7, 9)])
    assert round(token_f1([(one, other)]), 4) == 0.6667
    assert iou((5, 9), (7, 9)) == 0.5
    assert detection([([(5, 9)], [(7, 9)])]) == (1.0, 0.5)


def test_a_token_is_marked_if_any_of_its_code_points_is():
    assert marked_tokens([(0, 3), (3, 6), (6, 9)], [(5, 7)]).tolist() == [False, True, True]
    assert marked_tokens([(0, 3), (3, 6)], []).tolist() == [False, False]
    assert marked_tokens([], [(0, 3)]).tolist() == []


@given(several, several)
def test_token_f1_equals_scikit_learn(one, other):
    a, b = mask(one), mask(other)
    ours = token_f1([(a, b)])
    assert ours == token_f1([(b, a)])
    assert (ours is None) == (not a.any() and not b.any())
    if ours is not None:
        assert ours == pytest.approx(f1_score(a, b))


def test_token_f1_pools_counts_and_does_not_average_responses():
    long, short = mask([(0, 30)]), mask([(0, 1)])
    pairs = [(long, long), (short, mask([(1, 2)]))]
    assert token_f1(pairs) == pytest.approx(60 / 62)


@given(spans, spans)
def test_iou_equals_scikit_learn(one, other):
    assert iou(one, other) == pytest.approx(jaccard_score(mask([one]), mask([other])))


@given(apart(), apart())
def test_matching_equals_the_best_assignment_of_spans_that_do_not_overlap(one, other):
    table = np.array([[iou(a, b) for b in other] for a in one]).reshape(len(one), len(other))
    table[table < 0.5] = 0
    rows, columns = linear_sum_assignment(-table)
    chosen = table[rows, columns]
    assert sum(matched(one, other)) == pytest.approx(chosen.sum())
    assert len(matched(one, other)) == np.count_nonzero(chosen)


@given(several, several)
def test_detection_is_symmetric(one, other):
    assert matched(one, other) == pytest.approx(matched(other, one))
    f1, overlap = detection([(one, other)])
    assert f1 is None or 0 <= f1 <= 1
    assert overlap is None or 0.5 <= overlap <= 1


def test_a_span_is_matched_once():
    assert detection([([(0, 10)], [(0, 10), (0, 9)])]) == (pytest.approx(2 / 3), 1.0)


def test_nothing_marked_or_nothing_matched_is_undefined():
    assert detection([([], [])]) == (None, None)
    assert detection([([(0, 2)], [(5, 7)])]) == (0.0, None)
    assert token_f1([]) is None


def test_an_empty_span_is_rejected():
    with pytest.raises(InputError):
        iou((3, 3), (2, 4))
