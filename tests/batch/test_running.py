"""Batches of a tiny pair: exact, resumable, and with a reason for everything that fails."""

import json

import pyarrow.parquet as pq
import pytest
from batch_cases import (
    QUESTIONS,
    TOO_LONG,
    answered,
    asked,
    library_file,
    rows_of,
    tiny_pair,
    write_instructions,
)
from filelock import FileLock

from itlim.batch.local import LocalWorkers
from itlim.batch.manifest import LOCK_FILE, read_manifest
from itlim.batch.output import join_parts
from itlim.batch.parts import Parts
from itlim.batch.plan import BatchSettings, plan_pair, unfinished
from itlim.errors import InputError
from itlim.models.fingerprint import pair_hashes
from itlim.models.huggingface import load_pair
from itlim.pipeline import Inspection, identify
from itlim.records import Request
from itlim.schema import RUN_TAGS, RUNS, TOKEN_SHIFTS
from itlim.store.shipped import ship_runs
from tests.example_runs import example_run

TABLES = ("runs.parquet", "token_shifts.parquet", "tags.parquet")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tiny_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module")
def adapter_pair(tmp_path_factory):
    return tiny_pair(tmp_path_factory.mktemp("adapter"), "adapter")


@pytest.mark.parametrize("batch_size", [2, 7])
@pytest.mark.parametrize("kind", ["pair", "adapter_pair"])
def test_padded_batches_change_no_greedy_answer_and_no_measure_beyond_float_ties(
    request, kind, batch_size, tmp_path
):
    chosen = request.getfixturevalue(kind)
    answered([chosen], asked(tmp_path), tmp_path / "out", batch_size=batch_size)
    found = {
        row["instruction"]: row for row in pq.read_table(tmp_path / "out/runs.parquet").to_pylist()
    }
    tokens = pq.read_table(tmp_path / "out/token_shifts.parquet").to_pylist()
    loaded = load_pair(chosen)
    assert set(found) == set(QUESTIONS)
    for question in QUESTIONS:
        single = Request(pair=chosen, instruction=question, max_new_tokens=8)
        alone = Inspection(identify(single), loaded).answer()
        mine = [row for row in tokens if row["run_id"] == alone.run_id]
        assert found[question]["response"] == alone.response
        for column in ("token_id", "base_rank", "text", "char_start", "category"):
            assert [row[column] for row in mine] == alone.tokens[column].to_pylist()
        assert [row["kl_tuned_base"] for row in mine] == pytest.approx(
            alone.tokens["kl_tuned_base"].to_pylist(), rel=1e-3, abs=1e-5
        )
    loaded.close()


def test_the_output_has_the_schemas_of_the_store_and_a_manifest(pair, adapter_pair, tmp_path):
    report = answered([pair, adapter_pair], asked(tmp_path), tmp_path / "out")
    out = tmp_path / "out"
    assert (report.n_runs, report.n_new, report.failed) == (14, 14, ())
    for name, schema in zip(TABLES, (RUNS, TOKEN_SHIFTS, RUN_TAGS), strict=True):
        assert pq.read_schema(out / name).equals(schema)
    manifest = read_manifest(out)
    assert manifest["complete"]
    assert [one["name"] for one in manifest["pairs"]] == ["tiny-full", "tiny-adapter"]
    assert manifest["files"]["runs.parquet"]["n_rows"] == 14
    assert {row["origin"] for row in rows_of(out, "runs.parquet")} == {"batch"}
    assert not (out / "parts").exists()


def test_jobs_hold_prompts_of_similar_length_the_longest_first(pair, tmp_path):
    file = asked(tmp_path)
    planned = plan_pair(pair, pair_hashes(pair), file.items, BatchSettings(batch_size=3))
    lengths = [len(one.request.instruction) for job in planned.jobs for one in job.requests]
    assert lengths == sorted(map(len, QUESTIONS), reverse=True)
    assert [len(job.requests) for job in planned.jobs] == [3, 3, 1]
    ids = {
        item.instruction: run_id for item, run_id in zip(file.items, planned.run_ids, strict=True)
    }
    assert all(
        ids[one.request.instruction] == one.id for job in planned.jobs for one in job.requests
    )


def test_finished_requests_leave_the_other_batches_as_they_were(pair, tmp_path):
    planned = plan_pair(pair, pair_hashes(pair), asked(tmp_path).items, BatchSettings(batch_size=3))
    first, second, third = planned.jobs
    gone = {one.id for one in first.requests} | {second.requests[1].id}
    left = unfinished(planned.jobs, gone)
    assert [one.id for one in left[0].requests] == [second.requests[0].id, second.requests[2].id]
    assert left[1] == third


