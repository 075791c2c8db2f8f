from itlim.charts.length_change import length_curves


def test_the_curves_are_shares_with_at_most_so_many_words():
    figure = length_curves([4, 1, 2, 2], [1])
    before, after = figure.data
    assert list(before.x) == [0, 1, 2, 2, 4]
    assert list(before.y) == [0, 0.25, 0.5, 0.75, 1]
    assert list(after.y) == [0, 1]
    assert (before.name, after.name) == ("before, n = 4", "after, n = 1")
    assert before.line.dash != after.line.dash, "color is not the only difference"


def test_many_rows_give_few_points_and_no_rows_give_none():
    figure = length_curves(range(10_000), [])
    (curve,) = figure.data
    assert len(curve.x) <= 201
    assert (curve.x[-1], curve.y[-1]) == (9_999, 1)
