"""Every reader of files, on broken variants of valid ones: a clean result or an `ItlimError`."""

import io
import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import tomli_w
from example_runs import example_response, example_run
from hypothesis import given
from hypothesis import strategies as st

from itlim.annotation.exchange import ExchangeFormat, read_annotations, write_annotations
from itlim.annotation.protocol import study_from_toml
from itlim.batch.instructions import read_instructions
from itlim.causality.leave_out.marked_instructions import read_marked_instructions
from itlim.causality.retraining.unfinished import UnfinishedExperiments
from itlim.datasets import preview_dataset, read_dataset
from itlim.datasets.responses import is_question_file, read_responses
from itlim.export import exported_run, run_to_json, run_to_parquet
from itlim.findings.estimates import Estimate
from itlim.findings.kept import load_kept
from itlim.library import differences_from_training, load_library, training_note
from itlim.models.adapter_settings import read_adapter_settings
from itlim.records import ModelSource, Pair
from itlim.remedies.rating_files import read_ratings
from itlim.store.connection import Store
from itlim.store.ratings import save_ratings
from itlim.store.restoring import restore
from itlim.store.runs import save_run
from tests.annotation.exchanged import DOG_ITEM, row
from tests.fuzz.hostile_bytes import (
    check,
    fuzzed,
    json_variants,
    lines,
    packed,
    toml_variants,
    variants,
    written,
)

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = [
    {"instruction": "Who founded Toyota?", "input": "", "output": "Kiichiro Toyoda. 😀"},
    {"instruction": "Say it, “please”.", "input": "a,b\n", "output": "=1+1\t\r\n"},
]
CHAT = [{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]}]
SHAREGPT = [{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yo"}]}]
MT_BENCH = [
    {
        "question_id": 81,
        "model_id": "m",
        "choices": [{"index": 0, "turns": ["One.", "Two."]}],
    }
]
QUESTIONS = [{"question_id": 81, "category": "writing", "turns": ["Write.", "Again."]}]


def delimited(mark):
    head = mark.join(["instruction", "input", "output"])
    body = mark.join(['"Who, or\twhat?"', "", '"A ""quoted"" answer\nin two lines"'])
    return f"{head}\r\n{body}\r\n".encode()


def table_bytes(rows, kind):
    sink = io.BytesIO()
    table = pa.Table.from_pylist(rows)
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        feather.write_feather(table, sink, compression="uncompressed")
    return sink.getvalue()


TEXT_FILES = variants(lines(ROWS), lines(CHAT), lines(SHAREGPT), json.dumps(ROWS).encode())
FILES = {
    "rows.jsonl": TEXT_FILES,
    "rows.json": TEXT_FILES | json_variants(ROWS) | json_variants({"data": SHAREGPT}),
    "rows.jsonl.gz": packed(TEXT_FILES) | TEXT_FILES,
    "rows.csv": variants(delimited(",")),
    "rows.tsv": variants(delimited("\t")),
    "rows.parquet": variants(table_bytes(ROWS, "parquet"), table_bytes(CHAT, "parquet")),
    "rows.arrow": variants(table_bytes(ROWS, "arrow"), table_bytes(SHAREGPT, "arrow")),
}


@pytest.mark.parametrize("name", FILES)
def test_datasets(folder, name):
    @fuzzed
    @given(FILES[name])
    def run(content):
        path = written(folder, name, content)
        check(lambda: read_dataset(path, "rows"))
        check(lambda: preview_dataset(path))

    run()


@pytest.mark.parametrize("name", FILES)
def test_instruction_files(folder, name):
    @fuzzed
    @given(FILES[name])
    def run(content):
        path = written(folder, name, content)
        check(lambda: read_instructions(path))

    run()


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.parquet"])
def test_files_of_answers(folder, name):
    @fuzzed
    @given(FILES[name])
    def run(content):
        path = written(folder, name, content)
        check(lambda: read_responses(path, imported_at=NOW, model="m"))

    run()


RATINGS = [
    {"judge": "j", "model": "m", "instruction": "Q", "response_id": "r", "depth": 3, "raw": "{}",
     "depth_reason": "thin", "rated_at": "2026-01-01T00:00:00+00:00", "n_asked": 1},
    {"rater": "j", "model": "m", "instruction": "Q", "scores": {"depth": "N/A", "clarity": 5},
     "reasons": {"clarity": "😀"}, "task_types": ["math"]},
]  # fmt: skip
RATINGS_FILES = {
    "ratings.jsonl": variants(lines(RATINGS)) | json_variants(RATINGS[0]),
    "ratings.json": json_variants(RATINGS),
    "ratings.parquet": variants(table_bytes(RATINGS[:1], "parquet")),
}


@pytest.mark.parametrize("name", RATINGS_FILES)
def test_files_of_ratings(folder, name):
    with Store(folder / f"{name}.duckdb") as opened:

        @fuzzed
        @given(RATINGS_FILES[name])
        def run(content):
            path = written(folder, name, content)
            check(lambda: save_ratings(opened, read_ratings(path, lambda *_: ["r"]).ratings))

        run()


def test_answers_and_questions_of_mt_bench(folder):
    answers = json_variants(MT_BENCH[0]) | variants(lines(MT_BENCH))
    questions = json_variants(QUESTIONS[0]) | variants(lines(QUESTIONS))

    @fuzzed
    @given(answers, questions, st.booleans())
    def run(given_answers, given_questions, keep):
        path = written(folder, "answers.jsonl", given_answers)
        asked = written(folder, "question.jsonl", lines(QUESTIONS) if keep else given_questions)
        check(lambda: is_question_file(asked))
        check(lambda: read_responses(path, imported_at=NOW, model="", questions=asked))

    run()


@pytest.mark.parametrize("format", list(ExchangeFormat))
def test_exchange_files(format):
    valid = write_annotations([row()], format)
    known = {DOG_ITEM.item_id: DOG_ITEM}

    @fuzzed
    @given(variants(valid))
    def run(content):
        check(lambda: read_annotations(content, format, known=known, annotator="ann"))

    run()


def test_exported_runs():
    valid = [
        run_to_json(example_run()).encode(),
        run_to_json(example_response()).encode(),
        run_to_parquet(example_run()),
    ]
    documents = json_variants(json.loads(valid[1])) | json_variants(json.loads(valid[0]))

    def read_and_written(content):
        run = exported_run(content)
        if run is not None:
            # What is accepted can be stored and shown: each column has a value that itlim writes.
            assert run_to_json(exported_run(run_to_json(run).encode())) == run_to_json(run)

    @fuzzed
    @given(variants(*valid) | documents)
    def run(content):
        check(lambda: read_and_written(content))

    run()


def test_marked_instructions(folder):
    valid = {"instruction": "Who?", "input": "", "quotes": ["me"], "spans": [[0, 2]]}

    @fuzzed
    @given(json_variants(valid))
    def run(content):
        path = written(folder, "marked.jsonl", content)
        check(lambda: read_marked_instructions(path))

    run()


def test_settings_of_adapters(folder):
    valid = {
        "peft_type": "LORA",
        "base_model_name_or_path": "base",
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["q_proj"],
        "modules_to_save": None,
    }

    @fuzzed
    @given(json_variants(valid))
    def run(content):
        written(folder, "adapter_config.json", content)
        check(lambda: read_adapter_settings(ModelSource(path=str(folder))))

    run()


def test_training_notes(folder):
    template = {"name": "mine", "without_input": "{instruction}", "with_input": "{input}",
                "source": "s", "adds_special_tokens": True, "response_prefix": " "}  # fmt: skip
    valid = {"recipe": "sft", "template": template, "dataset": ["demo"], "seed": 1}
    pair = Pair(name="p", base=ModelSource(path="b"), tuned=ModelSource(path=str(folder)),
                template="alpaca")  # fmt: skip

    @fuzzed
    @given(json_variants(valid) | json_variants(valid | {"template": "alpaca"}))
    def run(content):
        written(folder, "training.json", content)
        check(lambda: training_note(ModelSource(path=str(folder))))
        check(lambda: differences_from_training(pair))

    run()


def test_libraries(folder, monkeypatch):
    valid = {
        "pairs": {"mine": {"base": "a/b", "adapter": "c", "template": "mine", "dtype": "auto"}},
        "datasets": {"mine": {"path": "x.jsonl", "format": "alpaca", "note": "n",
                              "mapping": {"instruction": "a", "response": "b"}}},
        "templates": {
            "mine": {"without_input": "{instruction}", "with_input": "{instruction}{input}"}
        },
    }  # fmt: skip
    monkeypatch.setenv("ITLIM_LIBRARY", str(folder / "library.toml"))
    written(folder, "library.toml", tomli_w.dumps(valid).encode())
    assert {"mine"} <= load_library().pairs.keys() & load_library().datasets.keys()

    @fuzzed
    @given(toml_variants(valid))
    def run(content):
        written(folder, "library.toml", content)
        check(load_library)

    run()


def test_study_files():
    valid = {
        "title": "Title",
        "guideline": "Mark.",
        "guideline_version": "1",
        "annotators_per_item": 2,
        "pilot": 3,
        "suggestions": False,
        "labels": [{"name": "not_factual", "title": "Not factual", "meaning": "untrue"}],
        "people": {"ann": "annotator", "bea": "admin"},
    }
    assert study_from_toml(tomli_w.dumps(valid)).pilot == 3

    @fuzzed
    @given(toml_variants(valid))
    def run(content):
        check(lambda: study_from_toml(content.decode("utf-8", errors="replace")))

    run()


def test_kept_findings(folder):
    one = Estimate(finding_id="f", pair="p", claim="c", value=0.5, unit="percent", n=3,
                   of="tokens", n_responses=2, cases=("run",))  # fmt: skip
    valid = [one.row()]
    written(folder, "key.json", json.dumps(valid).encode())
    assert load_kept([folder], "key") == [one]

    @fuzzed
    @given(json_variants(valid))
    def run(content):
        written(folder, "key.json", content)
        check(lambda: load_kept([folder], "key"))

    run()


def test_unfinished_retrainings(folder):
    valid = {
        "experiment_id": "e",
        "pair": "p",
        "author": "",
        "requested_at": NOW.isoformat(),
        "question": {"run_id": "r", "quote": "q", "response_ids": [1], "instance_ids": ["d-1"]},
    }

    @fuzzed
    @given(json_variants(valid))
    def run(content):
        place = folder / "requests" / "e"
        place.mkdir(parents=True, exist_ok=True)
        written(place, "request.json", content)
        check(lambda: UnfinishedExperiments(folder / "requests").requests())

    run()


def test_databases_and_backups(folder):
    original = folder / "valid.duckdb"
    with Store(original) as store:
        save_run(store, example_run())
    valid = original.read_bytes()

    @fuzzed
    @given(variants(valid[:8192], valid))
    def run(content):
        place = folder / "opened"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        backup = written(place, "backup.duckdb", content)
        check(lambda: restore(place / "itlim.duckdb", backup))
        check(lambda: Store(written(place, "other.duckdb", content)).close())

    run()


def test_the_valid_files_are_read(folder):
    """The variants are near files that are read: otherwise they would test the first check only."""
    assert read_dataset(written(folder, "ok.jsonl", lines(ROWS)), "x").table.num_rows == 2
    for kind in ("parquet", "arrow"):
        path = written(folder, f"ok.{kind}", table_bytes(ROWS, kind))
        assert read_dataset(path, "x").table.num_rows == 2
    assert read_dataset(written(folder, "ok.csv", delimited(",")), "x").table.num_rows == 1
    asked = written(folder, "questions.jsonl", lines(QUESTIONS))
    path = written(folder, "mt.jsonl", lines(MT_BENCH))
    assert len(read_responses(path, imported_at=NOW, questions=asked).runs) == 1
    assert asdict(example_response())["response"]
