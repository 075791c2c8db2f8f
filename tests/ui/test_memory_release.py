"""Memory is given back while the app works, and the app is left alone while it is idle."""

import gc
import subprocess
import sys
import threading
import time
import weakref

import streamlit as st
from servers import ROOT

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


def test_arrow_of_the_app_uses_the_memory_that_can_be_given_back():
    """In a process of its own, because Arrow chooses once, when it is imported."""
    code = (
        "import itlim.ui.shared.old_addresses, pyarrow; "
        "print(pyarrow.default_memory_pool().backend_name)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.split()[-1] == "system"
