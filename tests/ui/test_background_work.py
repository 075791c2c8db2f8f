"""Work on a thread: it succeeds, is canceled, or fails with a message."""

import threading

import pytest

from itlim.errors import CancelledError, ItlimError
from itlim.ui.shared.background_work import BackgroundWork


class Task(BackgroundWork):
    def __init__(self, function):
        super().__init__("task")
        self.function = function

    def _work(self):
        self.function(self)

    def report(self, fraction, message):
        self._progress(fraction, message)

    def wait_for_cancel(self, seconds):
        return self._cancel.wait(seconds)


def done(work):
    work.start()
    work.wait(10)
    assert work.done
    return work


def test_work_is_not_done_before_or_while_it_runs():
    gate = threading.Event()
    work = Task(lambda _: gate.wait(10))
    assert not work.done
    work.start()
    assert not work.done
    gate.set()
    work.wait(10)
    assert work.done
    assert work.error is None


def test_progress_can_be_polled():
    work = done(Task(lambda one: one.report(0.25, "Reading")))
    assert (work.fraction, work.phase) == (0.25, "Reading")


def test_canceled_work_is_reported_as_canceled():
    def until_canceled(work):
        assert work.wait_for_cancel(10)
        raise CancelledError("stopped")

    work = Task(until_canceled).start()
    work.cancel()
    work.wait(10)
    assert work.done
    assert work.was_cancelled


def test_an_itlim_error_is_kept_unchanged():
    def fail(_):
        raise ItlimError("no such file")

    work = done(Task(fail))
    assert str(work.error) == "no such file"
    assert not work.was_cancelled


@pytest.mark.parametrize("error", [OSError("disk full"), KeyError("x"), MemoryError()])
def test_an_unexpected_error_becomes_an_itlim_error(error):
    def fail(_):
        raise error

    work = done(Task(fail))
    assert isinstance(work.error, ItlimError)
    assert type(error).__name__ in str(work.error)
    assert "terminal" in str(work.error)
