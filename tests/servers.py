"""Start Streamlit and find Chromium for tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Without these, headless Chromium contacts Google's hosts at every start.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    """Path of an installed Chromium; None means Playwright's own download."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_healthy(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"Streamlit did not start:\n{log.read_text()}")


def warm_up(address: str) -> None:
    """Visit the app once, as `make run` does: otherwise a first deep link opens a dialog that
    takes the keyboard focus."""
    port = address.rpartition(":")[2]
    subprocess.run([sys.executable, "-m", "itlim.ui.shared.warm_up", port], cwd=ROOT, check=True)


@contextmanager
def streamlit_server(script: Path, folder: Path, **environment: str) -> Iterator[str]:
    """Run a Streamlit script on a free port; yields its address.

    The database is in `folder` unless `ITLIM_DB` is given.
    """
    url, process = start_streamlit(script, folder, **environment)
    try:
        yield url
    finally:
        process.terminate()
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            process.kill()


def start_streamlit(
    script: Path, folder: Path, *, port: int | None = None, **environment: str
) -> tuple[str, subprocess.Popen]:
    """Like `streamlit_server`, but returns address and process; the caller stops the process."""
    port = port or free_port()
    url, log = f"http://127.0.0.1:{port}", folder / "streamlit.log"
    variables = {
        "ITLIM_DB": str(folder / "test.duckdb"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    command += ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | variables, stdout=output, stderr=output
        )
    try:
        _wait_until_healthy(url, process, log)
    except RuntimeError:
        process.kill()
        raise
    return url, process
