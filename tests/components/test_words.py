from dataclasses import replace

import pytest

from itlim.components.trace.wording import (
    chance_in_words,
    occurrences_in_words,
    share_in_words,
    ties_in_words,
    verdict_in_words,
)
from itlim.records.traces import is_beyond_chance
from tests.example_traces import example_trace


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1e-9, "fewer than 1 in 1,000"),
        (0.001, "1 in 1,000"),
        (0.0123, "1 in 81"),
        (0.05, "1 in 20"),
        (0.3, "1 in 3"),
        (0.31, "31 in 100"),
        (0.94, "94 in 100"),
        (1, "nearly all"),
    ],
)
def test_shares_in_words(share, words):
    assert share_in_words(share) == words


def test_chance_names_its_baseline():
    assert chance_in_words(0.005) == (
        "1 in 200 spans of this length from unrelated answers match this well."
    )
    assert "unknown" in chance_in_words(None)


def test_the_chance_threshold_is_five_percent_exclusive():
    assert [is_beyond_chance(p) for p in (0.049, 0.05, 1, None)] == [True, False, False, False]


def test_ties_and_occurrences():
    assert ties_in_words(0) == ""
    assert "One instance" in ties_in_words(1)
    assert ties_in_words(3).startswith("3 instances explain the span equally well")
    assert "does not occur verbatim" in occurrences_in_words(0)
    assert "twice" in occurrences_in_words(2)
    assert "1,204 times" in occurrences_in_words(1204)


def test_no_source_found_is_a_result():
    found = example_trace()
    assert (
        verdict_in_words(found) == f"Best match: {found.candidates[0].instance_id}, beyond chance."
    )
    assert verdict_in_words(replace(found, null_p=0.2)).startswith("No source found: chance")
    without = replace(found, candidates=())
    assert verdict_in_words(without).startswith("No source found: no rare word")
    assert "contains no word" in verdict_in_words(replace(found, candidates=(), words=()))
    assert "not compared with chance" in verdict_in_words(replace(found, null_p=None))
