"""Rows by kind, size and rank, what is missing in them, and the paper's ratings."""

import csv
from dataclasses import replace

import pytest
from pair_tables import answer, pair_of

from itlim.charts.recipes import RecipePoint, rating_lines, recipe_figure
from itlim.findings import findings_of
from itlim.findings.paper import RATINGS_FILE, ratings
from itlim.findings.recipes import Axis, recipe_rows
from itlim.library import load_library
from itlim.records import TUNING_KINDS
from itlim.ui.findings.recipes import MEASURES, missing_sentences

NAMES = ["demo-sft", "demo-sft-1_8", "demo-lft", "demo-sft-short", "demo-sft-large", "real-sft"]


@pytest.fixture(scope="module")
def rows():
    found = {}
    for number, name in enumerate([*NAMES, "stranger"]):
        toy = pair_of(answer(name, "Q", [("Hi", "unshifted", float(number + 1))]))
        found[name] = findings_of(replace(toy, pair=name))
    return recipe_rows(load_library(), found, "kl_mean")


def test_rows_have_the_value_and_the_facts_of_their_pair(rows):
    assert [one.pair for one in rows] == NAMES, "nothing is known about a stranger"
    assert [one.at(Axis.INSTANCES) for one in rows] == [405, 51, 405, 405, 405, 380]
    assert [one.estimate.value for one in rows] == [1, 2, 3, 4, 5, 6]
    assert [one.at(Axis.RANK) for one in rows] == [None, None, 8, None, None, None]
    assert rows[2].at(Axis.KIND) == "LFT"


def test_only_pairs_that_differ_in_nothing_but_the_axis_are_one_group(rows):
    by_instances = [one.group(Axis.INSTANCES) for one in rows]
    assert by_instances[0] == by_instances[1]
    assert len(set(by_instances)) == 5, "dataset, size, kind and family separate groups"
    by_size = [one.group(Axis.PARAMETERS) for one in rows]
    assert by_size[0] == by_size[4] != by_size[1]


def test_kinds_and_ranks_without_a_pair_are_named(rows):
    assert missing_sentences(rows, Axis.KIND) == ["No pair of this kind: chat."]
    assert missing_sentences(rows, Axis.RANK) == ["No pair with rank 2, 4, 16, 32."]
    undefined = [
        replace(rows[0], estimate=replace(rows[0].estimate, value=None, missing="Nothing."))
    ]
    assert "demo-sft: Nothing." in missing_sentences(undefined, Axis.INSTANCES)


def points(rows, axis):
    return [
        RecipePoint(group=one.group(axis), kind=one.facts.kind, at=one.at(axis),
                    estimate=one.estimate)
        for one in rows if one.at(axis) is not None
    ]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_are_sorted_and_a_kind_without_pairs_has_an_empty_column(rows, theme):
    figure = recipe_figure(points(rows, Axis.INSTANCES), axis_title="n", theme=theme)
    (line,) = [trace for trace in figure.data if len(trace.x) == 2]
    assert (list(line.x), list(line.y)) == ([51, 405], [2, 1])
    kinds = recipe_figure(points(rows, Axis.KIND), axis_title="kind", kinds=TUNING_KINDS)
    assert list(kinds.layout.xaxis.ticktext) == ["LFT", "SFT", "chat<br>(no pair)"]
    lft = [x for trace in kinds.data for x, y in zip(trace.x, trace.y, strict=True) if y == 3]
    assert -0.5 < lft[0] < 0.5


def test_the_papers_ratings_are_the_cells_of_its_tables():
    with RATINGS_FILE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["train_set"]]
    assert len(ratings()) == 5 * len(rows)
    (one,) = [
        one for one in ratings()
        if (one.model, one.tuning, one.dataset, one.instances, one.aspect, one.test_set)
        == ("LLaMa-2 7B", "SFT", "Alpaca", 52_000, "factuality", "just-eval-instruct 1k")
    ]  # fmt: skip
    assert one.value == 2.07
    figure = rating_lines([one, replace(one, value=None, instances=1000)])
    assert (list(figure.data[0].x), list(figure.data[0].y)) == ([52_000], [2.07])


def test_ratings_of_several_datasets_are_lines_of_their_own():
    """Figure 3: the domain's dataset beside general ones, on the domain's test set."""
    chosen = [
        one for one in ratings()
        if (one.model, one.aspect, one.test_set)
        == ("LLaMa-2 13B", "factuality", "MedInstruct-test 216")
    ]  # fmt: skip
    names = [line.name for line in rating_lines(chosen).data]
    assert {"LLaMa-2 13B SFT, MedInstruct", "LLaMa-2 13B LFT, LIMA"} < set(names)
    assert len(names) == len(set(names))


def test_pairs_are_compared_over_tuning_datasets(rows):
    assert [one.at(Axis.DATASET) for one in rows][-3:] == ["demo-short", "demo", "real"]
    assert rows[0].group(Axis.DATASET) == rows[3].group(Axis.DATASET)
    assert rows[0].group(Axis.DATASET) != rows[2].group(Axis.DATASET), "LFT and SFT stay apart"
    names = ("demo", "demo-short", "real")
    figure = recipe_figure(points(rows, Axis.DATASET), axis_title="dataset", kinds=names)
    assert tuple(figure.layout.xaxis.ticktext) == names


def test_the_judges_score_and_judged_causes_are_measures_of_this_part():
    assert {"judge_score", "causal_share"} < set(MEASURES)
