import csv
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from itlim.datasets.responses import NO_MODEL, is_question_file, read_responses
from itlim.errors import DatasetError, InputError
from itlim.ids import response_run_id
from itlim.records import IMPORTED_ORIGIN

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ALPACA_EVAL = {
    "instruction": "Name a river in Peru.",
    "output": "The Marañón.",
    "generator": "tern-7b",
    "dataset": "invented",
    "datasplit": "eval",
}
JUST_EVAL = {
    "id": 3,
    "instruction": "Write a line about tea.",
    "source_id": "invented-3",
    "dataset": "invented",
    "output": "Tea cools slowly.\nSo do I.",
    "generator": "plover-13b",
}


def answer(question=81, turns=("It rains.", "It snows."), n_choices=1, **changes):
    choices = [{"index": n, "turns": list(turns)} for n in range(n_choices)]
    row = {
        "question_id": question,
        "answer_id": "x1",
        "model_id": "heron-2b",
        "choices": choices,
        "tstamp": 1.5,
    }
    return row | changes


QUESTIONS = [
    {"question_id": 81, "category": "writing", "turns": ["How is the weather?", "And tomorrow?"]},
    {"question_id": 82, "category": "math", "turns": ["Is 91 prime?", "Is 97?"]},
]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def read(path, **options):
    return read_responses(path, imported_at=NOW, **options)


def contents(read):
    return [(run.pair, run.instruction, run.input, run.response) for run in read.runs]


@pytest.mark.parametrize("row", [ALPACA_EVAL, JUST_EVAL])
def test_the_model_of_an_answer_is_the_one_that_its_row_names(tmp_path, row):
    found = read(jsonl(tmp_path / "answers.jsonl", [row]))
    (run,) = found.runs
    assert (run.pair, run.instruction, run.input, run.response) == (
        row["generator"],
        row["instruction"],
        "",
        row["output"],
    )
    assert (run.origin, run.created_at) == (IMPORTED_ORIGIN, NOW)
    assert found.models == (row["generator"],)


def test_a_given_name_replaces_those_of_the_rows(tmp_path):
    found = read(jsonl(tmp_path / "answers.jsonl", [ALPACA_EVAL, JUST_EVAL]), model=" mine ")
    assert found.models == ("mine",)
    assert any("'generator'" in line for line in found.lines)


def test_every_kind_of_file_gives_the_same_runs(tmp_path):
    rows = [ALPACA_EVAL | {"input": "Only one."}, ALPACA_EVAL | {"output": "The Ucayali, too."}]
    table = [
        {name: row.get(name, "") for name in ("instruction", "input", "output", "generator")}
        for row in rows
    ]
    written = [
        jsonl(tmp_path / "a.jsonl", table),
        tmp_path / "a.json",
        tmp_path / "a.csv",
        tmp_path / "a.parquet",
    ]
    written[1].write_text(json.dumps(table), "utf-8")
    with written[2].open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    pq.write_table(pa.Table.from_pylist(table), written[3])
    first, *others = [read(path).runs for path in written]
    assert [run.input for run in first] == ["Only one.", ""]
    assert all(other == first for other in others)


def test_ids_are_hashes_of_the_texts_and_the_name_of_the_model(tmp_path):
    (run,) = read(jsonl(tmp_path / "a.jsonl", [ALPACA_EVAL])).runs
    (later,) = read_responses(
        jsonl(tmp_path / "b.jsonl", [{"padding": "x"} | ALPACA_EVAL]),
        imported_at=datetime(2027, 1, 1, tzinfo=UTC),
    ).runs
    assert run.run_id == later.run_id == response_run_id(*contents_of(run))
    (other,) = read(tmp_path / "a.jsonl", model="another").runs
    assert other.run_id != run.run_id


def contents_of(run):
    return run.pair, run.instruction, run.input, run.response


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=6)] * 4),
        min_size=2,
        max_size=12,
    )
)
def test_different_contents_never_share_an_id(contents):
    ids = {one: response_run_id(*one) for one in contents}
    assert len(set(ids.values())) == len(set(contents))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "instruction": st.sampled_from(["Name a sea.", "Tell me, 🙂?", "", None]),
                "output": st.sampled_from(["The Aral.", "No — “no”.", "  ", None, 7]),
                "generator": st.sampled_from(["a", "b", "", None]),
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_row_is_a_run_a_repetition_or_counted_as_left_out(tmp_path, rows):
    path = jsonl(tmp_path / "rows.jsonl", rows)
    usable = [row for row in rows if row["instruction"] and str(row["output"] or "").strip()]
    named = [row for row in usable if row["generator"]]
    expected = dict.fromkeys(
        (row["generator"], row["instruction"], "", str(row["output"])) for row in named
    )
    if not named:
        with pytest.raises((InputError, DatasetError)):
            read(path)
        return
    found = read(path)
    assert contents(found) == list(expected)
    assert found.report.n_rows == len(rows)
    assert found.report.n_instances == len(named)
    assert found.report.n_left_out == len(rows) - len(named)
    assert sum(one.count for one in found.report.left_out) == len(rows) - len(named)
    unnamed = sum(one.count for one in found.report.left_out if one.reason == NO_MODEL)
    assert unnamed == len(usable) - len(named)


