"""Batched answers beside the same answers one by one, both generated and scored.

    python -m tests.benchmarks.bench_batch [--pair NAME] [--batch-size 16] [--rounds 2]
        [--instructions FILE] [--max-new-tokens 48]

Each round answers the same instructions in one batch, then each alone by the same code, and then
each alone and live, as the app and `itlim inspect` do. The limit applies to the first ratio. Times
are taken one after the other in one process, so that a busy machine slows all sides alike; the
median of the rounds counts. The answers are compared as well.

The pair is real-sft if `itlim real build` has built it, and demo-sft otherwise.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from itlim.batch.instructions import read_instructions
from itlim.library import load_library
from itlim.models.huggingface import load_pair
from itlim.models.model_files import missing_parts
from itlim.models.pair import LoadedPair
from itlim.pipeline import Inspection, answer_many, identify
from itlim.records import Request, Run
from itlim.settings import PROJECT_FOLDER

LEAST_RATIO = 2.5
REAL, DEMO = "real-sft", "demo-sft"
QUESTIONS = {REAL: "real/eval_test.jsonl", DEMO: "demo/eval_test.jsonl"}
T = TypeVar("T")


def default_pair() -> str:
    return DEMO if missing_parts(load_library().pair(REAL)) else REAL


def timed(do: Callable[[], T]) -> tuple[T, float, float]:
    """The result, and the seconds by the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = do()
    return found, time.perf_counter() - clock, time.process_time() - cpu


def same_answers(runs: Sequence[Run], others: Sequence[Run]) -> int:
    return sum(one.response == other.response for one, other in zip(runs, others, strict=True))


def compare(
    requests: Sequence[Request], loaded: LoadedPair, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Seconds by the clock and of the processor, by way, of every round."""
    ways: dict[str, Callable[[], list[Run]]] = {
        "in a batch": lambda: answer_many(requests, loaded, batch_size=len(requests)),
        "one by one": lambda: [answer_many([one], loaded)[0] for one in requests],
        "one by one, live": lambda: [
            Inspection(identify(one), loaded).answer() for one in requests
        ],
    }
    # Compiles the loops and reads the weights into memory.
    answer_many(requests[:2], loaded)
    Inspection(identify(requests[0]), loaded).answer()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        first: list[Run] = []
        for name, way in ways.items():
            runs, clock, cpu = timed(way)
            first = first or runs
            times[name].append((clock, cpu))
            n_tokens = sum(run.tokens.num_rows for run in runs)
            print(
                f"{name:18} {clock:7.2f} s, {cpu:7.2f} s of CPU, {n_tokens} tokens; "
                f"{same_answers(runs, first)} of {len(runs)} answers as in the batch",
                flush=True,
            )
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pair", default=default_pair())
    parser.add_argument("--instructions", type=Path, help="the first --batch-size rows are asked")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-new-tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    file = chosen.instructions or PROJECT_FOLDER / "data" / QUESTIONS.get(
        chosen.pair, QUESTIONS[DEMO]
    )
    items = read_instructions(file).items[: chosen.batch_size]
    pair = load_library().pair(chosen.pair)
    loaded = load_pair(pair)
    requests = [
        Request(
            pair=pair,
            instruction=item.instruction,
            input=item.input,
            max_new_tokens=chosen.max_new_tokens,
        )
        for item in items
    ]
    print(f"{pair.name}, {len(requests)} instructions, at most {chosen.max_new_tokens} tokens each")
    times = compare(requests, loaded, chosen.rounds)
    batched = times.pop("in a batch")
    for name, taken in times.items():
        clock, cpu = (
            statistics.median(
                one[at] / other[at] for one, other in zip(taken, batched, strict=True)
            )
            for at in (0, 1)
        )
        limit = f"; limit {LEAST_RATIO} on the real pair" if name == "one by one" else ""
        print(f"{name} / in a batch: {clock:.2f} x, {cpu:.2f} x of CPU time{limit}")


if __name__ == "__main__":
    main()
