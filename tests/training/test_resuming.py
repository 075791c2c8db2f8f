"""A tuning run that is killed resumes from its last state and gives the same bits."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from causality.studies import save_base
from training.tiny import TEMPLATE, tiny_instances

from itlim.errors import CancelledError, InputError
from itlim.training.recipes import RECIPES
from itlim.training.resuming import STATE_FILE, is_resumable, is_unused
from itlim.training.train import train


@pytest.fixture
def base(tmp_path):
    torch.set_num_threads(1)
    return save_base(tmp_path / "base").base.path


@pytest.fixture
def table(tmp_path):
    return tiny_instances(tmp_path)


def recipe(name, **changes):
    settings = {"epochs": 4, "batch_size": 4, "learning_rate": 1e-2, "micro_batch_tokens": 90}
    return replace(RECIPES[name], **(settings | changes))


def stopped_after(steps):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > steps

    return cancelled


def weights(folder):
    name = "adapter_model.safetensors" if "lft" in folder.name else "model.safetensors"
    return (folder / name).read_bytes()


@pytest.mark.parametrize("name", ["lft", "sft", "neftune"])
def test_a_run_resumed_from_its_state_gives_the_same_files(base, table, tmp_path, name):
    whole, parts = tmp_path / f"{name}-whole", tmp_path / f"{name}-parts"
    expected = train(recipe(name), base, table, TEMPLATE, whole, seed=2)
    for steps in (5, 6):
        with pytest.raises(CancelledError):
            train(
                recipe(name), base, table, TEMPLATE, parts,
                seed=2, checkpoint_every=2, cancelled=stopped_after(steps),
            )  # fmt: skip
        assert is_resumable(parts)
    done = []
    found = train(
        recipe(name), base, table, TEMPLATE, parts,
        seed=2, checkpoint_every=2, progress=lambda step, *_: done.append(step),
    )  # fmt: skip
    # Two runs of 5 and 6 steps keep the states before steps 4 and, from there, 8.
    assert done == [9, 10, 11, 12]
    assert found.weights_sha256 == expected.weights_sha256
    assert weights(parts) == weights(whole)
    assert not is_resumable(parts)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"learning_rate": 2e-2}, "learning_rate"), ({"epochs": 5}, "epochs")],
)
def test_a_state_of_other_settings_is_not_used(base, table, tmp_path, changes, named):
    out = tmp_path / "sft"
    with pytest.raises(CancelledError):
        train(
            recipe("sft"), base, table, TEMPLATE, out,
            checkpoint_every=1, cancelled=stopped_after(3),
        )  # fmt: skip
    with pytest.raises(InputError, match=rf"other settings \({named}\)"):
        train(recipe("sft", **changes), base, table, TEMPLATE, out)
    with pytest.raises(InputError, match=r"other settings \(seed\)"):
        train(recipe("sft"), base, table, TEMPLATE, out, seed=1)
    with pytest.raises(InputError, match=r"dataset or template"):
        train(recipe("sft"), base, table.slice(1), TEMPLATE, out)


def test_a_damaged_state_is_an_error_that_names_the_folder(base, table, tmp_path):
    out = tmp_path / "sft"
    out.mkdir()
    (out / STATE_FILE).write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=f"delete {out} and start again"):
        train(recipe("sft"), base, table, TEMPLATE, out)


def test_the_time_of_a_resumed_run_includes_its_earlier_parts(base, table, tmp_path):
    out = tmp_path / "sft"
    with pytest.raises(CancelledError):
        train(
            recipe("sft"), base, table, TEMPLATE, out,
            checkpoint_every=1, cancelled=stopped_after(11),
            progress=lambda *_: time.sleep(0.05),
        )  # fmt: skip
    assert train(recipe("sft"), base, table, TEMPLATE, out).seconds > 10 * 0.05


def test_a_folder_with_an_unfinished_state_file_alone_is_unused(tmp_path):
    assert is_unused(tmp_path / "missing")
    (tmp_path / f"{STATE_FILE}.part").write_bytes(b"")
    assert is_unused(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert not is_unused(tmp_path)


def command(base, data, out, *options):
    return [
        sys.executable, "-m", "itlim", "train", "--recipe", "sft", "--base", base,
        "--dataset", str(data), "--template", TEMPLATE, "--epochs", "20", "--batch-size", "4",
        "--learning-rate", "1e-3", "--device", "cpu", "--out", str(out), *options,
    ]  # fmt: skip


def environment(tmp_path):
    return {**os.environ, "ITLIM_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}


def killed_once_a_state_exists(arguments, out, env):
    process = subprocess.Popen(arguments, env=env, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 90
    while not is_resumable(out) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    return process.wait(30)


@pytest.mark.full
def test_the_same_command_resumes_after_kill_9_and_gives_the_same_bits(base, table, tmp_path):
    data, out, whole = tmp_path / "tiny.jsonl", tmp_path / "sft", tmp_path / "whole"
    env = environment(tmp_path)
    arguments = command(base, data, out, "--checkpoint-every", "3")
    assert killed_once_a_state_exists(arguments, out, env) == -signal.SIGKILL
    again = subprocess.run(arguments, env=env, capture_output=True, text=True, timeout=90)
    assert again.returncode == 0, again.stderr
    assert "Resuming after " in again.stderr
    plain = subprocess.run(
        command(base, data, whole), env=env, capture_output=True, text=True, timeout=90
    )
    assert plain.returncode == 0, plain.stderr
    assert "Resuming" not in plain.stderr
    assert weights(out) == weights(whole)
    notes = [json.loads((folder / "training.json").read_text()) for folder in (out, whole)]
    assert notes[0]["weights_sha256"] == notes[1]["weights_sha256"]
    assert sorted(one.name for one in out.iterdir()) == sorted(one.name for one in whole.iterdir())


def test_a_finished_folder_is_not_overwritten(itlim, base, table, tmp_path):
    out = tmp_path / "sft"
    arguments = command(base, tmp_path / "tiny.jsonl", out)[3:]
    arguments[arguments.index("--epochs") + 1] = "1"
    assert itlim(*arguments)[0] == 0
    code, _, err = itlim(*arguments)
    assert code == 2
    assert "is not empty" in err
