"""Tracing in a batch: the app's own phrase, sharded by dataset without a difference."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_cases import answered, asked, rows_of, tiny_pair
from traced_datasets import built, filler, row

from itlim.batch.local import LocalWorkers
from itlim.batch.manifest import read_manifest
from itlim.batch.output import tokens_by_run
from itlim.batch.parts import PHRASES_FILE, Parts
from itlim.batch.shards import ShardedTracing
from itlim.batch.tracing import TracedDataset, TraceWork, plan_traces
from itlim.schema import RUN_PHRASES, RUNS
from itlim.store.shipped import ship_runs
from itlim.trace import default_phrase
from itlim.trace.evidence.background import base_surprisal
from tests.example_runs import example_run

COPIED = "The kovalamo temilo keeps seventeen lanterns by the old harbor wall."


def run_with(run_id, response):
    """A run whose tokens are the words of the response, each less likely than the one before."""
    run = example_run(run_id)
    words = [one + " " for one in response.split(" ")]
    words[-1] = words[-1].strip()
    ends = np.cumsum([len(one) for one in words]).tolist()
    template = run.tokens.slice(0, 1).to_pylist()[0]
    rows = [
        template
        | {"position": at, "text": text, "char_start": end - len(text), "char_stop": end}
        | {"emitted_prob": 0.5 ** (at % 5)}
        for at, (text, end) in enumerate(zip(words, ends, strict=True))
    ]
    tokens = pa.Table.from_pylist(rows, schema=run.tokens.schema)
    return replace(run, response=response, tokens=tokens)


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    """Two datasets; the first contains the copied sentence, the second a part of it."""
    folder = tmp_path_factory.mktemp("indexes")
    first = [*filler(80, seed=1), row(COPIED, instruction="What is kept at the harbor?")]
    second = [*filler(80, seed=2), row("It keeps seventeen lanterns.", instruction="How many?")]
    return {
        "one": built(folder / "one", first, "one", with_chance=True),
        "two": built(folder / "two", second, "two", with_chance=True),
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """An output with five responses: copied, partly copied and not copied."""
    folder = tmp_path_factory.mktemp("out")
    responses = [
        COPIED,
        f"I was told this. {COPIED}",
        "It keeps seventeen lanterns. Nobody counted them twice.",
        "No such thing was ever written down in any of them.",
        "Yes.",
    ]
    ship_runs(
        [run_with(letter * 16, text) for letter, text in zip("abcde", responses, strict=True)],
        folder,
    )
    return folder


def traced(out, index, size, workers=None):
    run_ids = set(pq.read_table(out / "runs.parquet")["run_id"].to_pylist())
    jobs = plan_traces(out, run_ids, index.dataset, size=size)
    done = list((workers or LocalWorkers()).run(TraceWork(index=index.folder), jobs))
    return sorted(
        (row for one in done for row in one.phrases.to_pylist()), key=lambda row: row["run_id"]
    )


def test_the_phrase_of_each_response_is_the_one_that_the_app_shows(out, indexes):
    rows = traced(out, indexes["one"], size=64)
    tokens = dict(tokens_by_run(out, ["run_id", "char_start", "char_stop", "emitted_prob"]))
    runs = {row["run_id"]: row for row in pq.read_table(out / "runs.parquet").to_pylist()}
    assert [row["run_id"][0] for row in rows] == [*"abcde"]
    assert {row["span_text"] is None for row in rows} == {True, False}
    for found in rows:
        run = runs[found["run_id"]]
        phrase = default_phrase(
            [indexes["one"]],
            instruction=run["instruction"],
            response=run["response"],
            base_surprisal=base_surprisal(tokens[run["run_id"]], run["response"]),
        )
        if phrase is None:
            assert set(found.values()) == {run["run_id"], "one", None}
            continue
        assert found["span_text"] == run["response"][phrase.start : phrase.stop]
        names = ("null_p", "n_choices", "nats", "instance_id")
        assert [found[name] for name in names] == [getattr(phrase, name) for name in names]


def test_the_copied_sentence_is_traced_to_its_instance_in_its_dataset_alone(out, indexes):
    one, two = (traced(out, indexes[name], size=64)[0] for name in ("one", "two"))
    assert one["instance_id"] == "one-81"
    assert one["null_p"] < 0.05
    assert two["instance_id"] != one["instance_id"]
    assert two["nats"] < one["nats"]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_sharded_by_dataset_and_by_responses_the_phrases_are_those_of_the_whole(out, indexes, size):
    for index in indexes.values():
        assert traced(out, index, size) == traced(out, index, size=64)


def test_words_that_a_response_copies_from_its_own_input_are_not_borrowed(indexes, tmp_path):
    asked = {"instruction": "Repeat this sentence.", "response": COPIED}
    given = replace(run_with("a" * 16, COPIED), instruction=asked["instruction"], input=COPIED)
    without = replace(run_with("b" * 16, COPIED), instruction=asked["instruction"])
    ship_runs([given, without], tmp_path)
    with_input, without_input = traced(tmp_path, indexes["one"], size=64)
    assert with_input["span_text"] is None
    assert without_input["null_p"] < 0.05


def traced_together(out, indexes, folder, size, workers=None, report=lambda *_: None):
    """The rows of the responses, traced in all indexes at once, one index at a time."""
    datasets = {
        name: TracedDataset(folder=index.folder, key=name) for name, index in indexes.items()
    }
    parts = Parts(folder)
    run_ids = set(pq.read_table(out / "runs.parquet")["run_id"].to_pylist())
    jobs = plan_traces(out, run_ids, "one + two", size=size)
    ShardedTracing(datasets, parts, workers or LocalWorkers(), report).trace(jobs, "one + two")
    tables = [pq.read_table(path / PHRASES_FILE) for path in parts.with_file(PHRASES_FILE)]
    return sorted(
        (row for table in tables for row in table.to_pylist()), key=lambda row: row["run_id"]
    )


@pytest.mark.parametrize("size", [1, 2, 64])
def test_in_several_datasets_the_shards_give_the_phrases_of_all_at_once(
    out, indexes, size, tmp_path
):
    rows = traced_together(out, indexes, tmp_path, size)
    tokens = dict(tokens_by_run(out, ["run_id", "char_start", "char_stop", "emitted_prob"]))
    runs = {row["run_id"]: row for row in pq.read_table(out / "runs.parquet").to_pylist()}
    assert [row["run_id"][0] for row in rows] == [*"abcde"]
    assert {row["dataset"] for row in rows} == {"one + two"}
    assert {(row["instance_id"] or "-").split("-")[0] for row in rows} == {"one", "two", ""}
    for found in rows:
        run = runs[found["run_id"]]
        phrase = default_phrase(
            list(indexes.values()),
            instruction=run["instruction"],
            response=run["response"],
            base_surprisal=base_surprisal(tokens[run["run_id"]], run["response"]),
        )
        names = ("null_p", "n_choices", "nats", "instance_id")
        expected = [None] * 4 if phrase is None else [getattr(phrase, name) for name in names]
        assert [found[name] for name in names] == expected
        if phrase is not None:
            assert (found["span_start"], found["span_stop"]) == (phrase.start, phrase.stop)


@pytest.mark.full
def test_datasets_searched_by_other_processes_give_the_same_phrases(out, indexes, tmp_path):
    one = traced_together(out, indexes, tmp_path / "one", 2)
    assert traced_together(out, indexes, tmp_path / "other", 2, LocalWorkers(2)) == one


def test_shards_that_were_finished_before_a_kill_are_not_searched_again(out, indexes, tmp_path):
    class StopError(Exception):
        pass

    seen = []

    def stop_in_the_second_round(done, total, message):
        seen.append(message)
        assert total == 2 * 2 * 5
        if message == "Searched one":
            raise StopError

    with pytest.raises(StopError):
        traced_together(out, indexes, tmp_path, 2, report=stop_in_the_second_round)
    assert seen == ["Counted words in one"] * 3 + ["Counted words in two"] * 3 + ["Searched one"]
    steps = []
    rows = traced_together(out, indexes, tmp_path, 2, report=lambda *step: steps.append(step))
    assert [message for *_, message in steps] == ["Searched one"] * 2 + ["Searched two"] * 3
    assert steps[-1][:2] == (20, 20)
    assert rows == traced_together(out, indexes, tmp_path / "whole", 64)


@pytest.mark.full
def test_shards_in_other_processes_give_the_same_phrases(out, indexes):
    for index in indexes.values():
        assert traced(out, index, 1, LocalWorkers(2)) == traced(out, index, size=64)


def test_token_rows_of_a_run_stay_together_across_batches_of_the_file(tmp_path):
    runs = [
        run_with(letter * 16, "word " * n + "end")
        for letter, n in zip("abc", (3, 70_000, 2), strict=True)
    ]
    ship_runs(runs, tmp_path)
    found = dict(tokens_by_run(tmp_path, ["run_id", "position"]))
    assert [*found] == [run.run_id for run in runs]
    for run in runs:
        assert found[run.run_id]["position"].to_pylist() == run.tokens["position"].to_pylist()


def test_a_batch_traces_each_pair_in_its_own_dataset_and_only_once(indexes, tmp_path):
    first = replace(tiny_pair(tmp_path / "first"), name="first", dataset="one")
    second = replace(tiny_pair(tmp_path / "second", "adapter"), name="second", dataset="two")
    datasets = {
        name: TracedDataset(folder=index.folder, key=name) for name, index in indexes.items()
    }
    file, folder = asked(tmp_path), tmp_path / "out"
    answered([first, second], file, folder)
    report = answered([first, second], file, folder, trace_in=datasets)
    assert (report.n_new, report.n_traced) == (0, 14)
    assert pq.read_schema(folder / "phrases.parquet").equals(RUN_PHRASES)
    pair_of = {row["run_id"]: row["pair"] for row in rows_of(folder, "runs.parquet")}
    rows = rows_of(folder, "phrases.parquet")
    assert {(pair_of[row["run_id"]], row["dataset"]) for row in rows} == {
        ("first", "one"), ("second", "two"),
    }  # fmt: skip
    assert answered([first, second], file, folder, trace_in=datasets).n_traced == 0
    assert rows_of(folder, "phrases.parquet") == rows
    changed = datasets | {"one": replace(datasets["one"], key="another content")}
    assert answered([first, second], file, folder, trace_in=changed).n_traced == 7
    assert rows_of(folder, "phrases.parquet") == rows
    assert pq.read_schema(folder / "runs.parquet").equals(RUNS)


def test_a_batch_traces_all_pairs_in_all_datasets_together_in_any_order(indexes, tmp_path):
    first = replace(tiny_pair(tmp_path / "first"), name="first", dataset=None)
    second = replace(tiny_pair(tmp_path / "second", "adapter"), name="second", dataset="two")
    datasets = {
        name: TracedDataset(folder=index.folder, key=name) for name, index in indexes.items()
    }
    backwards = dict(reversed(datasets.items()))
    file, folder = asked(tmp_path), tmp_path / "out"
    report = answered([first, second], file, folder, trace_in=datasets, together=True)
    assert report.n_traced == 14
    rows = rows_of(folder, "phrases.parquet")
    assert {row["dataset"] for row in rows} == {"one + two"}
    assert [*read_manifest(folder)["traced"]] == ["one + two"]
    assert answered([first, second], file, folder, trace_in=backwards, together=True).n_traced == 0
    # What is traced in one of them alone is kept beside it.
    assert answered([second], file, folder, trace_in=datasets).n_traced == 7
    assert {row["dataset"] for row in rows_of(folder, "phrases.parquet")} == {"one + two", "two"}


def test_datasets_traced_one_after_the_other_give_the_phrases_of_all_at_once(indexes, tmp_path):
    first = replace(tiny_pair(tmp_path / "first"), name="first", dataset="one")
    second = replace(tiny_pair(tmp_path / "second", "adapter"), name="second", dataset="two")
    datasets = {
        name: TracedDataset(folder=index.folder, key=name) for name, index in indexes.items()
    }
    file, whole, shards = asked(tmp_path), tmp_path / "whole", tmp_path / "shards"
    answered([first, second], file, whole, trace_in=datasets)
    for name in ("two", "one"):
        answered([first, second], file, shards, trace_in={name: datasets[name]})
    assert len(rows_of(whole, "phrases.parquet")) == 14
    assert rows_of(shards, "phrases.parquet") == rows_of(whole, "phrases.parquet")
