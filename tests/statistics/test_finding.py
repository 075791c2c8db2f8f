"""Findings: estimates, lookup by key, and conversion to and from JSON."""

import json

import pytest

from itlim.errors import NotFoundError
from itlim.statistics.finding import Finding, by_group, estimate
from itlim.statistics.intervals import bootstrap_interval, mean


def found(values, **fields):
    return estimate(values, mean, claim="accuracy", unit="share", of="responses", **fields)


def test_an_estimate_has_the_statistic_n_and_interval():
    one = found([0.0, 1.0, 1.0, 1.0], key="accuracy")
    assert (one.value, one.n) == (0.75, 4)
    assert one.interval == bootstrap_interval([0.0, 1.0, 1.0, 1.0], mean)
    assert found([1.0, 0.0], key="accuracy", n=7).n == 7


def test_an_estimate_without_responses_is_undefined_not_zero():
    one = found([], key="accuracy")
    assert (one.value, one.n, one.interval) == (None, 0, None)


def test_a_finding_is_unchanged_by_json():
    for one in (
        found([0.0, 1.0], key="a", group="SFT", split="test", seed=1),
        found([1.0], key="a"),
    ):
        assert Finding.from_row(json.loads(json.dumps(one.row()))) == one


def test_findings_are_found_by_key_group_and_split():
    dev, test = (
        [found([value], key="a", group=group, split=split) for group, value in (("x", 1), ("y", 2))]
        for split in ("dev", "test")
    )
    other = found([3], key="b", group="x", split="test")
    assert by_group([*dev, other, *test], "a", "test") == {"x": test[0], "y": test[1]}
    assert by_group([*test, other], "b") == {"x": other}
    with pytest.raises(NotFoundError, match="'a' on the split 'train'"):
        by_group([*dev, *test], "a", "train")
