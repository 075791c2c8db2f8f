"""Retraining on threads: one at a time, in order, stored before it is done."""

import threading

import pytest

from itlim.causality.retraining.experiment import run_experiment
from itlim.causality.retraining.known_recipe import known_recipe
from itlim.causality.retraining.question import experiment_id, question_of
from itlim.causality.retraining.unfinished import UnfinishedExperiments, request_now
from itlim.errors import CancelledError
from itlim.models.huggingface import load_pair
from itlim.store.connection import Store
from itlim.store.retrainings import load_retraining
from itlim.ui.shared.turn_queue import TurnQueue
from itlim.ui.test.retrain_work import RetrainWork
from tests.tuned_pairs import NILE, library_of, tiny_run, tuned_library


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    library = library_of(tuned_library(tmp_path_factory.mktemp("made"), ["sft"]))
    known = known_recipe(library.pair("tiny-sft"), library)
    run = tiny_run(load_pair(known.pair))
    return known, lambda **changes: question_of(run, (0, 8), [NILE], known, **changes)


def test_the_queue_admits_one_at_a_time_in_order_of_arrival():
    queue, order, inside = TurnQueue(), [], []
    first_is_in, go_on = threading.Event(), threading.Event()
    waited: dict[int, set[int]] = {}

    def visitor(number):
        with queue.turn(lambda before: waited.setdefault(number, set()).add(before), lambda: False):
            inside.append(number)
            assert len(inside) == 1
            if number == 0:
                first_is_in.set()
                go_on.wait(5)
            order.append(number)
            inside.remove(number)

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(4)]
    threads[0].start()
    first_is_in.wait(5)
    for number, thread in enumerate(threads[1:], start=1):
        thread.start()
        while number not in waited:
            threading.Event().wait(0.01)
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert order == [0, 1, 2, 3]
    assert 0 not in waited
    assert waited[1] == {1}
    assert max(waited[3]) == 3


def test_leaving_the_queue_does_not_block_it():
    queue = TurnQueue()
    gate, inside = threading.Event(), threading.Event()

    def holder():
        with queue.turn(lambda _: None, lambda: False):
            inside.set()
            gate.wait(5)

    thread = threading.Thread(target=holder)
    thread.start()
    inside.wait(5)
    with pytest.raises(CancelledError), queue.turn(lambda _: None, lambda: True):
        raise AssertionError("entered the queue although canceled")
    gate.set()
    thread.join(5)
    with queue.turn(lambda _: None, lambda: False):
        pass


@pytest.fixture
def unfinished(tmp_path):
    return UnfinishedExperiments(tmp_path / "retrainings")


def test_an_experiment_is_stored_before_it_is_done(asked, unfinished, tmp_path):
    known, question = asked
    with Store(tmp_path / "itlim.duckdb") as store:
        work = RetrainWork(
            question(n_controls=1), known, store, TurnQueue(), "ann", unfinished
        ).start()
        work.wait(120)
        assert work.done
        assert work.error is None
        stored = load_retraining(store, work.id)
        assert stored.author == "ann"
        assert stored.chosen.phrase_gone
        assert stored.arms[1].logp == work.experiment.arms[1].logp
    assert unfinished.requests() == []


class Killed(BaseException):
    """Ends a retraining where a kill of the process would."""


@pytest.mark.full
def test_a_killed_experiment_resumes_without_repeating_its_finished_models(
    asked, unfinished, tmp_path
):
    known, question = asked
    wanted = question(n_controls=2)
    name = experiment_id(wanted, known)
    unfinished.request(request_now(name, known.pair.name, wanted, "ann"))
    said = []

    def kill(_fraction, message):
        said.append(message)
        if message.startswith("Tuning control 1 of 2: step"):
            raise Killed

    with pytest.raises(Killed):
        run_experiment(wanted, known, finished=unfinished.arms(name), progress=kill)
    (left,) = UnfinishedExperiments(tmp_path / "retrainings").requests()
    assert (left.experiment_id, left.pair, left.author) == (name, "tiny-sft", "ann")
    assert left.question == wanted

    again = []
    found = run_experiment(
        left.question,
        known,
        finished=unfinished.arms(name),
        progress=lambda _, message: again.append(message),
    )
    steps = {message.split(":")[0] for message in again if ": step" in message}
    assert steps == {"Tuning control 1 of 2", "Tuning control 2 of 2"}
    whole = run_experiment(wanted, known)
    assert found.tuned_sha256 == whole.tuned_sha256
    for one, other in zip(found.arms, whole.arms, strict=True):
        assert one.tokens.equals(other.tokens)
        names = ("kind", "instance_ids", "logp", "answer", "phrase_gone", "answer_changed")
        assert all(getattr(one, name) == getattr(other, name) for name in names)


def test_a_canceled_experiment_leaves_no_request(asked, unfinished, tmp_path):
    known, question = asked
    with Store(tmp_path / "itlim.duckdb") as store:
        work = RetrainWork(question(n_controls=3), known, store, TurnQueue(), "", unfinished)
        assert [one.experiment_id for one in unfinished.requests()] == [work.id]
        work.cancel()
        work.start()
        work.wait(60)
        assert work.was_cancelled
    assert unfinished.requests() == []


def test_requests_are_in_order_and_unreadable_ones_are_deleted(asked, unfinished, tmp_path):
    known, question = asked
    for number in (3, 1, 2):
        one = question(n_controls=number)
        unfinished.request(request_now(str(number), known.pair.name, one, ""))
    damaged = tmp_path / "retrainings" / "damaged"
    damaged.mkdir()
    (damaged / "request.json").write_text('{"question": {}}')
    assert [one.experiment_id for one in unfinished.requests()] == ["3", "1", "2"]
    assert not damaged.exists()


def test_a_second_retraining_reports_that_it_waits_and_can_be_canceled(asked, unfinished, tmp_path):
    known, question = asked
    queue, gate, inside = TurnQueue(), threading.Event(), threading.Event()

    def holder():
        with queue.turn(lambda _: None, lambda: False):
            inside.set()
            gate.wait(30)

    thread = threading.Thread(target=holder)
    thread.start()
    inside.wait(5)
    with Store(tmp_path / "itlim.duckdb") as store:
        work = RetrainWork(question(), known, store, queue, "", unfinished).start()
        while work.phase == "Starting":
            threading.Event().wait(0.01)
        assert work.phase == "Waiting for 1 other retraining"
        work.cancel()
        work.wait(5)
        assert work.was_cancelled
        assert load_retraining(store, work.id) is None
    gate.set()
    thread.join(5)