class StopError(Exception):
    """Ends a batch between two parts, as a kill does."""


def stop_after(answers):
    def progress(done, _total, _message):
        if done >= answers:
            raise StopError

    return progress


def part_times(out):
    return {path: path.stat().st_mtime_ns for path in (out / "parts").rglob("*.parquet")}


def test_a_stopped_batch_keeps_its_parts_and_ends_like_one_that_was_not_stopped(
    pair, adapter_pair, tmp_path
):
    file, pairs = asked(tmp_path), [pair, adapter_pair]
    answered(pairs, file, tmp_path / "whole")
    out = tmp_path / "out"
    kept = 0
    times: dict = {}
    for stop in (3, 4, 3):
        with pytest.raises(StopError):
            answered(pairs, file, out, progress=stop_after(stop))
        assert times.items() <= part_times(out).items()
        times = part_times(out)
        assert len(Parts(out / "parts").run_ids()) > kept
        kept = len(Parts(out / "parts").run_ids())
        assert not read_manifest(out)["complete"]
    assert answered(pairs, file, out).n_new == 14 - kept
    for name in TABLES:
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_same_batch_again_answers_nothing_and_new_rows_answer_only_themselves(pair, tmp_path):
    out = tmp_path / "out"
    answered([pair], asked(tmp_path, QUESTIONS[:4]), out)
    before = {name: (out / name).read_bytes() for name in TABLES}
    assert answered([pair], asked(tmp_path, QUESTIONS[:4]), out).n_new == 0
    assert {name: (out / name).read_bytes() for name in TABLES} == before
    report = answered([pair], asked(tmp_path), out)
    assert (report.n_runs, report.n_new) == (7, 3)
    assert {row["instruction"] for row in rows_of(out, "runs.parquet")} == set(QUESTIONS)


def test_runs_whose_tokens_were_deleted_are_answered_again(pair, tmp_path):
    out = tmp_path / "out"
    answered([pair], asked(tmp_path), out)
    before = rows_of(out, "token_shifts.parquet")
    (out / "token_shifts.parquet").unlink()
    assert answered([pair], asked(tmp_path), out).n_new == len(QUESTIONS)
    assert rows_of(out, "token_shifts.parquet") == before


def test_progress_counts_only_what_is_left_to_do(pair, tmp_path):
    seen = []
    answered([pair], asked(tmp_path, QUESTIONS[:4]), tmp_path / "out")
    answered(
        [pair],
        asked(tmp_path),
        tmp_path / "out",
        progress=lambda done, total, _message: seen.append((done, total)),
    )
    assert (seen[0], seen[-1]) == ((0, 3), (3, 3))
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {3}


def test_items_of_the_same_text_share_a_run_and_keep_their_own_tags(pair, tmp_path):
    questions = ["Name a river.", "Who?", "Name a river."]
    file = asked(
        tmp_path, questions, id=["a", "b", "c"], task=["x", "y", "z"], topic=["t", None, "u"]
    )
    assert answered([pair], file, tmp_path / "out").n_runs == 2
    tags = {row["item"]: row for row in rows_of(tmp_path / "out", "tags.parquet")}
    assert {item: (row["task"], row["topic"]) for item, row in tags.items()} == {
        "a": ("x", "t"), "b": ("y", None), "c": ("z", "u"),
    }  # fmt: skip
    assert tags["a"]["run_id"] == tags["c"]["run_id"] != tags["b"]["run_id"]


def test_a_failed_item_has_its_reason_and_fails_alone(pair, tmp_path):
    out = tmp_path / "out"
    file = asked(tmp_path, [*QUESTIONS, TOO_LONG], id=[*"abcdefg", "long"])
    report = answered([pair], file, out)
    assert report.n_runs == 7
    (failed,) = report.failed
    assert (failed.pair, failed.item, failed.line) == ("tiny-full", "long", 8)
    assert "context" in failed.reason
    assert read_manifest(out)["failed"][0]["item"] == "long"
    again = answered([pair], file, out)
    assert (again.n_new, len(again.failed)) == (0, 1)
    assert "long" not in {row["item"] for row in rows_of(out, "tags.parquet")}


