"""What a batch will do: its answers, those that exist, and a time that was measured."""

from datetime import UTC, datetime

import pytest
from batch_cases import QUESTIONS, asked, tiny_pair

from itlim.batch.folders import BatchFolder, BatchRequest
from itlim.batch.plan import BatchSettings, plan_pair
from itlim.batch.preview import batch_id, preview_pairs
from itlim.batch.progress import BatchProgress, PairProgress, ProgressKeeper
from itlim.batch.report import FailedItem
from itlim.batch.work import Answered, Failure
from itlim.models.fingerprint import pair_hashes
from itlim.store.connection import Store


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tiny_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture
def plan(pair, tmp_path):
    questions = [*QUESTIONS, QUESTIONS[0]]
    return plan_pair(pair, pair_hashes(pair), asked(tmp_path, questions).items, BatchSettings())


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "itlim.duckdb") as opened:
        yield opened


def measured(folder, **numbers):
    """An earlier batch in which one pair answered."""
    request = BatchRequest(
        batch_id=folder.name, name="x", pairs=("p",), file="q.jsonl", n_items=1, n_rejected=0,
        max_new_tokens=64, batch_size=4, workers=2, trace=False, trace_in=(),
        requested_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    (folder.parent / "q.jsonl").write_text('{"instruction": "Who?"}\n')
    batch = BatchFolder(folder)
    batch.create(request, folder.parent / "q.jsonl")
    one = PairProgress(pair="earlier", total=10, finished=10, **numbers)
    batch.report(BatchProgress(message="", done=1, total=1, updated_at=0.0, pairs=(one,)))
    return batch


def test_without_an_earlier_batch_the_time_is_unknown_and_repeats_count_once(plan, store):
    (found,) = preview_pairs(store, [plan], [])
    assert (found.n_answers, found.n_known, found.n_left) == (7, 0, 7)
    assert found.speed is None
    assert found.seconds is None


def test_the_time_is_that_of_later_jobs_plus_one_start(plan, store, tmp_path):
    """10 answers in 38 s, the first 4 in 20 s: 18 s ÷ 6 = 3 s each, and 20 - 4 · 3 = 8 s to load.
    7 answers then take 8 + 7 · 3 = 29 s."""
    hashes = {"base_hash": plan.hashes.base, "tuned_hash": plan.hashes.tuned}
    batch = measured(
        tmp_path / "a", **hashes, answered=10, seconds=38.0, first_answered=4, first_seconds=20.0
    )
    (found,) = preview_pairs(store, [plan], [batch])
    assert (found.speed.seconds, found.speed.start_seconds, found.speed.n) == (3.0, 8.0, 6)
    assert found.seconds == 29.0


def test_a_pair_of_the_same_base_stands_in_and_the_pair_itself_takes_precedence(
    plan, store, tmp_path
):
    similar = measured(
        tmp_path / "a", base_hash=plan.hashes.base, tuned_hash="other", answered=100,
        seconds=50.0, first_answered=100, first_seconds=50.0,
    )  # fmt: skip
    (found,) = preview_pairs(store, [plan], [similar])
    assert (found.speed.seconds, found.seconds) == (0.5, 3.5)
    own = measured(
        tmp_path / "b", base_hash=plan.hashes.base, tuned_hash=plan.hashes.tuned, answered=2,
        seconds=4.0, first_answered=2, first_seconds=4.0,
    )  # fmt: skip
    (found,) = preview_pairs(store, [plan], [similar, own])
    assert found.speed.seconds == 2.0
    unrelated = measured(
        tmp_path / "c", base_hash="x", tuned_hash="y", answered=2, seconds=4.0, first_answered=2,
        first_seconds=4.0,
    )  # fmt: skip
    assert preview_pairs(store, [plan], [unrelated])[0].speed is None


def test_the_same_file_pairs_and_settings_give_the_same_batch(plan):
    assert batch_id(("sha", 8), [plan]) == batch_id(("sha", 8), [plan])
    assert batch_id(("sha", 8), [plan]) != batch_id(("sha", 9), [plan])
    assert batch_id(("sha", 8), [plan]) != batch_id(("sha", 8), [])


def test_progress_counts_what_existed_what_is_answered_and_what_failed(plan):
    sent: list[BatchProgress] = []

    def row(of, failure):
        return FailedItem(pair=of.pair.name, item="3", line=3, reason=failure.reason)

    keeper = ProgressKeeper(sent.append, [plan], set(plan.run_ids[:2]), row)
    keeper.steps(0, 5, "Loading tiny-full")
    failure = Failure(run_id=plan.run_ids[2], reason="too long")
    keeper.answered("tiny-full", Answered(name="a", runs=(), failures=(failure,)))
    keeper.steps(1, 5, "Answered by tiny-full")
    (one,) = sent[-1].pairs
    assert (one.total, one.finished, one.failed, one.answered) == (7, 2, 1, 0)
    assert [failed.reason for failed in sent[-1].failures] == ["too long"]
    assert sent[0].seconds_left is None
    assert sent[-1].seconds_left >= 0
    keeper.steps(5, 5, "Answered by tiny-full")
    assert sent[-1].seconds_left == 0
