"""Building the real family: the steps on tiny models, and what a second build does not repeat."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from families.tiny_real_family import QUESTIONS, tiny_real_family

from itlim.families.real.build import build
from itlim.families.real.questions import read_question_rows
from itlim.library import load_library
from itlim.models.fingerprint import fingerprint
from itlim.models.huggingface import load_pair
from itlim.models.model_files import missing_parts
from itlim.trace import open_index


@pytest.fixture
def family(tmp_path):
    return tiny_real_family(tmp_path)


def times(folder):
    """Modification time of every file that a build must not write twice."""
    return {
        path: path.stat().st_mtime_ns
        for name in ("sft", "lft", "answers")
        for path in (folder / name).rglob("*")
    }


def test_a_build_stores_the_answers_of_all_three_models_the_index_and_the_adapter(family):
    assert build(family, threads=1) == 9
    runs = pq.read_table(family.out / "runs" / "runs.parquet").to_pylist()
    asked = {name: [] for name in ("real base (base)", "real-lft", "real-sft")}
    for run in runs:
        asked[run["pair"]].append(run["instruction"])
    assert all(sorted(found) == sorted(QUESTIONS) for found in asked.values())
    tokens = pq.read_table(family.out / "runs" / "token_shifts.parquet")
    assert set(tokens["run_id"].to_pylist()) == {run["run_id"] for run in runs}
    assert open_index(family.out / "index").dataset == "real"
    assert (family.out / "models" / "lft" / "adapter_model.safetensors").exists()


def test_stored_runs_do_not_name_folders_of_the_machine_that_built_them(family, tmp_path):
    build(family, threads=1)
    runs = pq.read_table(family.out / "runs" / "runs.parquet").to_pylist()
    named = {run[key] for run in runs for key in ("base_model", "tuned_model")}
    assert named == {"{user}/real/base", "{user}/real/sft", "data/real/models/lft"}
    note = (family.out / "models" / "lft" / "training.json").read_text(encoding="utf-8")
    assert str(tmp_path / "base") not in note


def test_a_second_build_repeats_nothing(family):
    build(family, threads=1)
    before = times(family.weights)
    build(family, threads=1)
    assert times(family.weights) == before


def test_a_build_that_stopped_between_answers_keeps_the_finished_ones(family):
    family = replace(family, batch_questions=1)

    def stop(done, total, message):
        if message.startswith("Answered 4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(family, threads=1, progress=stop)
    before = times(family.weights)
    assert len([*(family.weights / "answers").iterdir()]) == 4
    assert build(family, threads=1) == 9
    after = times(family.weights)
    assert {path: after[path] for path in before if path.is_file()} == {
        path: time for path, time in before.items() if path.is_file()
    }


def test_fewer_questions_are_the_first_ones_of_the_file(family):
    path = family.data / "eval_test.jsonl"
    assert [one.instruction for one in read_question_rows(path, 2)] == QUESTIONS[:2]
    assert build(replace(family, questions=2), threads=1) == 6


def test_a_pair_that_is_not_built_says_how_to_build_it(tmp_path, monkeypatch):
    from itlim.errors import ModelLoadError

    monkeypatch.setenv("ITLIM_HOME", str(tmp_path))
    pair = load_library().pair("real-sft")
    assert missing_parts(pair) == [str(tmp_path / "real" / name) for name in ("base", "sft")]
    # An unfinished tuning leaves a folder without a model.
    (tmp_path / "real" / "sft").mkdir(parents=True)
    assert str(tmp_path / "real" / "sft") in missing_parts(pair)
    with pytest.raises(ModelLoadError, match="make real"):
        load_pair(pair)
    with pytest.raises(ModelLoadError, match="make real"):
        fingerprint(pair.tuned_source)
    assert missing_parts(load_library().pair("demo-sft")) == []