def test_an_output_of_other_settings_or_weights_is_not_mixed_with_new_answers(pair, tmp_path):
    from dataclasses import replace

    from itlim.batch.running import run_batch

    file, out = asked(tmp_path, QUESTIONS[:2]), tmp_path / "out"
    answered([pair], file, out)
    with pytest.raises(InputError, match="max_new_tokens 8, not 9"):
        run_batch(
            [pair], file, out, workers=LocalWorkers(), settings=BatchSettings(max_new_tokens=9)
        )
    with pytest.raises(InputError, match="other weights of tiny-full"):
        answered([replace(pair, tuned=pair.base)], file, out)


def test_a_folder_with_something_else_is_left_alone(pair, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"thesis\.tex"):
        answered([pair], asked(tmp_path), tmp_path / "out")


def test_two_commands_do_not_write_to_the_same_folder(pair, tmp_path):
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / LOCK_FILE), pytest.raises(InputError, match="Another command"):
        answered([pair], asked(tmp_path), tmp_path / "out")


def test_a_kill_while_parts_are_joined_neither_loses_nor_doubles_a_run(tmp_path):
    """Tokens are replaced first, so after a kill in between they are ahead of the runs."""
    one, two, three = (example_run(letter * 16) for letter in "abc")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for out in (whole, killed):
        ship_runs([one], out)
        parts = Parts(out / "parts")
        parts.add_runs("p", [two])
        parts.add_runs("q", [three])
    join_parts(whole, Parts(whole / "parts").with_file("runs.parquet"))
    (killed / "token_shifts.parquet").write_bytes((whole / "token_shifts.parquet").read_bytes())
    for _ in range(2):
        join_parts(killed, Parts(killed / "parts").with_file("runs.parquet"))
        for name in ("runs.parquet", "token_shifts.parquet"):
            assert rows_of(killed, name) == rows_of(whole, name)
    assert len(rows_of(whole, "token_shifts.parquet")) == 3 * one.tokens.num_rows


def test_the_command_lists_failures_and_exits_with_1(pair, tmp_path, itlim, monkeypatch):
    monkeypatch.setenv("ITLIM_LIBRARY", str(library_file(tmp_path / "library.toml", [pair])))
    file = write_instructions(tmp_path / "q.jsonl", [QUESTIONS[0], TOO_LONG, " "])
    arguments = ("--pair", "tiny-full", "--instructions", file, "--out", tmp_path / "out")
    code, out, err = itlim("batch", *arguments, "--max-new-tokens", 4)
    assert code == 1
    assert out.strip() == f"{tmp_path / 'out'}: 1 run, 1 new, 2 failed"
    assert "failed: item 2 (line 2, tiny-full): " in err
    assert "failed: item 3 (line 3): no instruction" in err


def test_the_command_without_failures_exits_with_0_and_an_unknown_pair_with_2(
    pair, tmp_path, itlim, monkeypatch
):
    monkeypatch.setenv("ITLIM_LIBRARY", str(library_file(tmp_path / "library.toml", [pair])))
    file = write_instructions(tmp_path / "q.jsonl", QUESTIONS[:2])
    arguments = ("--instructions", file, "--out", tmp_path / "out", "--max-new-tokens", 4)
    assert itlim("batch", "--pair", "tiny-full", *arguments)[0] == 0
    code, _, err = itlim("batch", "--pair", "tiny-other", *arguments)
    assert code == 2
    assert "No pair named 'tiny-other'" in err
    code, _, err = itlim("batch", "--pair", "tiny-full", *arguments, "--trace")
    assert code == 2
    assert "the dataset of tiny-full is unknown" in err


def test_the_command_traces_in_the_named_datasets_together(pair, tmp_path, itlim, monkeypatch):
    library = library_file(tmp_path / "library.toml", [pair])
    text = library.read_text()
    for name in ("two", "one"):
        rows = [{"instruction": f"{n} {name}?", "output": f"It is {n}."} for n in range(5)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        text += f'[datasets.{name}]\npath = "{tmp_path / name}.jsonl"\n'
    library.write_text(text)
    monkeypatch.setenv("ITLIM_LIBRARY", str(library))
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))
    file = write_instructions(tmp_path / "q.jsonl", QUESTIONS[:2])
    out = tmp_path / "out"
    arguments = ("--pair", "tiny-full", "--instructions", file, "--out", out, "--json")
    named = ("--trace-in", "two", "--trace-in", "one")
    code, document, err = itlim("batch", *arguments, "--max-new-tokens", 4, *named)
    assert code == 0, err
    assert json.loads(document)["n_traced"] == 2
    assert {row["dataset"] for row in rows_of(out, "phrases.parquet")} == {"one + two"}
