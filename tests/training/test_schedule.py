import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itlim.training.recipes import cosine_rate


def test_the_rate_rises_linearly_then_falls_along_a_cosine():
    """By hand: 10 steps, 2 of them warm-up; step 6 is halfway through the other 8."""
    rates = [
        cosine_rate(step, 10, peak=2.0, warmup_share=0.2, final_share=0.5) for step in range(10)
    ]
    assert rates[:3] == [1.0, 2.0, 2.0]
    assert rates[6] == pytest.approx(1.5)
    assert rates[9] == pytest.approx(1 + 0.5 * (1 + math.cos(math.pi * 7 / 8)))


@given(steps=st.integers(1, 500), warmup=st.floats(0, 0.5), final=st.floats(0, 1))
def test_the_rate_stays_within_zero_and_the_peak_and_never_rises_after_warm_up(
    steps, warmup, final
):
    rates = [
        cosine_rate(step, steps, peak=0.7, warmup_share=warmup, final_share=final)
        for step in range(steps)
    ]
    assert all(0 <= rate <= 0.7 + 1e-12 for rate in rates)
    rest = rates[max(1, int(steps * warmup)) :]
    assert all(one >= other - 1e-12 for one, other in pairwise(rest))
