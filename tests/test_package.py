"""The wheel runs outside the checkout, with the shipped models inside it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from itlim.settings import PROJECT_FOLDER

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, "."],
        cwd=PROJECT_FOLDER,
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("itlim-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed(*arguments)` runs the installed `itlim` in an empty folder."""
    site, folder = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel]
    subprocess.run(pip, check=True, capture_output=True)
    environment = os.environ | {"PYTHONPATH": str(site), "ITLIM_HOME": str(folder / "home")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, site / "bin" / "itlim", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_wheel_contains_the_data_the_app_and_the_type_marker(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "itlim/py.typed",
        "itlim/data/library.toml",
        "itlim/data/demo/models/base/model.safetensors",
        "itlim/data/reference/responses.jsonl",
        "itlim/ui/app/app.py",
        "itlim/ui/app/pages/views/ask.py",
        "itlim/ui/app/.streamlit/config.toml",
    } <= names


def test_an_installed_itlim_scores_an_answer_outside_the_checkout(installed):
    done = installed(
        "inspect", "--pair", "demo-sft", "--instruction", "Who founded Toyota?", "--json"
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert run["base_model"] == "data/demo/models/base"
    assert "".join(token["text"] for token in run["tokens"]) == run["response"]


def test_an_installed_itlim_keeps_its_files_in_itlim_home(installed, tmp_path):
    done = installed("pairs", "--json")
    assert {pair["name"] for pair in json.loads(done.stdout)} >= {"demo-sft", "demo-lft"}
    assert "site" in json.loads(done.stdout)[0]["base"]
