"""Fixtures shared by several test folders."""

import functools
import gc
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from pytest_httpserver import HTTPServer
from servers import ROOT, streamlit_server

from itlim.__main__ import main

# No deadline: the first example may import torch or compile a loop, and two workers share two
# cores.
settings.register_profile("itlim", deadline=None)
settings.load_profile("itlim")


def pytest_collection_finish() -> None:
    """Freeze the garbage collector after collection: scanning the 600,000 objects of torch and
    other libraries again and again took 17% of the test time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """`serve(script, **environment)` → address; each script is started once per session."""
    started: dict[Path, str] = {}
    with ExitStack() as stack:

        def start(script: Path | str, **environment: str) -> str:
            path = (ROOT / script).resolve()
            if path not in started:
                folder = tmp_path_factory.mktemp(path.stem)
                started[path] = stack.enter_context(streamlit_server(path, folder, **environment))
            return started[path]

        yield start


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point `ITLIM_HOME` to a temporary folder, so that no test touches the user's files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ITLIM_HOME", str(tmp_path_factory.mktemp("itlim-home")))
        for name in ("ITLIM_DB", "ITLIM_LIBRARY"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def components_found_once() -> Iterator[None]:
    """Look for packages with Streamlit components once: each new AppTest reads the metadata of all
    installed packages, which takes 0.2 s and gives the same."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """The plugin's server, but with a thread for each request."""
    with HTTPServer(threaded=True) as server:
        yield server


@pytest.fixture
def itlim(monkeypatch, capsys):
    """`itlim(*arguments)` → (exit code, standard output, standard error), in this process."""

    def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["itlim", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run
