"""Train the whole demo family from text: bases, their SFT and LFT, and the scaling variants.

Two chains run side by side, one process and one thread each: the base with all
that is tuned from it, and the larger base with its own two. Tuning starts from the
base as it is saved (float16), so retraining from the shipped files gives the
shipped models again.
"""

import multiprocessing
import queue
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets.alpaca import read_alpaca
from itlim.errors import CancelledError, ItlimError
from itlim.settings import DEMO_FOLDER
from itlim.training.checkpoint import library_versions, weights_sha256, write_training_note
from itlim.training.demo_corpus import DEMO_TEMPLATE, corpus_documents
from itlim.training.demo_dataset import tuning_instances, write_demo_files
from itlim.training.demo_facts import load_facts
from itlim.training.demo_split import split_facts
from itlim.training.pretrain import Architecture, PretrainRecipe, build_model, pretrain
from itlim.training.recipes import Recipe, recipe_named
from itlim.training.tokenizer import train_tokenizer
from itlim.training.train import train

DATASET = "demo"
MODELS = "models"
LEARNING_RATE = 6e-4
"""Of SFT and LFT alike. The paper's is 5e-5; twelve times as much suits a model of a million
parameters that makes 39 steps. Chosen on dev (data/demo/settings_tried.csv)."""
TOKENIZER_PASSES = 3
_TOKENIZER_SEED = 1_000_000

LARGE = "-large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One tuned model of the family."""

    name: str
    recipe: str
    rows: float = 1.0
    """Share of the dataset, from its first row on."""
    dataset_file: str = "it_dataset.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A base and what is tuned from it."""

    base: str
    architecture: Architecture
    pretraining: PretrainRecipe
    tunings: tuple[Tuning, ...]


_SHARES = {"1_8": 1 / 8, "1_4": 1 / 4, "1_2": 1 / 2}

CHAINS: tuple[Chain, ...] = (
    Chain(
        base="base",
        architecture=Architecture(),
        pretraining=PretrainRecipe(steps=2000),
        tunings=(
            Tuning(name="sft", recipe="sft"),
            Tuning(name="lft", recipe="lft"),
            *(
                Tuning(name=f"{recipe}-{label}", recipe=recipe, rows=share)
                for label, share in _SHARES.items()
                for recipe in ("sft", "lft")
            ),
            Tuning(name="sft-short", recipe="sft", dataset_file="it_dataset_short.jsonl"),
        ),
    ),
    Chain(
        base="base" + LARGE,
        architecture=Architecture(
            hidden_size=192, intermediate_size=528, layers=6, heads=6, context_length=256
        ),
        pretraining=PretrainRecipe(steps=1400, learning_rate=3e-3),
        tunings=(
            Tuning(name="sft" + LARGE, recipe="sft"),
            Tuning(name="lft" + LARGE, recipe="lft"),
        ),
    ),
)


def demo_recipe(name: str) -> Recipe:
    """The recipe at the demo family's learning rate."""
    return recipe_named(name, learning_rate=LEARNING_RATE)


