"""Divergence by position and the first divergence: by hand, against SQL, and in general."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import answer, pair_of

from itlim.findings.positions import BY_SHARE, BY_TOKEN, first_divergence, position_findings

U, M, S = "unshifted", "marginal", "shifted"


def by_id(found):
    return {one.finding_id: one for one in found}


def test_positions_by_hand():
    # Five tokens, so each is alone in a tenth: 0, 2, 4, 6 and 8; two tokens: tenths 0 and 5.
    long = [("A", U, 1.0), (" b", U, 2.0), (" c", M, 3.0), (" d", S, 4.0), (" e", U, 5.0)]
    found = by_id(
        position_findings(
            pair_of(answer("a", "Q1", long), answer("b", "Q2", [("No", U, 9.0), (" x", U, 7.0)]))
        )
    )
    assert found["kl_by_share_0_10"].value == pytest.approx((1 + 9) / 2)
    assert found["kl_by_share_0_10"].n == 2
    assert found["kl_by_share_10_20"].value is None
    assert "No answer has a token there" in found["kl_by_share_10_20"].missing
    assert found["kl_by_share_50_60"].value == 7
    assert found["kl_by_share_80_90"].value == 5
    assert found["kl_by_token_1"].value == pytest.approx(5)
    assert found["kl_by_token_2"].value == pytest.approx((2 + 7) / 2)
    assert (found["kl_by_token_3_4"].value, found["kl_by_token_3_4"].n) == (3.5, 2)
    assert found["kl_by_token_5_8"].value == 5
    assert found["kl_by_token_129_end"].value is None
    # Only the first answer differs, at its third token of five.
    assert found["first_divergence_token"].value == 3
    assert found["first_divergence_token"].n == 1
    assert found["first_divergence_at"].value == pytest.approx(40)
    assert found["no_divergence"].value == pytest.approx(50)


def test_answers_without_tokens_say_what_is_missing():
    found = position_findings(pair_of(answer("a", "Q", [])))
    assert all(one.value is None and "has token measures" in one.missing for one in found)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from([U, M, S]), st.floats(0, 9)), min_size=1, max_size=150),
        min_size=1,
        max_size=4,
    )
)
def test_both_curves_divide_the_same_tokens(answers):
    made = [
        answer(f"r{n}", f"Q{n}", [(" x", category, kl) for category, kl in tokens])
        for n, tokens in enumerate(answers)
    ]
    found = position_findings(pair_of(*made))
    n_tokens = sum(map(len, answers))
    total = sum(kl for tokens in answers for _, kl in tokens)
    for series in (BY_SHARE, BY_TOKEN):
        points = [one for one in found if one.series == series]
        assert sum(one.n for one in points) == n_tokens
        assert sum((one.value or 0) * one.n for one in points) == pytest.approx(total)
    for one, tokens in zip(made, answers, strict=True):
        place = first_divergence(one)
        categories = np.array([category for category, _ in tokens])
        assert (place is None) == bool((categories == U).all())
        if place is not None:
            assert (categories[:place] == U).all()
            assert categories[place] != U
