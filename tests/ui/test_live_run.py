"""A live run on its thread, with tiny models and a database."""

import time
from dataclasses import replace

import pytest
from tiny_models import full_pair

from itlim.errors import ModelLoadError
from itlim.models.fingerprint import fingerprint
from itlim.models.pair_cache import PairCache
from itlim.pipeline import identify
from itlim.records import ModelSource, Pair, Request
from itlim.store.connection import Store
from itlim.store.runs import count_runs, load_run
from itlim.ui.shared.answers_under_way import AnswersUnderWay
from itlim.ui.shared.live_run import LiveRun


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ITLIM_HOME", str(tmp_path / "home"))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "x.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return replace(full_pair(tmp_path_factory.mktemp("pair"), "qwen2"), template="plain")


def finished(live):
    deadline = time.monotonic() + 60
    while not live.done and time.monotonic() < deadline:
        time.sleep(0.02)
    assert live.done
    return live


def tokens_so_far(live):
    growing = live.inspection and live.inspection.growing
    return growing.since().rows.num_rows if growing else 0


def test_a_finished_run_is_in_the_store_before_it_is_done(pair, store):
    request = Request(pair=pair, instruction="Name a river.", max_new_tokens=8)
    live = finished(LiveRun(identify(request), store, PairCache(capacity=1)).start())
    assert live.error is None
    assert load_run(store, live.run.run_id).response == live.run.response


def test_a_question_is_on_disk_only_while_it_is_being_answered(pair, store, tmp_path):
    folder = tmp_path / "answering"
    request = Request(pair=pair, instruction="Name a river.", max_new_tokens=60)
    live = LiveRun(
        identify(request), store, PairCache(capacity=1), under_way=AnswersUnderWay(folder)
    ).start()
    while not tokens_so_far(live) and not live.done:
        time.sleep(0.001)
    assert "Name a river." in next(folder.iterdir()).read_text(encoding="utf-8")
    live.cancel()
    finished(live)
    assert list(folder.iterdir()) == []


def test_a_canceled_run_keeps_its_tokens_and_is_not_stored(pair, store):
    request = Request(pair=pair, instruction="Name a river.", max_new_tokens=60)
    live = LiveRun(identify(request), store, PairCache(capacity=1)).start()
    while not tokens_so_far(live) and not live.done:
        time.sleep(0.001)
    live.cancel()
    finished(live)
    assert live.was_cancelled
    assert 0 < live.run.tokens.num_rows < 60
    assert count_runs(store) == 0


def test_a_missing_model_is_rejected_before_anything_starts(tmp_path):
    lost = Pair(name="lost", base=ModelSource(path=str(tmp_path / "no")), template="plain")
    with pytest.raises(ModelLoadError, match="no"):
        identify(Request(pair=lost, instruction="x"))


def test_a_loading_error_is_kept_with_its_path(store, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    lost = Pair(name="lost", base=ModelSource(path=str(tmp_path / "broken")), template="plain")
    live = finished(
        LiveRun(identify(Request(pair=lost, instruction="x")), store, PairCache(1)).start()
    )
    assert live.run is None
    assert str(tmp_path / "broken") in str(live.error)


def test_an_unexpected_error_is_kept_with_its_type(pair, store, monkeypatch):
    def broken(*_: object, **__: object):
        raise RuntimeError("boom")

    cache = PairCache(capacity=1)
    monkeypatch.setattr(cache, "get", broken)
    live = finished(LiveRun(identify(Request(pair=pair, instruction="x")), store, cache).start())
    assert "RuntimeError: boom" in str(live.error)


def test_a_pair_is_loaded_once_and_again_when_its_files_change(pair, store):
    cache = PairCache(capacity=2)
    first = cache.get(pair, lambda *_: None)
    assert cache.get(replace(pair, name="other name"), lambda *_: None) is first
    config = f"{pair.base.path}/generation_config.json"
    with open(config, "a", encoding="utf-8") as stream:
        stream.write("\n")
    assert cache.get(pair, lambda *_: None) is not first


def test_a_live_answer_reads_each_models_files_once(pair, store, monkeypatch):
    read = []

    def counted(source, *rest):
        read.append(source.path)
        return fingerprint(source, *rest)

    monkeypatch.setattr("itlim.models.fingerprint.fingerprint", counted)
    asked = identify(Request(pair=pair, instruction="Name a lake.", max_new_tokens=4))
    live = finished(LiveRun(asked, store, PairCache(capacity=1)).start())
    assert live.run.run_id == asked.id
    assert (live.run.base_hash, live.run.tuned_hash) == (asked.hashes.base, asked.hashes.tuned)
    assert read == [pair.base.path, pair.tuned.path]
