"""Batched answers beside the same answers one by one, both generated and scored.

    python -m tests.benchmarks.bench_batch [--pair NAME] [--batch-size 16] [--rounds 2]
        [--instructions FILE] [--max-new-tokens 48]

Each round answers the same instructions in one batch, then each alone by the same code, and then
each alone and live, as the app and `itlim inspect` do. The limit applies to the first ratio. Times
are taken one after the other in one process, so that a busy machine slows all sides alike; the
median of the rounds counts. The answers are compared as well.

The pair is real-sft if `itlim real build` has built it, and demo-sft otherwise, to which the limit
does not apply. The heading says which one is measured; below the limit, the exit code is 1.
"""

import argparse
import statistics
import sys
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


def heading(pair: str, n: int, max_new_tokens: int, *, is_fallback: bool) -> str:
    """What is measured, and why it is not the real pair."""
    why = f" (in place of {REAL}, which `itlim real build` has not built)" if is_fallback else ""
    return f"{pair}{why}: {n} instructions, at most {max_new_tokens} tokens each"


def limit_of(pair: str) -> float | None:
    """The least ratio of a pair; None if it has none."""
    return LEAST_RATIO if pair == REAL else None


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
    parser.add_argument("--pair")
    parser.add_argument("--instructions", type=Path, help="the first --batch-size rows are asked")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-new-tokens", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    name = chosen.pair or default_pair()
    file = chosen.instructions or PROJECT_FOLDER / "data" / QUESTIONS.get(name, QUESTIONS[DEMO])
    items = read_instructions(file).items[: chosen.batch_size]
    pair = load_library().pair(name)
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
    is_fallback = chosen.pair is None and pair.name != REAL
    n, length = len(requests), chosen.max_new_tokens
    print(heading(pair.name, n, length, is_fallback=is_fallback))
    times = compare(requests, loaded, chosen.rounds)
    batched = times.pop("in a batch")
    limit, is_slow = limit_of(pair.name), False
    for way, taken in times.items():
        clock, cpu = (
            statistics.median(
                one[at] / other[at] for one, other in zip(taken, batched, strict=True)
            )
            for at in (0, 1)
        )
        has_limit = limit is not None and way == "one by one"
        is_slow = is_slow or (limit is not None and has_limit and clock < limit)
        shown = f"; at least {limit} x expected" if has_limit else ""
        print(f"{way} / in a batch: {clock:.2f} x, {cpu:.2f} x of CPU time{shown}")
    if is_slow:
        sys.exit(f"{pair.name}: a batch is less than {limit} x as fast as one by one.")


if __name__ == "__main__":
    main()
