"""What the parts about several pairs and about datasets add to the exports of the page."""

from dataclasses import replace

import pyarrow as pa
import pytest

from itlim.charts.lengths import LengthBox
from itlim.findings.comparison import compare_pairs
from itlim.findings.estimates import Estimate
from itlim.findings.likeness import likeness_findings
from itlim.findings.outcomes import marked_outcomes
from itlim.findings.profiles import dataset_profile
from itlim.findings.recipes import Axis, RecipeRow
from itlim.library import PairFacts
from itlim.ui.findings.compare import Compared
from itlim.ui.findings.datasets import Profiles
from itlim.ui.findings.recipes import Recipes
from itlim.ui.findings.report import findings_report
from itlim.ui.findings.report_parts import comparison_report, profiles_report, recipes_report
from tests.findings.pair_tables import answer, pair_of


def by_id(rows):
    return {one.finding_id: one for one in rows}


def written(part):
    return findings_report([], {}, [], part.sections())


def pairs():
    made = []
    for name, right in (("a", [True, True, False]), ("b", [False, True, False])):
        answers = [
            replace(answer(f"{name}{n}", f"Q{n}", [("Hi", "unshifted", n / 2)]), is_right=flag)
            for n, flag in enumerate(right)
        ]
        made.append(replace(pair_of(*answers), pair=name))
    return made


def test_a_comparison_is_exported_with_sentence_differences_flips_and_cases():
    first, second = pairs()
    found = compare_pairs(first, second)
    part = comparison_report(
        Compared(
            comparison=found,
            outcomes=marked_outcomes(first, second),
            likeness=likeness_findings(first, second),
            instructions={"a0": "Which <b>one</b>?"},
        )
    )
    rows = by_id(part.rows)
    assert rows["comparison"].claim == found.sentence
    assert rows["difference_accuracy"].value == pytest.approx(-100 / 3)
    assert (rows["flips_right_first"].value, rows["flips_right_p"].value) == (1, 1)
    assert rows["same_words"].value == 100
    assert "outcome_both" in rows
    report = written(part)
    assert found.sentence in report
    assert "the known answer is in the answer of a alone 1 time" in report
    assert "<td>Which &lt;b&gt;one&lt;/b&gt;?</td>" in report
    assert "<td>right answers</td><td>66.67</td><td>33.33</td>" in report
    assert "itlim-paired-differences-differences" in report


def test_a_measure_by_size_is_exported_with_the_pairs_that_only_its_figure_has():
    def row(pair, value, instances):
        estimate = Estimate(
            finding_id="kl_mean", pair=pair, claim="mean KL", value=value, unit="nats", n=3,
            of="tokens", n_responses=2,
        )  # fmt: skip
        facts = PairFacts(kind="SFT", dataset="d", instances=instances, parameters=None, rank=None)
        return RecipeRow(
            pair=pair, family="", family_name="", base="base", facts=facts, estimate=estimate,
            response_words=None,
        )  # fmt: skip

    rows = [row("sft", 0.5, 400), row("sft-1_4", 0.25, 100)]
    drawn = [Recipes(title="mean KL by size", axis=Axis.INSTANCES, rows=rows)] * 2
    part = recipes_report(drawn, ["sft"])
    assert [(one.pair, one.value) for one in part.rows] == [("sft-1_4", 0.25)]
    report = written(part)
    assert "mean KL by size" in report
    assert "<td>sft-1_4</td>" in report
    assert "itlim-mean-kl-by-size" in report


def test_a_profile_is_exported_with_sizes_lengths_tasks_and_first_words():
    rows = [
        {"instruction": "Name a lake now.", "input": "", "response": "Ohrid.", "extra": task}
        for task in ('{"task": "qa"}', '{"task": "qa"}', '{"task": "list"}')
    ]
    rows.append({"instruction": "Go.", "input": "x", "response": "I go on.", "extra": None})
    profile = dataset_profile("lakes", pa.Table.from_pylist(rows))
    box = LengthBox(label="lakes", lengths=profile.response_words, n=4, is_dataset=True)
    part = profiles_report(Profiles(profiles=[profile], boxes=[box]))
    found = by_id(part.rows)
    assert (found["dataset_instances"].value, found["dataset_with_input"].value) == (4, 1)
    assert found["dataset_instruction_words"].value == (4 + 4 + 4 + 1) / 4
    assert found["dataset_response_words_50"].value == 1
    assert found["dataset_task_qa"].value == 50
    assert {one.pair for one in part.rows} == {"lakes"}
    report = written(part)
    assert "<td>first word of the instruction</td><td>name</td><td>3</td><td>75</td>" in report
    assert "itlim-the-tuning-datasets-words" in report
    assert profiles_report(Profiles()).sections() == []
