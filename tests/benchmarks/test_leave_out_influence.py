"""The benchmark's gradient methods name every instance, at its place in the dataset."""

import numpy as np
import pytest

from itlim.causality.influence.parameters import ParameterChoice
from tests.benchmarks import leave_out_influence
from tests.benchmarks.leave_out_cases import cases_of
from tests.benchmarks.leave_out_influence import (
    DEFAULT,
    Fused,
    GradientReadings,
    Gradients,
    Products,
    gradient_methods,
)
from tests.benchmarks.test_leave_out_methods import PLACES, ROWS, table

PRODUCTS = Products(
    dots=np.array([4.0, 1.0, -2.0]),
    cosines=np.array([0.1, 0.5, -0.2]),
    lengths=np.array([9, 3, 5]),
)


class Fixed:
    name = DEFAULT

    def __init__(self, *scores):
        self._scores = np.array(scores)

    def of(self, _case):
        return PRODUCTS

    def scores(self, _case):
        return self._scores


def test_a_fused_score_counts_nothing_for_what_words_do_not_name():
    case = cases_of(table(ROWS), PLACES)[0]
    words = Fixed(7.0, -np.inf, -np.inf)
    fused = Fused(name="both", words=words, readings=Fixed(), weight=20.0)
    np.testing.assert_allclose(fused.scores(case), [9.0, 10.0, -4.0])
    assert Gradients(name="dot", readings=Fixed(), by="dots").scores(case).tolist() == [4, 1, -2]


def test_methods_cover_both_products_both_sets_of_weights_and_the_fusions(monkeypatch):
    asked = []
    monkeypatch.setattr(
        leave_out_influence, "GradientReadings", lambda cases, choice: asked.append(choice)
    )
    names = [one.name for one in gradient_methods([], [Fixed(1.0)])]
    assert asked == [ParameterChoice.ALL, ParameterChoice.LAST_LAYER]
    assert names == [
        "gradient cosine",
        "gradient dot",
        "gradient cosine, last layer",
        "gradient dot, last layer",
        f"{DEFAULT} + gradient",
    ]


@pytest.mark.full
def test_the_full_model_of_a_seed_says_what_the_table_says(tmp_path, capsys):
    """Some 30 s: tunes seed 0 and asks the last layer about three cases that have a cause."""
    from tests.benchmarks.leave_out_cases import load_cases
    from tests.benchmarks.leave_out_methods import leave_out_path

    places = {f"demo-{row}": row - 1 for row in range(1, 406)}
    every = load_cases(leave_out_path(None), places)
    strong = (one for one in every if one.seed == 0 and one.is_main and one.drops.max() > 1.0)
    held = [next(strong) for _ in range(3)]
    for again in (False, True):
        readings = GradientReadings(held, ParameterChoice.LAST_LAYER, tmp_path)
        for case in held:
            products = readings.of(case)
            assert products.cosines.shape == products.dots.shape == (405,)
            assert np.abs(products.cosines).max() <= 1
            strongest = case.positions[np.argmax(case.drops)]
            assert (products.dots > products.dots[strongest]).sum() < 20
        said = capsys.readouterr().out
        assert ("3 of 3 answers" in said) is not again
