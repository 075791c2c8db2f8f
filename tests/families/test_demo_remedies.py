"""The remedies on the demo family: the shipped answers, and one small study from its start."""

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from itlim.datasets.lineage import read_lineage
from itlim.families.demo.remedies import RECIPES, REMEDIES, SEEDS, make_remedy_answers
from itlim.findings.remedies import CLEAR, remedy_cells
from itlim.findings.remedy_answers import PLAIN, RemedyMeasure, read_remedy_answers
from itlim.schema import REMEDY_ANSWERS
from itlim.settings import DEMO_FOLDER, PROJECT_FOLDER

SHIPPED = DEMO_FOLDER / "remedies" / "answers.parquet"


def rows(table, **wanted):
    for name, value in wanted.items():
        table = table.filter(pc.equal(table[name], value))
    return table


def test_every_model_of_the_study_has_answered_every_question():
    table = pq.read_table(SHIPPED, schema=REMEDY_ANSWERS)
    questions = set(table["question_id"].to_pylist())
    assert len(questions) == 272
    for remedy in REMEDIES:
        for recipe in RECIPES:
            for seed in SEEDS:
                mine = rows(table, remedy=remedy.name, recipe=recipe, seed=seed)
                assert set(mine["question_id"].to_pylist()) == questions
    assert table.num_rows == len(REMEDIES) * len(RECIPES) * len(SEEDS) * len(questions)


def test_plain_tuning_with_the_shipped_seed_gives_the_shipped_answers():
    table = pq.read_table(SHIPPED, schema=REMEDY_ANSWERS)
    runs = pq.read_table(DEMO_FOLDER / "runs" / "runs.parquet")
    for recipe in RECIPES:
        mine = rows(table, remedy=PLAIN, recipe=recipe, seed=0)
        stored = rows(runs, pair=f"demo-{recipe}")
        assert dict(
            zip(mine["instruction"].to_pylist(), mine["response"].to_pylist(), strict=True)
        ) == dict(
            zip(stored["instruction"].to_pylist(), stored["response"].to_pylist(), strict=True)
        )


def cells_of(recipe):
    found = remedy_cells(PLAIN, read_remedy_answers(SHIPPED, recipe))
    return {(one.remedy, one.measure): one for one in found}


def described(cell, digits):
    """A cell as the README prints it."""
    numbers = [f"{one:.{digits}f}" for one in (cell.value, cell.ci_low, cell.ci_high)]
    if cell.measure is RemedyMeasure.KL:
        numbers = [one.removeprefix("0") for one in numbers]
    mean, low, high = (one.replace("100.0", "100") for one in numbers)
    star = " *" if cell.p_holm is not None and cell.p_holm < CLEAR else ""
    return f"{mean} [{low}, {high}]{star}"


@pytest.mark.parametrize(("recipe", "kl_digits"), [("sft", 3), ("lft", 4)])
def test_the_tables_of_the_readme_are_those_of_the_shipped_answers(recipe, kl_digits):
    text = (DEMO_FOLDER / "README.md").read_text(encoding="utf-8")
    head = f"| {recipe.upper()}, n = 272 × 3 | "
    lines = text[text.index(head) :].split("\n\n")[0].split("\n")[2:]
    cells = cells_of(recipe)
    assert len(lines) == len(REMEDIES)
    for line in lines:
        name, *printed = (one.strip() for one in line.strip("|").split("|"))
        measures = list(RemedyMeasure)[:4]
        assert printed == [
            described(cells[name.lower(), one], kl_digits if one is RemedyMeasure.KL else 1)
            for one in measures
        ]


def test_the_sentences_of_the_readmes_quote_the_shipped_answers():
    cells = cells_of("sft")
    text = (DEMO_FOLDER / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    right = cells["simplified", RemedyMeasure.RIGHT]
    fewer = [
        f"{-one:.1f}" for one in (right.difference, right.difference_high, right.difference_low)
    ]
    assert "{} percentage points fewer right answers [{}, {}]".format(*fewer) in text
    wrong = cells["simplified", RemedyMeasure.WRONG]
    gap = [f"{one:.1f}" for one in (wrong.difference, wrong.difference_low, wrong.difference_high)]
    p = f"{wrong.p_holm:.2f}".removeprefix("0")
    quoted = "({} [{}, {}], adjusted p = {})".format(*gap, p).replace("-", "\u2212")
    assert quoted in text
    main = (PROJECT_FOLDER / "README.md").read_text(encoding="utf-8")
    plain = described(cells[PLAIN, RemedyMeasure.WRONG], 1)
    assert f"SFT {plain.replace(' [', '% [')}" in main


@pytest.mark.full
def test_a_study_resumes_without_tuning_finished_models_again(tmp_path):
    few = {"remedies": REMEDIES[4:5], "seeds": (0,), "questions": 12}
    seen = []
    first = make_remedy_answers(tmp_path, progress=lambda *step: seen.append(step), **few)
    assert [(done, total) for done, total, _ in seen] == [(0, 2), (1, 2), (2, 2)]
    lineage = read_lineage(tmp_path / "simplified.jsonl")
    assert (lineage.operation, lineage.settings["sentences"]) == ("simplify", 1)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("answers-*.parquet")}
    assert make_remedy_answers(tmp_path, **few).equals(first)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    shipped = rows(pq.read_table(SHIPPED), remedy="simplified", seed=0)
    expected = {(row["recipe"], row["question_id"]): row["response"] for row in shipped.to_pylist()}
    assert first.num_rows == 24
    for row in first.to_pylist():
        assert row["response"] == expected[row["recipe"], row["question_id"]]
