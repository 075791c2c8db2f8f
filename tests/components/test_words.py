from dataclasses import replace

import pytest

from itlim.components.trace.payload import trace_payload
from itlim.components.trace.wording import (
    chance_in_words,
    occurrences_in_words,
    share_in_words,
    terms_in_words,
    ties_in_words,
    verdict_in_words,
)
from itlim.records import Phrase
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


def test_each_number_of_a_candidate_is_named_once_with_its_unit_and_direction():
    rarity, evidence, score = terms_in_words("word frequencies in the datasets")
    assert rarity.startswith("Rarity, in nats")
    assert ", by word frequencies in the datasets. Higher: rarer." in rarity
    assert evidence.startswith("Evidence, in nats")
    assert evidence.endswith("Higher: more likely the source.")
    assert "nats" not in score
    lines = trace_payload(example_trace(), doc="d")["summary"]["lines"]
    for name in ("Rarity", "Evidence", "Score"):
        assert sum(line.startswith(name) for line in lines) == 1


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


def placed_run(trace, quote, n_instances):
    start = trace.response.index(quote)
    return replace(
        trace.candidates[0].runs[0],
        span_start=start,
        span_stop=start + len(quote),
        n_instances=n_instances,
        is_fuzzy=False,
    )


def with_runs(trace, *runs):
    best = replace(trace.candidates[0], runs=runs)
    return replace(trace, candidates=(best, *trace.candidates[1:]))


def test_the_verdict_quotes_the_part_that_the_source_contains():
    phrase = "Toyota was founded by Tony and Maureen Wheeler"
    found = replace(example_trace(quote=phrase), null_p=0.01)
    name, verb = (
        placed_run(found, "Tony and Maureen Wheeler", 1),
        placed_run(found, "was founded by", 9),
    )
    best = found.candidates[0].instance_id
    assert verdict_in_words(with_runs(found, verb, name)) == (
        f"Best match: {best}, beyond chance. It contains “Tony and Maureen Wheeler”; "
        "“was founded by” is common; “Toyota” is not in it."
    )
    whole = placed_run(found, phrase, 1)
    assert verdict_in_words(with_runs(found, whole)) == f"Best match: {best}, beyond chance."
    common = replace(whole, n_instances=4)
    assert verdict_in_words(with_runs(found, common)) == f"Best match: {best}, beyond chance."
    unknown = replace(with_runs(found, name), null_p=None)
    assert "“Toyota was founded by” is not in it." in verdict_in_words(unknown)


def test_the_verdict_on_a_common_phrase_quotes_its_borrowed_part_and_the_rest():
    phrase = "was founded by Tony and Maureen Wheeler. The company was started in"
    found = example_trace(quote=phrase)
    start = found.response.index("Tony")
    part = Phrase(
        start=start, stop=start + len("Tony and Maureen Wheeler"), null_p=0.004, n_choices=2,
        nats=24.0, dataset="demo", row=156, instance_id="demo-156",
    )  # fmt: skip
    assert verdict_in_words(replace(found, null_p=0.06, borrowed_parts=(part,))) == (
        "“Tony and Maureen Wheeler” matches demo-156 beyond chance (1 in 250). The rest, "
        "“was founded by” and “The company was started in”, is common."
    )
