"""Work on a thread: ends well, is stopped, or fails with a sentence."""

import threading

import pytest

from itlim.errors import CancelledError, ItlimError
from itlim.ui.shared.background_work import BackgroundWork


class Errand(BackgroundWork):
    def __init__(self, errand):
        super().__init__("errand")
        self.errand = errand

    def _work(self):
        self.errand(self)


def done(work):
    work.start()
    work.wait(10)
    assert work.done
    return work


def test_work_is_not_done_before_it_began_nor_under_way():
    gate = threading.Event()
    work = Errand(lambda _: gate.wait(10))
    assert not work.done
    work.start()
    assert not work.done
    gate.set()
    work.wait(10)
    assert work.done
    assert work.error is None


def test_progress_is_there_to_be_polled():
    work = done(Errand(lambda one: one._progress(0.25, "Reading")))
    assert (work.fraction, work.phase) == (0.25, "Reading")


def test_cancelled_work_says_so():
    def until_cancelled(work):
        assert work._cancel.wait(10)
        raise CancelledError("stopped")

    work = Errand(until_cancelled).start()
    work.cancel()
    work.wait(10)
    assert work.done
    assert work.was_cancelled


def test_a_known_error_is_kept_as_it_is():
    def fail(_):
        raise ItlimError("no such file")

    work = done(Errand(fail))
    assert str(work.error) == "no such file"
    assert not work.was_cancelled


@pytest.mark.parametrize("error", [OSError("disk full"), KeyError("x"), MemoryError()])
def test_the_unforeseen_becomes_a_sentence_too(error):
    def fail(_):
        raise error

    work = done(Errand(fail))
    assert isinstance(work.error, ItlimError)
    assert type(error).__name__ in str(work.error)
    assert "terminal" in str(work.error)