def build(
    out: Path = DEMO_FOLDER,
    progress: Callable[[int, int, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    chains: tuple[Chain, ...] = CHAINS,
) -> None:
    """Write the datasets, train every model from text, each into a folder of `out/models`.

    Args:
        out: the demo folder: datasets go there, `base`, `sft`, `lft` and the others to `models`.
        progress: called with steps done and steps in all, over both chains.
        cancelled: asked a few times a second.
        chains: what to build; tests build smaller ones.

    Raises:
        CancelledError: `cancelled` said so; what was written so far stays.
        ItlimError: a chain failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_demo_files(out)
    context = multiprocessing.get_context("spawn")
    reports: Any = context.Queue()
    processes = [
        context.Process(target=_run_chain, args=(index, chain, out, reports), daemon=True)
        for index, chain in enumerate(chains)
    ]
    for process in processes:
        process.start()
    try:
        _follow(processes, reports, [chain_steps(chain) for chain in chains], progress, cancelled)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def chain_steps(chain: Chain) -> int:
    """Optimiser steps of a chain, for the progress bar."""
    rows = len(tuning_instances(split_facts(load_facts())))
    steps = chain.pretraining.steps
    for tuning in chain.tunings:
        recipe = demo_recipe(tuning.recipe)
        steps += recipe.epochs * -(-round(rows * tuning.rows) // recipe.batch_size)
    return steps


def _follow(
    processes: list[Any],
    reports: Any,
    totals: list[int],
    progress: Callable[[int, int, str], None] | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    """Pass the chains' reports on until all of them say that they are done."""
    done = [0] * len(processes)
    running = set(range(len(processes)))
    while running:
        if cancelled is not None and cancelled():
            raise CancelledError("Building the demo family was stopped.")
        try:
            index, steps, message = reports.get(timeout=0.5)
        except queue.Empty:
            dead = [i for i in running if processes[i].exitcode not in (None, 0)]
            if dead:
                code = processes[dead[0]].exitcode
                raise ItlimError(
                    f"Training of chain {dead[0] + 1} ended with exit code {code}: see the "
                    "message above, or free some memory and try again."
                ) from None
            continue
        if steps is None:
            running.discard(index)
            if message:
                raise ItlimError(f"Training of chain {index + 1} failed: {message}")
            continue
        done[index] = steps
        if progress is not None:
            progress(sum(done), sum(totals), message)


def _run_chain(index: int, chain: Chain, out: Path, reports: Any) -> None:
    """Body of one process: pre-train, then tune; report the steps done so far."""
    import torch

    torch.set_num_threads(1)
    done = 0

    def report(name: str) -> Callable[[int, int, str], None]:
        return lambda step, _total, message: reports.put((index, done + step, f"{name}: {message}"))

    try:
        train_base(chain, out / MODELS / chain.base, progress=report(chain.base))
        done += chain.pretraining.steps
        for tuning in chain.tunings:
            done += tune_from(chain.base, tuning, out, progress=report(tuning.name))
    except (ItlimError, OSError, RuntimeError) as error:
        reports.put((index, None, f"{type(error).__name__}: {error}"))
    else:
        reports.put((index, None, ""))


def train_base(
    chain: Chain, out: Path, *, progress: Callable[[int, int, str], None] | None = None
) -> None:
    """Train tokenizer and base model of a chain and save them as float16 safetensors."""
    import torch
    from transformers import PreTrainedTokenizerFast

    started, cpu_started = time.monotonic(), time.process_time()
    split = split_facts(load_facts())
    texts = [
        text
        for number in range(TOKENIZER_PASSES)
        for text in corpus_documents(split, _TOKENIZER_SEED + number)
    ]
    # Names that only tuning spells out should not fall into single letters.
    texts += [f"{row['instruction']}\n{row['output']}" for row in tuning_instances(split)]
    tokenizer: PreTrainedTokenizerFast = train_tokenizer(
        texts,
        vocabulary_size=chain.architecture.vocabulary_size,
        context_length=chain.architecture.context_length,
    )
    model: Any = build_model(chain.architecture, tokenizer, chain.pretraining.seed)
    losses = pretrain(
        model,
        tokenizer,
        lambda number: corpus_documents(split, number),
        chain.pretraining,
        progress=progress,
    )
    float32_sha256 = weights_sha256(model)
    out.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    note = {
        "recipe": asdict(chain.pretraining),
        "architecture": asdict(chain.architecture),
        "parameters": model.num_parameters(),
        "corpus": "itlim/training/demo_corpus.py, one pass a number",
        "final_loss": round(sum(losses[-50:]) / len(losses[-50:]), 4),
        "weights_sha256": float32_sha256,
        "saved_as": "float16",
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu_started, 1),
        "versions": library_versions(),
    }
    write_training_note(out, note)


def tuning_table(tuning: Tuning, folder: Path = DEMO_FOLDER) -> pa.Table:
    """The instances that a model of the family is tuned on, in the dataset's order."""
    table = read_alpaca(folder / tuning.dataset_file, DATASET).table
    return table.slice(0, round(len(table) * tuning.rows))


def tune_from(
    base: str,
    tuning: Tuning,
    out: Path,
    *,
    seed: int = 0,
    progress: Callable[[int, int, str], None] | None = None,
) -> int:
    """Tune one model from the saved base; returns the steps it took."""
    table = tuning_table(tuning, out)
    result = train(
        demo_recipe(tuning.recipe),
        str(out / MODELS / base),
        table,
        DEMO_TEMPLATE,
        out / MODELS / tuning.name,
        seed=seed,
        half=True,
        named_base=f"../{base}",
        progress=progress,
    )
    return result.steps
