"""Give the memory of finished script runs back to the system.

Streamlit does not collect garbage after a script run here (`.streamlit/config.toml`), and the C
library keeps freed memory of each thread for that thread's next use. So a thread does both, every
now and then, but only if the app has worked since the last time.

Arrow takes its memory from the C library, too (`itlim/ui/__init__.py`).
"""

import ctypes
import gc
import threading
from collections.abc import Callable

import psutil
import pyarrow as pa

SECONDS = 20.0
"""Time between two collections; each stops the app for about 0.2 s once torch is loaded."""
BUSY_SECONDS = 1.0
"""CPU time after which a collection is worth it."""


def release_memory() -> None:
    """Collect garbage, and give freed memory back where the C library is glibc."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return  # another C library, which gives memory back by itself


class MemoryRelease:
    """Calls `release` repeatedly on a daemon thread, while the process works.

    Args:
        seconds: time between two calls.
        release: what to call.
        cpu_seconds: CPU time of the process so far.
    """

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        release: Callable[[], None] = release_memory,
        cpu_seconds: Callable[[], float] | None = None,
    ) -> None:
        self._seconds = seconds
        self._release = release
        self._cpu_seconds = cpu_seconds or _cpu_seconds
        self._stop = threading.Event()

    def start(self) -> "MemoryRelease":
        """Start the thread; returns self."""
        threading.Thread(target=self._work, name="itlim-memory", daemon=True).start()
        return self

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def _work(self) -> None:
        before = self._cpu_seconds()
        while not self._stop.wait(self._seconds):
            if self._cpu_seconds() - before >= BUSY_SECONDS:
                self._release()
                before = self._cpu_seconds()


def _cpu_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)
