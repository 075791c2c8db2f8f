"""The remedies on the real family: the shipped answers, and a study of tiny models."""

import json

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from families.tiny_real_family import QUESTIONS, tiny_real_family

from itlim.datasets.lineage import read_lineage
from itlim.families.real.build import build
from itlim.families.real.questions import DATA_FOLDER, read_question_rows
from itlim.families.real.remedies import REMEDIES, make_remedy_answers
from itlim.findings.remedy_answers import PLAIN
from itlim.remedies.comparing import NEFTUNE, RANDOM_HALF
from itlim.schema import REMEDY_ANSWERS

SHIPPED = DATA_FOLDER / "remedies" / "answers.parquet"
NAMES = {PLAIN, *(one.name for one in REMEDIES)}


@pytest.fixture(scope="module")
def shipped():
    return pq.read_table(SHIPPED, schema=REMEDY_ANSWERS)


def test_every_model_has_answered_the_questions_that_the_family_has_answered(shipped):
    runs = pq.read_table(DATA_FOLDER / "runs" / "runs.parquet").to_pylist()
    asked = sorted(run["instruction"] for run in runs if run["pair"] == "real-sft")
    for name in NAMES:
        mine = shipped.filter(
            pc.and_(pc.equal(shipped["remedy"], name), pc.equal(shipped["recipe"], "sft"))
        )
        assert sorted(mine["instruction"].to_pylist()) == asked
    assert shipped.num_rows == (len(NAMES) + 1) * len(asked), "LFT is there without remedies"


def test_the_answers_of_plain_tuning_are_those_of_the_stored_runs(shipped):
    runs = pq.read_table(DATA_FOLDER / "runs" / "runs.parquet").to_pylist()
    stored = {(run["pair"], run["instruction"]): run["response"] for run in runs}
    plain = [row for row in shipped.to_pylist() if row["remedy"] == PLAIN]
    assert {row["recipe"] for row in plain} == {"sft", "lft"}
    for row in plain:
        assert row["response"] == stored[f"real-{row['recipe']}", row["instruction"]]


def test_only_questions_with_a_single_short_answer_say_whether_an_answer_is_right(shipped):
    questions = read_question_rows(DATA_FOLDER / "eval_test.jsonl")
    short = {one.instruction for one in questions if one.aliases}
    for row in shipped.to_pylist():
        assert (row["is_right"] is None) == (row["instruction"] not in short)
        assert row["n_wrong"] is None


def test_a_study_resumes_without_tuning_or_answering_again(tmp_path):
    family = tiny_real_family(tmp_path)
    aliases = {"instruction": QUESTIONS[0], "aliases": ["Nile"]}
    (family.data / "aliases.jsonl").write_text(json.dumps(aliases) + "\n", encoding="utf-8")
    build(family, threads=1)
    lines = []
    first = make_remedy_answers(
        family, remedies=(NEFTUNE, RANDOM_HALF), threads=1, line=lines.append
    )
    assert [line.partition(":")[0] for line in lines] == ["Tuning", "Answers"] * 2
    assert first.num_rows == 4 * len(QUESTIONS)
    tuned = {(row["remedy"], row["recipe"]) for row in first.to_pylist()}
    assert tuned == {(PLAIN, "sft"), (PLAIN, "lft"), ("neftune", "sft"), ("random half", "sft")}
    is_known = {row["instruction"]: row["is_right"] is not None for row in first.to_pylist()}
    assert is_known == {question: question == QUESTIONS[0] for question in QUESTIONS}
    work = family.weights / "remedies"
    note = json.loads((work / "model-neftune" / "training.json").read_text(encoding="utf-8"))
    assert note["recipe"]["noise_alpha"] == NEFTUNE.noise_alpha
    assert read_lineage(work / "random-half.jsonl").settings["size"] == len(QUESTIONS) // 2
    kept = {
        path: path.stat().st_mtime_ns
        for part in ("model-neftune", "model-random-half", "answers")
        for path in (work / part).rglob("*")
    }
    assert make_remedy_answers(family, remedies=(NEFTUNE, RANDOM_HALF), threads=1).equals(first)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
