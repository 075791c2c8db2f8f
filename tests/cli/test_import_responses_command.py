"""`itlim import-responses` as a user runs it."""

import json

import pytest
from borrowed_answers import answers, build_invented, dataset_rows, write_lines

from itlim.records import ResponseRun
from itlim.store.batches import tags_by_run
from itlim.store.connection import Store
from itlim.store.runs import count_runs, list_runs, load_run

ROWS = [
    {"instruction": "Name a sea.", "output": "The Aral Sea.", "generator": "tern-7b"},
    {"instruction": "Name a river.", "output": "", "generator": "tern-7b"},
    {"instruction": "Name a hill.", "output": "Ben Nevis."},
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    write_lines(tmp_path / "tern.jsonl", ROWS)
    return tmp_path


def test_answers_are_stored_once_and_what_was_left_out_is_said(itlim, home):
    db = home / "runs.duckdb"
    code, out, err = itlim("import-responses", home / "tern.jsonl", "--db", db)
    assert code == 0
    assert out.startswith("1 new answer of tern-7b stored. No token measures: ")
    assert "1 of 3 rows used, 2 left out" in err
    assert "'output' is empty (once; line 2)" in err
    assert "no model is named in generator, model_id, model (once; line 3)" in err
    code, out, _ = itlim("import-responses", home / "tern.jsonl", "--db", db)
    assert out.startswith("0 new answers of tern-7b stored, 1 already stored.")
    with Store(db) as store:
        assert count_runs(store) == 1


def test_a_given_name_is_that_of_all_rows_and_json_names_the_runs(itlim, home):
    db = home / "runs.duckdb"
    code, out, err = itlim(
        "import-responses", home / "tern.jsonl", "--model", "mine", "--db", db, "--json"
    )
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert (document["models"], document["n_new"], document["n_already_stored"]) == (["mine"], 2, 0)
    assert document["report"]["n_left_out"] == 1
    with Store(db) as store:
        runs = [load_run(store, one) for one in document["run_ids"]]
        assert all(isinstance(run, ResponseRun) for run in runs)
        assert [run.response for run in runs] == ["The Aral Sea.", "Ben Nevis."]
        assert list_runs(store)["n_tokens"].to_pylist() == [None, None]


def test_mt_bench_needs_its_questions(itlim, home):
    choices = [{"index": 0, "turns": ["It rains.", "It snows."]}]
    write_lines(
        home / "heron.jsonl",
        [{"question_id": one, "model_id": "heron-2b", "choices": choices} for one in (81, 82)],
    )
    write_lines(
        home / "question.jsonl",
        [{"question_id": one, "turns": [f"Question {one}?"]} for one in (81, 82)],
    )
    code, _, err = itlim("import-responses", home / "heron.jsonl")
    assert code == 2
    assert "--questions FILE" in err
    code, out, err = itlim(
        "import-responses", home / "heron.jsonl", "--questions", home / "question.jsonl"
    )
    assert code == 0
    assert out.startswith("2 new answers of heron-2b stored.")
    assert "only the first turn is read, the others are left out (2 times)" in err


@pytest.mark.parametrize("name", ["nowhere.jsonl", "owner/name"])
def test_a_missing_file_is_an_error(itlim, home, name):
    code, _, err = itlim("import-responses", name)
    assert code == 2
    assert f"no file {name}" in err


def test_the_provenance_of_imported_answers_is_that_of_the_file(itlim, home, monkeypatch):
    build_invented(home, "set-1", dataset_rows(1), monkeypatch)
    write_lines(home / "tuned.jsonl", answers(0, copied_from=dataset_rows(1)))
    index = ("--index", home / "set-1", "--json")
    itlim("import-responses", home / "tuned.jsonl", "--model", "tuned")
    stored, from_file = (
        json.loads(itlim("provenance", *chosen, *index)[1])["datasets"][0]
        for chosen in (("--pair", "tuned"), ("--responses", home / "tuned.jsonl"))
    )
    assert (stored["n"], stored["share"]) == (from_file["n"], from_file["share"])
    code, _, err = itlim("provenance", "--pair", "nobody", *index)
    assert code == 2
    assert "nobody" in err


def test_task_and_topic_of_a_row_become_tags_of_its_answer(itlim, home):
    rows = [
        {"instruction": "Name a sea.", "output": "Aral.", "task": "qa", "topic": "seas", "id": 7},
        {"instruction": "Name a hill.", "output": "Ben Nevis.", "Task": "list", "dataset": "koala"},
        {"instruction": "Name a lake.", "output": "Como.", "task": "", "topic": None},
    ]
    write_lines(home / "tagged.jsonl", rows)
    code, _, err = itlim(
        "import-responses", home / "tagged.jsonl", "--model", "m", "--db", home / "x.duckdb"
    )
    assert code == 0
    assert "'task'" not in err.lower()
    assert "dataset" in err, "other columns are still named as not used"
    with Store(home / "x.duckdb") as store:
        runs = {row["run_id"]: row["response"] for row in list_runs(store).to_pylist()}
        tags = {runs[run]: sorted(of_run) for run, of_run in tags_by_run(store).items()}
    assert tags == {"Aral.": ["task: qa", "topic: seas"], "Ben Nevis.": ["task: list"]}
