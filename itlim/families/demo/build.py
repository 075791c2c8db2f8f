"""Train the whole demo family from text: bases, their SFT and LFT, and the scaling variants.

Two chains run in parallel, each in one process with one thread: the base with all models
tuned from it, and the larger base with its two. Tuning starts from the saved float16 base,
so retraining from the shipped files reproduces the shipped models.
"""

import multiprocessing
import queue
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from itlim.errors import CancelledError, ItlimError
from itlim.families.demo.corpus import DEMO_TEMPLATE, corpus_documents
from itlim.families.demo.dataset import tuning_instances, write_demo_files
from itlim.families.demo.facts import load_facts
from itlim.families.demo.plan import (
    CHAINS,
    MODELS,
    Chain,
    Tuning,
    chain_steps,
    demo_recipe,
    tuning_table,
)
from itlim.families.demo.split import split_facts
from itlim.progress import Cancelled, StepProgress
from itlim.settings import DEMO_FOLDER
from itlim.training.checkpoint import library_versions, weights_sha256, write_training_note
from itlim.training.pretrain import build_model, pretrain
from itlim.training.tokenizer import train_tokenizer
from itlim.training.train import train

TOKENIZER_PASSES = 3
_TOKENIZER_SEED = 1_000_000


def build(
    out: Path = DEMO_FOLDER,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
    *,
    chains: tuple[Chain, ...] = CHAINS,
) -> None:
    """Write the datasets and train every model from text.

    Args:
        out: the demo folder; receives the datasets and, in `models`, one folder per model.
        progress: called with steps done, total steps over all chains, and a message.
        cancelled: called at least twice per second; returns True to stop.
        chains: the models to build.

    Raises:
        CancelledError: `cancelled` returned True; files written so far are kept.
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


def _follow(
    processes: list[Any],
    reports: Any,
    totals: list[int],
    progress: StepProgress | None,
    cancelled: Cancelled | None,
) -> None:
    """Forward the chains' progress reports until all chains have finished."""
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
                    f"Training of chain {dead[0] + 1} ended with exit code {code}. Read the "
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
    """Main function of a process: pretrain, then tune, and report the steps done so far."""
    import torch

    # A terminal sends Ctrl-C to all processes; the parent alone reacts and ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    done = 0

    def report(name: str) -> StepProgress:
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


def train_base(chain: Chain, out: Path, *, progress: StepProgress | None = None) -> None:
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
    # Otherwise names that occur only in tuning would be split into single letters.
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
        "corpus": "itlim/families/demo/corpus.py, one pass a number",
        "final_loss": round(sum(losses[-50:]) / len(losses[-50:]), 4),
        "weights_sha256": float32_sha256,
        "saved_as": "float16",
        "seconds": round(time.monotonic() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu_started, 1),
        "versions": library_versions(),
    }
    write_training_note(out, note)


def tune_from(
    base: str,
    tuning: Tuning,
    out: Path,
    *,
    seed: int = 0,
    progress: StepProgress | None = None,
) -> int:
    """Tune one model from the saved base.

    Returns:
        The number of optimizer steps.
    """
    table = tuning_table(tuning, out)
    result = train(
        demo_recipe(tuning.recipe),
        str(out / MODELS / base),
        table,
        DEMO_TEMPLATE,
        out / MODELS / tuning.name,
        seed=seed,
        save_dtype="float16",
        named_base=f"../{base}",
        progress=progress,
    )
    return result.steps
