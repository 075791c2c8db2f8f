"""Nothing that is read as data can run code: no unpickling, no `eval`, no remote code."""

import ast
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import full_pair

from itlim.datasets import read_dataset
from itlim.errors import InputError, ItlimError
from itlim.models.loading import load_model, read_checkpoint
from itlim.records import ModelSource
from itlim.training.resuming import STATE_FILE, StateFile

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("itlim/**/*.py"), *ROOT.glob("pages/**/*.py"), ROOT / "app.py"])
FORBIDDEN = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {
    "joblib",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "yaml",
    "pandas.io.pickle",
}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def keywords(node):
    return {one.arg: ast.unparse(one.value) for one in node.keywords}


def faults(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(one.name for one in node.names)]
            if FORBIDDEN_MODULES & set(names):
                yield f"{path}: imports {names}"
            if "pickle" in names and [one.name for one in node.names] != ["UnpicklingError"]:
                yield f"{path}: imports pickle"
    for node, name in calls(tree):
        if name in FORBIDDEN or name.endswith(("read_pickle", "pickle.load", "pickle.loads")):
            yield f"{path}:{node.lineno}: {name}"
        if name == "torch.load" and keywords(node).get("weights_only") != "True":
            yield f"{path}:{node.lineno}: torch.load without weights_only"
        if name in ("np.load", "numpy.load") and keywords(node).get("allow_pickle") == "True":
            yield f"{path}:{node.lineno}: np.load with allow_pickle"
        if keywords(node).get("trust_remote_code") == "True":
            yield f"{path}:{node.lineno}: trust_remote_code"
        if keywords(node).get("shell") == "True":
            yield f"{path}:{node.lineno}: shell=True"


def test_no_module_unpickles_or_evaluates():
    assert len(SOURCES) > 400
    assert [fault for path in SOURCES for fault in faults(path)] == []


class Bomb:
    """An object that writes a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


@pytest.fixture
def fired(tmp_path):
    """A file that exists once a bomb was unpickled; the fixture shows that bombs work."""
    target = tmp_path / "fired"
    pickle.loads(pickle.dumps(Bomb(target))).close()  # noqa: S301
    target.unlink()
    return target


def saved(bomb):
    stream = io.BytesIO()
    torch.save({"weight": bomb}, stream)
    return stream.getvalue()


@pytest.mark.parametrize("allow", [False, True])
@pytest.mark.parametrize("plain", [False, True])
def test_a_model_with_hostile_pickled_weights_runs_nothing(tmp_path, fired, allow, plain):
    folder = Path(full_pair(tmp_path / "models", "qwen2").base.path)
    (folder / "model.safetensors").unlink()
    bomb = Bomb(fired)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(bomb) if plain else saved(bomb))
    (folder / "training_args.bin").write_bytes(pickle.dumps(bomb))
    with pytest.raises(ItlimError):
        load_model(read_checkpoint(ModelSource(path=str(folder), allow_pickle=allow)))
    assert not fired.exists()


def test_a_hostile_state_of_an_unfinished_tuning_runs_nothing(tmp_path, fired):
    (tmp_path / STATE_FILE).write_bytes(saved(Bomb(fired)))
    with pytest.raises(InputError, match="cannot be read"):
        StateFile(tmp_path, {}).load()
    assert not fired.exists()


@pytest.mark.parametrize("suffix", [".npy", ".pt", ".pkl", ".bin", ".jsonl", ".parquet", ".arrow"])
def test_a_hostile_file_given_as_a_dataset_runs_nothing(tmp_path, fired, suffix):
    path = tmp_path / f"rows{suffix}"
    if suffix == ".npy":
        np.save(path, np.array([Bomb(fired)], dtype=object), allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(Bomb(fired)))
    with pytest.raises(ItlimError):
        read_dataset(path, "rows")
    assert not fired.exists()


def test_a_model_that_asks_for_its_own_code_runs_nothing(tmp_path, fired):
    folder = Path(full_pair(tmp_path / "models", "qwen2").base.path)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "hostile", "auto_map": {"AutoConfig": "code.HostileConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(fired)!r}, 'w')\nclass HostileConfig: pass\n")
    with pytest.raises(ItlimError):
        load_model(read_checkpoint(ModelSource(path=str(folder))))
    assert not fired.exists()
