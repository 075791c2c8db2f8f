import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leave_out_rows import leave_out_row as row
from leave_out_rows import leave_out_rows

from itlim.causality.leave_out.contrast import contrast_findings
from itlim.causality.leave_out.findings import read_leave_out
from itlim.families.demo.leave_out import LEAVE_OUT_FILE
from itlim.statistics.finding import by_group
from itlim.statistics.intervals import bootstrap_interval

GONE, LOST = "phrase_gone", "logp_drop"


def contrasted(*rows):
    return contrast_findings(leave_out_rows(*rows))


def values(found, key):
    arms = by_group(found, key, "test")
    return [arms[name].value for name in ("sources", "controls", "difference")]


def test_means_are_taken_per_case_first_and_paired():
    found = contrasted(
        row("a", "unique_verbatim", True, 3.0),
        row("a", "other", True, 1.0),
        row("a", "same_category", False, 0.0),
        row("b", "shared_group", False, 1.0, ids=("demo-1", "demo-2"), question="Where?"),
        row("b", "other", False, 0.2, question="Where?"),
    )
    assert values(found, GONE) == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert values(found, LOST) == pytest.approx([2.0, 0.35, 1.65])
    assert {(one.n, one.of) for one in found} == {(2, "cases from 2 questions")}


def test_cases_with_one_arm_control_groups_and_one_of_several_sources_do_not_count():
    found = contrasted(
        row("a", "unique_verbatim", True, 3.0),
        row("a", "other", False, 0.5),
        row("a", "other", True, 9.0, ids=("demo-3", "demo-4")),
        row("a", "verbatim", True, 9.0),
        row("b", "unique_verbatim", False, 9.0),
        row("c", "other", True, 9.0),
        row("d", "unique_verbatim", False, 9.0, main=False),
    )
    assert values(found, LOST) == [3.0, 0.5, 2.5]
    assert by_group(found, GONE)["sources"].interval is None  # One question has no spread.


def test_seeds_are_pooled_and_splits_are_separate():
    found = contrasted(
        *(row(f"{seed}-a", "unique_verbatim", seed == 1, seed=seed) for seed in (0, 1)),
        *(row(f"{seed}-a", "other", False, seed=seed) for seed in (0, 1)),
        row("d", "unique_verbatim", True, split="dev"),
        row("d", "other", True, split="dev"),
    )
    assert values(found, GONE) == [0.5, 0.0, 0.5]
    assert by_group(found, GONE, "test")["sources"].of == "cases from 1 question"
    difference = by_group(found, GONE, "dev")["difference"]
    assert difference.value == 0.0
    assert difference.claim == "dev, difference between these two: the phrase is gone"


def test_without_any_source_the_findings_are_undefined_not_zero():
    found = contrasted(row("a", "other", True))
    assert [(one.value, one.n) for one in found] == [(None, 0)] * 6


@settings(max_examples=10)  # Each example draws six bootstraps.
@given(st.lists(st.tuples(st.booleans(), st.lists(st.booleans(), min_size=1)), min_size=1))
def test_the_difference_equals_the_difference_of_the_means(cases):
    rows = []
    for number, (gone, controls) in enumerate(cases):
        rows.append(row(f"c{number}", "unique_verbatim", gone, question=f"{number % 3}?"))
        rows += [row(f"c{number}", "other", one, question=f"{number % 3}?") for one in controls]
    source, control, difference = values(contrasted(*rows), GONE)
    assert source - control == pytest.approx(difference)


def test_the_shipped_table_agrees_with_pandas():
    table = read_leave_out(LEAVE_OUT_FILE)
    frame = table.to_pandas().query("split == 'test' and is_main")
    single = frame[frame.instance_ids.map(len) == 1]
    source = frame[frame.relation.isin(["unique_verbatim", "shared_group"])]
    control = single[single.relation.isin(["same_category", "other"])]
    means = [part.groupby("case_id").phrase_gone.mean() for part in (source, control)]
    both = means[0].to_frame("source").join(means[1].rename("control"), how="inner")
    questions = frame.groupby("case_id").instruction.first()
    both["question"] = questions[both.index]
    one = by_group(contrast_findings(table), GONE, "test")["difference"]
    assert one.value == pytest.approx((both.source - both.control).mean())
    assert one.n == len(both) == 160
    groups = [g.source.to_numpy() - g.control.to_numpy() for _, g in both.groupby("question")]
    oracle = bootstrap_interval(groups, lambda some: float(np.concatenate(some).mean()), seed=1)
    assert one.interval == pytest.approx(oracle, abs=0.01)
