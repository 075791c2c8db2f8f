"""Pairs tuned with the real `train` on a tiny base, with their own library file."""

import json
from pathlib import Path

import torch
from causality.studies import fast, save_base
from training.tiny import PAIRS, TEMPLATE, tiny_instances

from itlim.library import load_library
from itlim.pipeline import answer_many
from itlim.records import Request
from itlim.training.train import train

MAX_NEW_TOKENS = 40
SETTINGS = {
    # Enough to memorize the rows: "Name a lake." is answered with tiny-3's "The Nile."
    "sft": {"epochs": 60, "batch_size": 11},
    # Enough for a non-empty answer.
    "lft": {"epochs": 10, "batch_size": 11, "learning_rate": 5e-2},
}
LAKE = "Name a lake."
NILE = "tiny-3"


def recipe(name):
    return fast(name, **SETTINGS[name])


def tuned_library(folder: Path, names=("sft", "lft"), *, without=(), save_dtype="float16") -> Path:
    """Tune one model per recipe; returns the library file, which names them `tiny-<recipe>`."""
    torch.set_num_threads(1)
    base = save_base(folder / "base")
    table = tiny_instances(folder)
    lines = [f'[datasets.tiny]\npath = "{folder / "tiny.jsonl"}"\nformat = "alpaca"\n']
    for name in names:
        train(
            recipe(name),
            base.base.path,
            table,
            TEMPLATE,
            folder / name,
            without=frozenset(without),
            seed=1,
            save_dtype=save_dtype,
        )
        kind = "adapter" if name == "lft" else "tuned"
        lines.append(
            f'[pairs.tiny-{name}]\nbase = "{base.base.path}"\n{kind} = "{folder / name}"\n'
            f'template = "{TEMPLATE}"\ndataset = "tiny"\n'
        )
    path = folder / "library.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def tiny_run(loaded, instruction=LAKE, max_new_tokens=MAX_NEW_TOKENS):
    """The pair's answer, as a run."""
    request = Request(
        pair=loaded.pair, instruction=instruction, max_new_tokens=max_new_tokens, top_k=3
    )
    return answer_many([request], loaded)[0]


def library_of(path: Path):
    return load_library(path)


def change_note(folder: Path, **parts) -> None:
    """Change values in a model's training note; None removes a value."""
    path = folder / "training.json"
    note = json.loads(path.read_text()) | parts
    path.write_text(json.dumps({key: value for key, value in note.items() if value is not None}))


__all__ = [
    "LAKE",
    "NILE",
    "PAIRS",
    "change_note",
    "library_of",
    "recipe",
    "tiny_run",
    "tuned_library",
]
