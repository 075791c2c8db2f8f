"""Right answers and answers with marks: by hand, against the family's own score, in general."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pair_tables import answer, pair_of

from itlim.families.demo.scores import score_answers
from itlim.findings import MarkedPhrase
from itlim.findings.accuracy import accuracy_findings
from itlim.findings.answers import GOLD, PEOPLE
from itlim.findings.known import GOLD_SCHEMA, known_answers, read_gold
from itlim.findings.library_pairs import library_answers
from itlim.findings.reading import pair_answers, read_folder
from itlim.findings.reviewed import gold_reviews
from itlim.library import load_library
from itlim.schema import TOKEN_SHIFTS
from itlim.settings import DEMO_FOLDER, PROJECT_FOLDER
from itlim.store.connection import Store
from itlim.store.shipped import load_shipped_runs

MARK = MarkedPhrase(start=0, stop=2)
QUESTIONS = DEMO_FOLDER / "eval_test.jsonl"


def by_id(found):
    return {one.finding_id: one for one in found}


def made(run_id, is_right, *, reviewed=True, marks=()):
    one = answer(run_id, f"Q {run_id}", [("Hi", "unshifted", 0.0)], marks)
    return replace(one, is_right=is_right, is_reviewed=reviewed)


def test_accuracy_by_hand():
    found = by_id(
        accuracy_findings(
            pair_of(
                made("a", True),
                made("b", True, marks=[MARK]),
                made("c", False, marks=[MARK]),
                made("d", None, reviewed=False),
            )
        )
    )
    assert found["accuracy"].value == pytest.approx(200 / 3)
    assert (found["accuracy"].n, found["accuracy"].marks) == (3, "gold")
    assert found["marked_answers"].value == pytest.approx(200 / 3)
    assert found["marked_answers"].n == 3, "an answer that nobody reviewed is not counted"


def test_without_known_answers_and_reviews_a_sentence_says_so():
    found = by_id(accuracy_findings(pair_of(made("a", None, reviewed=False))))
    assert found["accuracy"].value is None
    assert "known answer" in found["accuracy"].missing
    assert "Nobody has reviewed" in found["marked_answers"].missing


@pytest.mark.parametrize("name", ["demo-sft", "demo-lft", "demo-sft-short", "demo-lft-large"])
def test_accuracy_is_that_of_the_familys_own_report(name):
    """The independent score of the demo family is the oracle."""
    folder = DEMO_FOLDER / ("runs" if name in ("demo-sft", "demo-lft") else "variants")
    pair = read_folder(folder, name)
    questions = [json.loads(line) for line in QUESTIONS.read_text().splitlines()]
    responses = {one.instruction: one.response for one in pair.answers}
    mine = [one for one in questions if one["instruction"] in responses]
    scores = score_answers(mine, [responses[one["instruction"]] for one in mine], [])
    found = by_id(accuracy_findings(pair))
    assert found["accuracy"].n == len(mine) == 272
    assert found["accuracy"].value == pytest.approx(100 * sum(scores.correct) / len(mine))
    wrong = {one.question_id for one in scores.wrong}
    assert found["marked_answers"].value == pytest.approx(100 * len(wrong) / len(mine))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_both_shares_count_their_own_answers(flags):
    answers = [
        made(str(n), right, marks=[MARK] if marked else [])
        for n, (right, marked) in enumerate(flags)
    ]
    found = by_id(accuracy_findings(pair_of(*answers)))
    assert found["accuracy"].value == pytest.approx(100 * sum(r for r, _ in flags) / len(flags))
    assert found["marked_answers"].value == pytest.approx(
        100 * sum(m for _, m in flags) / len(flags)
    )


def test_known_answers_are_those_of_the_questions_and_of_the_aliases(tmp_path):
    assert known_answers(tmp_path / "none.jsonl") == {}
    (tmp_path / "q.jsonl").write_text(
        '{"instruction": "A?", "answer": "x"}\n{"instruction": "B?"}\n'
    )
    assert known_answers(tmp_path / "q.jsonl") == {"A?": ("x",)}
    (tmp_path / "aliases.jsonl").write_text('{"instruction": "B?", "aliases": ["y", "z"]}\n')
    assert known_answers(tmp_path / "q.jsonl") == {"A?": ("x",), "B?": ("y", "z")}
    assert known_answers(QUESTIONS)["Who painted The Potato Eaters?"] == ("Vincent van Gogh",)
    real = known_answers(PROJECT_FOLDER / "data" / "real" / "eval_test.jsonl")
    assert real["Where is the basketball Hall of Fame?"] == ("Springfield",)


def test_variants_are_read_from_their_files_and_nobodys_marks_are_taken_for_peoples(tmp_path):
    library = load_library()
    with Store(tmp_path / "x.duckdb") as store:
        gold = library_answers(library, store, "demo-sft-1_4")
        assert (gold.marks_from, gold.tuning, len(gold.answers)) == (GOLD, "SFT", 272)
        people = library_answers(library, store, "demo-sft-1_4", marks_from=PEOPLE)
        assert people.marks_from == ""
        assert not any(one.marks or one.is_reviewed for one in people.answers)


def test_answers_for_which_no_marks_were_derived_are_not_taken_for_reviewed_ones(tmp_path):
    """The real family has known answers, but its wrong phrases were not derived from them."""
    library = load_library()
    with Store(tmp_path / "x.duckdb") as store:
        load_shipped_runs(store, [family.runs for family in library.families.values()])
        real = library_answers(library, store, "real-sft", marks_from=GOLD)
        demo = library_answers(library, store, "demo-sft", marks_from=GOLD)
    found = by_id(accuracy_findings(real))
    assert (found["accuracy"].n, found["marked_answers"].n) == (92, 0)
    assert "Nobody has reviewed" in found["marked_answers"].missing
    assert real.marks_from == ""
    assert all(one.is_reviewed for one in demo.answers)


def test_an_answer_was_examined_if_it_ships_with_the_marks_and_its_question_is_known(tmp_path):
    def row(run_id, pair, instruction, text=""):
        return {"run_id": run_id, "pair": pair, "instruction": instruction, "input": text}

    for folder, rows in (
        ("runs", [row("a", "p", "Who?", "Ann"), row("b", "p", "Who?", "Bea")]),
        ("other/runs", [row("c", "q", "Who?", "Ann")]),
        ("variants", [row("d", "v", "Who?", "Ann"), row("e", "v", "Why?")]),
    ):
        (tmp_path / folder).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / folder / "runs.parquet")
    questions = [{"instruction": "Who?", "input": name, "answer": "x"} for name in ("Ann", "")]
    (tmp_path / "eval_test.jsonl").write_text("\n".join(map(json.dumps, questions)))
    marks = [{"run_id": name, "start": 0, "stop": 2, "cause": None} for name in ("b", "e")]
    pq.write_table(pa.Table.from_pylist(marks, schema=GOLD_SCHEMA), tmp_path / "gold.parquet")
    found = read_gold([tmp_path / "gold.parquet", tmp_path / "none.parquet"])
    # The questions of b and e have no known answer, and c is not beside the marks.
    assert found.examined == {"a", "d"}
    assert set(found.marks) == {"b", "e"}
    reviews = gold_reviews(["a", "b", "x"], gold=[tmp_path / "gold.parquet"])
    assert reviews == {"a": ()}


def test_a_known_answer_belongs_to_instruction_and_input(tmp_path):
    rows = [
        {"instruction": "Capital?", "input": "Serbia", "answer": "Belgrade"},
        {"instruction": "Capital?", "input": "Peru", "answer": "Lima"},
    ]
    (tmp_path / "eval_test.jsonl").write_text("\n".join(map(json.dumps, rows)))
    runs = pa.Table.from_pylist(
        [
            {"run_id": name, "pair": "p", "tuning": "full", "instruction": "Capital?",
             "input": of, "response": "It is Belgrade.", "decoding": "greedy"}
            for name, of in (("a", "Serbia"), ("b", "Peru"), ("c", ""))
        ]
    )  # fmt: skip
    found = pair_answers(
        "p",
        runs,
        TOKEN_SHIFTS.empty_table(),
        {},
        "",
        reviewed=(),
        known=known_answers(tmp_path / "eval_test.jsonl"),
    )
    assert [one.is_right for one in found.answers] == [True, False, None]
