"""Live answers and scoring of the real pair beside what nobody can avoid.

    python -m tests.benchmarks.bench_real_pair [--pair NAME] [--tokens 64] [--rounds 5]

Two ratios, each of times taken in turns in one process: a colored live answer ÷ `generate` of
Transformers for the tuned model alone, and scoring 512 tokens ÷ a bare forward pass of both models.
The time to the first colored token and the peak memory of the process are reported. The pair is
real-sft, or real-lft if only the base is built; without it, nothing is measured. Above a limit, the
exit code is 1.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Sequence

import torch

from itlim.families.real.questions import read_question_rows
from itlim.library import load_library
from itlim.models.huggingface import load_pair
from itlim.models.model_files import missing_parts
from itlim.models.pair import LoadedPair
from itlim.records import Prompt
from itlim.settings import PROJECT_FOLDER
from itlim.shift import measure
from itlim.shift.live import LiveScoring
from tests.benchmarks.bench_shift import POSITIONS, Seconds, bare_passes, compare

PAIRS = ("real-sft", "real-lft")
QUESTION = "What are some of the best Sports Movies of all time?"
MOST_LIVE, MOST_SCORED = 1.45, 1.15


def built_pair() -> str | None:
    """The first of `PAIRS` whose models are on this machine."""
    library = load_library()
    return next((name for name in PAIRS if not missing_parts(library.pair(name))), None)


@torch.inference_mode()
def generated(pair: LoadedPair, prompt: Prompt, tokens: int) -> list[int]:
    """The tuned model's answer by Transformers' own loop."""
    ids = torch.tensor([prompt.token_ids])
    with pair.tuned_model() as held:
        out = held.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=tokens,
            pad_token_id=0,
        )
    return out[0, ids.shape[1] :].tolist()


def colored(pair: LoadedPair, prompt: Prompt, tokens: int) -> list[int]:
    """The same answer, with every token measured under both models."""
    return [int(step.token_id[0]) for step in LiveScoring(pair, prompt, tokens).steps()]


def first_token(pair: LoadedPair, prompt: Prompt, rounds: int) -> float:
    """Median seconds until the first colored token."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        next(iter(LiveScoring(pair, prompt, 2).steps()))
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def long_text(pair: LoadedPair) -> list[int]:
    """The ids of test questions and their references, cut to `POSITIONS` tokens."""
    rows = read_question_rows(PROJECT_FOLDER / "data" / "real" / "eval_test.jsonl")
    text = "\n".join(f"{row.instruction} {row.reference}" for row in rows)
    ids = pair.tokenizer(text)["input_ids"][:POSITIONS]
    assert len(ids) == POSITIONS
    return ids


def report(title: str, found: dict[str, Seconds], limit: float) -> bool:
    """Print both ways and their ratio; whether the limit is met."""
    (bare_name, bare), (own_name, own) = found.items()
    ratio, cpu = own.wall / bare.wall, own.cpu / bare.cpu
    print(f"{title}: {bare_name} {bare.wall:.2f} s, {own_name} {own.wall:.2f} s:", end=" ")
    print(f"{ratio:.2f} × ({cpu:.2f} × of processor time), limit {limit}", flush=True)
    return ratio <= limit


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pair", default=built_pair())
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    if chosen.pair is None:
        print("NOT MEASURED: the real pair is not built. Run `make real`.")
        return
    pair = load_pair(load_library().pair(chosen.pair))
    prompt = pair.render(QUESTION)
    print(f"{chosen.pair}, {torch.get_num_threads()} threads, {chosen.rounds} rounds")
    ids = generated(pair, prompt, chosen.tokens)
    same = ids == colored(pair, prompt, chosen.tokens)
    print(f"{len(ids)} tokens after a prompt of {len(prompt.token_ids)}; same answer: {same}")
    live = compare(
        {
            "Transformers' generate": lambda: generated(pair, prompt, chosen.tokens),
            "colored": lambda: colored(pair, prompt, chosen.tokens),
        },
        chosen.rounds,
    )
    text = long_text(pair)
    scored = compare(
        {
            "two bare forward passes": lambda: bare_passes(pair, text),
            "scored": lambda: measure.score(pair, text[:1], text[1:]),
        },
        chosen.rounds,
    )
    met = [
        report("live", live, MOST_LIVE),
        report(f"{POSITIONS} tokens", scored, MOST_SCORED),
    ]
    print(f"first colored token after {first_token(pair, prompt, chosen.rounds):.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process {peak:,.0f} MB", flush=True)
    if not all(met):
        sys.exit("A ratio is above its limit.")


if __name__ == "__main__":
    main()
