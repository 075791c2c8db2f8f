"""What scoring costs beside the two forward passes that nobody can avoid.

    python -m tests.benchmarks.bench_shift [--quick]

Every ratio is of times taken alternately in one process, so that a busy machine
slows both sides alike; the median of the rounds counts. "cpu" is the ratio of
processor times, which other programs disturb less than they disturb the clock.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from itlim.models.language_model import CausalModel
from itlim.models.pair import LoadedPair, PairFacts
from itlim.models.pair_models import TogetherModels
from itlim.models.protocol import ScoredSequence
from itlim.models.vocabulary import SharedIds
from itlim.records import ModelSource, Pair, Prompt
from itlim.shift import divergence, measure
from itlim.shift.greedy import generate
from itlim.shift.live import LiveScoring

POSITIONS = 512
LIMITS = {32_000: 1.30, 128_000: 1.60}
LIVE_LIMIT = 2.2
LIVE_TOKENS = 48


class _NoTokenizer:
    """The benchmark works on ids; nothing is rendered or decoded."""


def random_pair(vocabulary: int) -> LoadedPair:
    """Two Llamas of hidden size 512 and 8 layers in float32, too large to be a toy."""
    from threading import Lock

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=512,
        intermediate_size=1376,
        num_hidden_layers=8,
        num_attention_heads=8,
        max_position_embeddings=1024,
    )
    lock = Lock()
    models = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config).eval().requires_grad_(requires_grad=False)
        models.append(CausalModel(model, context_length=1024, lock=lock))
    facts = PairFacts(
        shared=SharedIds(stop=vocabulary),
        token_ids=frozenset(range(vocabulary)),
        eos_ids=frozenset(),
        context_length=1024,
        embedding_counts={"base": vocabulary, "tuned": vocabulary},
        dtype="float32",
    )
    source = ModelSource(path="random")
    pair = Pair(name=f"V={vocabulary}", base=source, tuned=ModelSource(path="random, other seed"))
    return LoadedPair(pair, TogetherModels(*models), _NoTokenizer(), None, facts)  # type: ignore[arg-type]


@torch.inference_mode()
def bare_passes(pair: LoadedPair, ids: list[int]) -> None:
    """Both models' own forward with all logits: the denominator."""
    tensor = torch.tensor([ids])
    for held in (pair.base_model(), pair.tuned_model()):
        with held as model:
            model.model(input_ids=tensor, use_cache=False).logits  # noqa: B018


@torch.inference_mode()
def naive(pair: LoadedPair, ids: list[int], prompt: int) -> None:
    """The obvious way: whole logits, several whole-vocabulary tensors."""
    tensor = torch.tensor([ids])
    logits = []
    for held in (pair.base_model(), pair.tuned_model()):
        with held as model:
            logits.append(model.model(input_ids=tensor, use_cache=False).logits[0, prompt - 1 : -1])
    log_q, log_p = (rows.log_softmax(-1) for rows in logits)
    p, q = log_p.exp(), log_q.exp()
    log_m = ((p + q) / 2).log()
    (p * (log_p - log_q)).sum(-1), (q * (log_q - log_p)).sum(-1)
    ((p * (log_p - log_m)).sum(-1) + (q * (log_q - log_m)).sum(-1)) / 2
    top = log_p.argmax(-1)
    (log_q > log_q.gather(1, top[:, None])).sum(-1)
    -(p * log_p).sum(-1), -(q * log_q).sum(-1), p.topk(10), q.topk(10)


def plain(pair: LoadedPair, prompt: list[int], response: list[int]) -> None:
    """The same numbers by the formulas of divergence.py, as an accelerator computes them."""
    sequence = ScoredSequence(prompt_ids=tuple(prompt), response_ids=tuple(response))
    rows = measure.chunk_rows(pair.shared.stop)
    with pair.streams([sequence]) as streams:
        for start in range(0, len(response), rows):
            stop = min(len(response), start + rows)
            logits = (one.read(start, stop) for one in (streams.base, streams.tuned))
            divergence.measure(*logits, torch.tensor(response[start:stop]), 10)


@dataclass(frozen=True, slots=True)
class Seconds:
    """Median times of one way."""

    wall: float
    cpu: float


def compare(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, Seconds]:
    """Median seconds of each way, taken in turn."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Seconds(*(statistics.median(column) for column in zip(*taken, strict=True)))
        for name, taken in times.items()
    }


def print_row(vocabulary: int, name: str, taken: Seconds, bare: Seconds, limit: str = "") -> None:
    print(
        f"V={vocabulary:<7d} {name:30s} {taken.wall:7.3f} s {taken.wall / bare.wall:6.2f} x"
        f" {taken.cpu / bare.cpu:6.2f} x cpu  {limit}",
        flush=True,
    )


def bench_scoring(vocabulary: int, rounds: int, *, others: bool) -> None:
    pair = random_pair(vocabulary)
    ids = np.random.default_rng(0).integers(0, vocabulary, POSITIONS).tolist()
    prompt, response = ids[:1], ids[1:]
    ways = {
        "two bare forward passes": lambda: bare_passes(pair, ids),
        "scored (fused)": lambda: measure.score(pair, prompt, response),
    }
    if others:
        ways["scored (naive)"] = lambda: naive(pair, ids, 1)
        ways["scored (plain formulas)"] = lambda: plain(pair, prompt, response)
    found = compare(ways, rounds)
    for name, taken in found.items():
        limit = f"limit {LIMITS[vocabulary]}" if "fused" in name else ""
        print_row(vocabulary, name, taken, found["two bare forward passes"], limit)


def bench_live(vocabulary: int, rounds: int) -> None:
    pair = random_pair(vocabulary)
    ids = np.random.default_rng(0).integers(0, vocabulary, 32).tolist()
    prompt = Prompt(text="", token_ids=tuple(ids))
    found = compare(
        {
            "bare": lambda: generate(pair, prompt, LIVE_TOKENS),
            "coloured": lambda: list(LiveScoring(pair, prompt, LIVE_TOKENS).steps()),
        },
        rounds,
    )
    for name, taken in found.items():
        limit = f"limit {LIVE_LIMIT}" if name == "coloured" else ""
        print_row(vocabulary, f"{LIVE_TOKENS} tokens live, {name}", taken, found["bare"], limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no slow rivals")
    quick = parser.parse_args().quick
    print(f"torch threads {torch.get_num_threads()}, T={POSITIONS}, hidden 512, 8 layers, float32")
    print(f"positions a chunk at V=128000: {measure.chunk_rows(128_000)}")
    for vocabulary in LIMITS:
        bench_scoring(vocabulary, 3 if quick else 7, others=not quick)
        bench_live(vocabulary, 3 if quick else 5)


if __name__ == "__main__":
    main()