def test_a_file_that_names_no_model_asks_for_its_name(tmp_path):
    path = jsonl(tmp_path / "answers.jsonl", [{"instruction": "Name a sea.", "output": "Aral."}])
    with pytest.raises(InputError, match="--model NAME"):
        read(path)
    assert read(path, model="mine").models == ("mine",)


def test_answers_are_never_downloaded(tmp_path):
    with pytest.raises(InputError, match="no file owner/name"):
        read("owner/name")


def test_the_first_turn_of_mt_bench_is_read_and_the_others_are_counted(tmp_path):
    rows = [
        answer(),
        answer(82, ["Yes."]),
        answer(82, ["No, 7 times 13.", "Yes."], n_choices=2),
        answer(99),
        answer(81, [" "]),
        answer(81, choices=[]),
        answer(None),
    ]
    questions = jsonl(tmp_path / "question.jsonl", QUESTIONS)
    found = read(jsonl(tmp_path / "heron.jsonl", rows), questions=questions)
    assert contents(found) == [
        ("heron-2b", "How is the weather?", "", "It rains."),
        ("heron-2b", "Is 91 prime?", "", "Yes."),
        ("heron-2b", "Is 91 prime?", "", "No, 7 times 13."),
    ]
    said = " ".join(found.lines)
    assert "3 of 7 rows used, 4 left out" in said
    assert "question 99 is not in the file of questions (once; line 4)" in said
    assert "no text in its first turn (2 times; lines 5, 6)" in said
    assert "the key 'question_id' is missing (once; line 7)" in said
    assert "only the first turn is read, the others are left out (2 times)" in said
    assert "only the first choice is read, the others are left out (once)" in said


def test_ids_of_questions_may_be_numbers_in_one_file_and_texts_in_the_other(tmp_path):
    questions = tmp_path / "question.parquet"
    rows = [one | {"question_id": str(one["question_id"])} for one in QUESTIONS]
    pq.write_table(pa.Table.from_pylist(rows), questions)
    found = read(jsonl(tmp_path / "a.jsonl", [answer(82, ["Yes."])]), questions=questions)
    assert contents(found) == [("heron-2b", "Is 91 prime?", "", "Yes.")]


def test_mt_bench_answers_without_questions_ask_for_them(tmp_path):
    path = jsonl(tmp_path / "heron.jsonl", [answer()])
    with pytest.raises(InputError, match="--questions FILE"):
        read(path)
    with pytest.raises(DatasetError, match="has no MT-bench question"):
        read(path, questions=path)


def test_only_a_file_of_questions_is_one(tmp_path):
    assert is_question_file(jsonl(tmp_path / "question.jsonl", QUESTIONS))
    assert not is_question_file(jsonl(tmp_path / "heron.jsonl", [answer()]))
    assert not is_question_file(jsonl(tmp_path / "a.jsonl", [ALPACA_EVAL]))


def test_text_that_cannot_be_stored_is_left_out(tmp_path):
    lines = [json.dumps(answer(81, ["half \ud800"])), json.dumps(answer(82, ["Yes."]))]
    path = tmp_path / "heron.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    found = read(path, questions=jsonl(tmp_path / "question.jsonl", QUESTIONS))
    assert [run.response for run in found.runs] == ["Yes."]
    assert "surrogate" in " ".join(found.lines)


def test_mt_bench_in_csv_has_its_lists_as_text(tmp_path):
    path = tmp_path / "heron.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(answer()))
        writer.writeheader()
        for row in (answer(), answer(82, ["Yes."])):
            writer.writerow(row | {"choices": json.dumps(row["choices"])})
    found = read(path, questions=jsonl(tmp_path / "question.jsonl", QUESTIONS))
    assert [run.response for run in found.runs] == ["It rains.", "Yes."]
