"""What building an index costs: Dolly, Alpaca, and a dataset of Tulu's size made for it.

    python -m tests.benchmarks.bench_index [--quick]

Each build runs in a fresh process of two threads, whose peak memory is its own. `--quick` leaves
out embeddings and the large dataset. The indexes stay in the cache for the other benchmarks.
Needs `../shared/datasets`; without them it says so and measures nothing.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.large_corpus import write_large_dataset
from tests.benchmarks.trace_material import DATASETS
from tests.benchmarks.trace_peers import CACHE

LARGE_INSTANCES = 326_000
LARGE_WORDS = 108_000_000
"""Tulu-V2-Mix's."""


def large_dataset() -> Path:
    """The large dataset, written on first use (2 minutes)."""
    path = CACHE / "large.jsonl"
    sources = [DATASETS / f"{name}.jsonl" for name in ("alpaca-52k", "dolly-15k", "lima-1k")]
    write_large_dataset(path, sources, n_instances=LARGE_INSTANCES, n_words=LARGE_WORDS)
    return path


def large_index(folder: Path = CACHE / "large") -> Path:
    """Its index of words, built on first use."""
    if not folder.exists():
        _build(large_dataset(), folder, lexical_only=True)
    return folder


def _build(dataset: Path, out: Path, *, lexical_only: bool) -> dict[str, float]:
    """Build in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--child", str(dataset), str(out)]
        + ["--lexical-only"] * lexical_only,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])


def _build_here(dataset: Path, out: Path, *, lexical_only: bool) -> None:
    """Build in this process and print what each phase and the whole took."""
    # Here: what is imported before the clock starts is not the build's.
    from itlim.library import load_library
    from itlim.trace import build_index

    marks: list[tuple[float, str]] = []

    def progress(_: float, label: str) -> None:
        marks.append((time.perf_counter(), label))

    started, cpu = time.perf_counter(), time.process_time()
    entry = load_library().dataset_at(str(dataset))
    index = build_index(entry, out, lexical_only=lexical_only, force=True, progress=progress)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    chance = [when for when, label in marks if label == "fitting the chance baseline"]
    after = next((when for when, _ in marks if chance and when > chance[-1]), started + seconds)
    found = {
        "instances": index.meta.n_instances,
        "words": index.meta.n_words,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "chance_seconds": after - chance[0] if chance else 0.0,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


def _row(name: str, found: dict[str, float]) -> str:
    return (
        f"{name:24} {found['instances']:>9,.0f} {found['words']:>12,.0f} {found['seconds']:>8.1f} s"
        f" ({found['chance_seconds']:.1f} s of it chance; {found['cpu_seconds']:.1f} cpu-s)"
        f"  peak {found['peak_mib']:,.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", nargs=2, type=Path, metavar=("DATASET", "OUT"))
    parser.add_argument("--lexical-only", action="store_true")
    arguments = parser.parse_args()
    if arguments.child:
        _build_here(*arguments.child, lexical_only=arguments.lexical_only)
        return
    dolly, alpaca = DATASETS / "dolly-15k.jsonl", DATASETS / "alpaca-52k.jsonl"
    if not dolly.exists():
        print(f"NOT MEASURED: no datasets in {DATASETS}. Stage dolly-15k and alpaca-52k there.")
        return
    print(f"{'dataset':24} {'instances':>9} {'words':>12} {'time':>10}")
    _build(dolly, CACHE / "dolly-words", lexical_only=True)  # compiles what is not yet cached
    print(_row("Dolly, words", _build(dolly, CACHE / "dolly-words", lexical_only=True)), flush=True)
    print(_row("Alpaca, words", _build(alpaca, CACHE / "alpaca-words", lexical_only=True)))
    if arguments.quick:
        return
    large = large_dataset()
    print(_row("made, words", _build(large, CACHE / "large", lexical_only=True)), flush=True)
    print(_row("Dolly, words and vectors", _build(dolly, CACHE / "dolly-15k", lexical_only=False)))


if __name__ == "__main__":
    main()
