"""Encoder, models and indexes are removed while they are in use: a clear error, work goes on."""

import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import full_pair

from itlim.errors import (
    EncoderError,
    IndexDamagedError,
    IndexFolderError,
    IndexMissingError,
    IndexVersionError,
    ModelLoadError,
)
from itlim.library import DatasetEntry
from itlim.models.pair_cache import PairCache
from itlim.pipeline import identify
from itlim.records import Request
from itlim.store.connection import Store
from itlim.store.runs import count_runs, load_run
from itlim.trace import build_index, index_folder, open_index, trace_span
from itlim.ui.shared.live_run import LiveRun

RESPONSE = "The Nile flows through Egypt and the Sudan."
ROWS = [
    ("Name a river.", RESPONSE),
    *((f"Name city {number}.", f"City {number} lies on a hill.") for number in range(60)),
]
QUESTION = {
    "instruction": "Which river?",
    "response": RESPONSE,
    "start": RESPONSE.index("Nile"),
    "stop": RESPONSE.index(" and"),
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))


@pytest.fixture
def entry(tmp_path):
    lines = [{"instruction": asked, "output": said} for asked, said in ROWS]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return DatasetEntry(name="rows", path=path)


@pytest.fixture(scope="module")
def encoder_files(tmp_path_factory):
    from tests.trace.tiny_encoder import tiny_encoder

    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def encoder(encoder_files, tmp_path, monkeypatch):
    """The folder of an encoder of this test alone, which is the chosen one."""
    folder = Path(shutil.copytree(encoder_files, tmp_path / "encoder"))
    monkeypatch.setenv("ITLIM_ENCODER", str(folder))
    return folder


@pytest.mark.full
def test_what_is_open_goes_on_without_the_encoders_files_and_the_next_opening_names_them(
    entry, encoder
):
    index = build_index(entry)
    before = trace_span([index], **QUESTION)
    shutil.rmtree(encoder)
    assert trace_span([index], **QUESTION) == before
    with pytest.raises(EncoderError, match=r"The encoder cannot be used.*encoder"):
        trace_span([open_index(index.folder)], **QUESTION)
    words = trace_span([open_index(index.folder)], **QUESTION, lexical_only=True)
    assert words.candidates[0].instance_id == before.candidates[0].instance_id == "rows-1"
    with pytest.raises(EncoderError, match="The encoder cannot be used"):
        build_index(entry, force=True)
    assert open_index(index.folder).has_meaning, "the index is as it was"


@pytest.mark.full
def test_an_encoder_that_lost_a_part_of_its_files_is_not_used(entry, encoder):
    index = build_index(entry)
    for path in encoder.rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(EncoderError, match="cannot be loaded"):
        build_index(entry, force=True)
    assert trace_span([open_index(index.folder)], **QUESTION, lexical_only=True).candidates


@pytest.mark.full
def test_an_encoder_that_is_replaced_while_it_is_in_memory_is_loaded_again(entry, encoder):
    from safetensors.numpy import load_file, save_file

    index = build_index(entry)
    before = trace_span([index], **QUESTION).candidates[0].concept_cos
    (weights,) = encoder.rglob("*.safetensors")
    tensors = load_file(weights)
    save_file({name: values[::-1].copy() for name, values in tensors.items()}, weights)
    with pytest.raises(IndexVersionError, match="have changed since it encoded"):
        trace_span([open_index(index.folder)], **QUESTION)
    rebuilt = build_index(entry)
    assert rebuilt.meta.encoder != index.meta.encoder
    after = trace_span([rebuilt], **QUESTION).candidates[0].concept_cos
    assert after != pytest.approx(before, abs=1e-3), "vectors of the new files"


def test_an_index_that_is_in_use_survives_the_removal_of_its_folder(entry):
    index, unused = build_index(entry, lexical_only=True), build_index(entry, lexical_only=True)
    before = trace_span([index], **QUESTION)
    assert before.candidates[0].instance_id == "rows-1"
    shutil.rmtree(index.folder)
    assert trace_span([index], **QUESTION) == before
    with pytest.raises(IndexFolderError, match=r"null\.parquet cannot be read.*Rebuild the index"):
        trace_span([unused], **QUESTION)
    with pytest.raises(IndexDamagedError, match=r"cannot be read.*Rebuild the index"):
        index.bad_rows()
    with pytest.raises(IndexMissingError, match="does not contain an index"):
        open_index(index_folder(entry))
    assert build_index(entry, lexical_only=True).instance_at(0)["response"] == RESPONSE


def test_a_file_that_is_removed_from_an_index_is_named(entry):
    folder = build_index(entry, lexical_only=True).folder
    for name in ("words.i32", "instances.arrow", "suffixes.i32"):
        content = (folder / name).read_bytes()
        (folder / name).unlink()
        with pytest.raises(IndexDamagedError, match=r"Rebuild the index|missing"):
            open_index(folder)
        (folder / name).write_bytes(content)
    assert len(open_index(folder).instances) == len(ROWS)


@pytest.fixture
def pair(tmp_path):
    return replace(full_pair(tmp_path / "pair", "qwen2"), template="plain")


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def folders_of(pair):
    return [Path(pair.base.path), Path(pair.tuned_source.path)]


def asked(pair, question, tokens=8):
    return identify(Request(pair=pair, instruction=question, max_new_tokens=tokens))


def answered(live):
    live.wait(60)
    assert live.done
    return live


def test_an_answer_under_way_is_finished_although_its_models_are_removed(pair, store):
    cache = PairCache(capacity=1)
    answered(LiveRun(asked(pair, "Name a river."), store, cache).start())
    one = asked(pair, "Name a lake.", tokens=40)
    live = LiveRun(one, store, cache).start()
    for folder in folders_of(pair):
        folder.rename(f"{folder}-away")
    assert answered(live).error is None
    assert load_run(store, one.id) == live.run
    with pytest.raises(ModelLoadError, match=r"not a folder on this machine|neither a folder"):
        asked(pair, "Name a city.")
    for folder in folders_of(pair):
        Path(f"{folder}-away").rename(folder)
    assert answered(LiveRun(asked(pair, "Name a city."), store, cache).start()).error is None
    assert count_runs(store) == 3


def test_models_that_disappear_before_they_are_loaded_end_the_run_with_an_error(pair, store):
    one = asked(pair, "Name a river.")
    for folder in folders_of(pair):
        shutil.rmtree(folder)
    live = answered(LiveRun(one, store, PairCache(capacity=1)).start())
    assert isinstance(live.error, ModelLoadError)
    assert folders_of(pair)[0].name in str(live.error)
    assert count_runs(store) == 0


def test_models_that_disappear_while_they_are_hashed_are_reported(pair):
    stop = threading.Event()
    away = Path(f"{folders_of(pair)[0]}-away")

    def come_and_go():
        while not stop.is_set():
            folders_of(pair)[0].rename(away)
            away.rename(folders_of(pair)[0])

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        for number in range(60):
            try:
                asked(pair, f"Name river {number}.")
            except ModelLoadError:
                continue  # Any other exception fails the test.
    finally:
        stop.set()
        thread.join()
    assert asked(pair, "Name a river.").id
    assert os.listdir(folders_of(pair)[0])
