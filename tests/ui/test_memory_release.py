"""Memory is given back while the app works, and the app is left alone while it is idle."""

import gc
import threading
import time
import weakref

import streamlit as st

from itlim.ui.shared import services
from itlim.ui.shared.memory import BUSY_SECONDS, MemoryRelease, release_memory


class Node:
    """An object that refers to itself, so that only garbage collection frees it."""

    def __init__(self) -> None:
        self.me = self


def test_releasing_frees_objects_in_cycles():
    gc.disable()
    try:
        gone = weakref.ref(Node())
        assert gone() is not None
        # A collection on another thread, as of an earlier test's app, makes `gc.collect` return
        # at once.
        deadline = time.monotonic() + 60
        while gone() is not None and time.monotonic() < deadline:
            release_memory()
        assert gone() is None
    finally:
        gc.enable()


def test_memory_is_released_again_and_again_while_the_process_works():
    released = threading.Semaphore(0)
    used = iter(range(10_000))
    thread = MemoryRelease(
        seconds=0.01, release=released.release, cpu_seconds=lambda: 2 * BUSY_SECONDS * next(used)
    ).start()
    assert all(released.acquire(timeout=10) for _ in range(3))
    thread.stop()


def test_an_idle_process_is_left_alone():
    released, asked = [], threading.Semaphore(0)

    def cpu_seconds() -> float:
        asked.release()
        return 5.0

    thread = MemoryRelease(
        seconds=0.01, release=lambda: released.append(1), cpu_seconds=cpu_seconds
    ).start()
    assert all(asked.acquire(timeout=10) for _ in range(5))
    thread.stop()
    assert released == []


def test_clearing_streamlits_caches_starts_no_second_thread():
    started = services.memory_release(), services.trace_preload()
    st.cache_resource.clear()
    assert (services.memory_release(), services.trace_preload()) == started
