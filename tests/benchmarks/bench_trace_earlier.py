"""How long a trace takes beside the code of an earlier commit, in the same run.

    python -m tests.benchmarks.bench_trace_earlier [--commit REV] [--quick]

Both versions run in processes of their own, each with an index of its own, and take turns task by
task, so that a busy machine slows both alike. `--quick` leaves out the large dataset. Needs
`../shared/datasets` and a checkout with git; without them it says so and measures nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from itlim.settings import PROJECT_FOLDER
from itlim.trace.evidence.span_evidence import Response
from tests.benchmarks.bench_index import large_dataset
from tests.benchmarks.bench_trace_latency import TOP, responses_of, spans_of
from tests.benchmarks.trace_material import DATASETS, load_hosts
from tests.benchmarks.trace_peers import CACHE

EARLIER = "a26ba32"
N_RESPONSES = 400
_WORKER = """
import json, sys, time
from itlim.trace import open_index, trace_span, verbatim_spans
try:
    from itlim.trace.evidence.span_evidence import Response, span_evidence
except ImportError:  # where the earlier commit has them
    from itlim.trace.span_evidence import Response, span_evidence
index = open_index(__import__("pathlib").Path(sys.argv[1]))
for line in sys.stdin:
    kind, arguments = json.loads(line)
    if kind == "evidence":
        response = Response.of(arguments["instruction"], arguments["response"])
        bounds = response.word_range(arguments["start"], arguments["stop"])
    started = time.perf_counter()
    if kind == "evidence":
        span_evidence([index.lexical], response, *bounds)
    elif kind == "cards":
        trace_span([index], lexical_only=True, **arguments)
    else:
        verbatim_spans([index], **arguments)
    print(1000 * (time.perf_counter() - started), flush=True)
"""


class Version:
    """A process that runs one version of the code and reports milliseconds per task."""

    def __init__(self, checkout: Path, index: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(index)],
            cwd=checkout,
            env=_environment(checkout),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Version":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def milliseconds(self, kind: str, arguments: dict[str, object]) -> float:
        """Run one task; raises if the process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([kind, arguments]) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def _environment(checkout: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}


def checkout_of(commit: str) -> Path:
    """A worktree of the commit in the cache, made on first use."""
    folder = CACHE / f"commit-{commit}"
    if not folder.exists():
        git = ["git", "-C", str(PROJECT_FOLDER), "worktree"]
        subprocess.run([*git, "prune"], check=True)
        subprocess.run([*git, "add", "--detach", str(folder), commit], check=True)
    return folder


def index_of(checkout: Path, dataset: Path) -> Path:
    """The dataset's index of words, built by the checkout's own code on first use."""
    name = "now" if checkout == PROJECT_FOLDER else checkout.name
    folder = CACHE / f"{dataset.stem}-{name}"
    if not folder.exists():
        command = [sys.executable, "-m", "itlim", "index", str(dataset)]
        subprocess.run(
            [*command, "--lexical-only", "--out", str(folder)],
            check=True,
            cwd=checkout,
            env=_environment(checkout),
            stderr=subprocess.DEVNULL,
        )
    return folder


def compare(name: str, dataset: Path, earlier: Path, responses: Sequence[Response]) -> None:
    """Time both versions on the same spans and responses.

    `evidence` is that of all instances for a span, `cards` are its ten candidates with all that
    is shown of them, `response` are the verbatim spans of a response with rarity and chance.
    """
    spans = [
        {
            "instruction": response.instruction,
            "response": response.text,
            "start": int(response.starts[first]),
            "stop": int(response.stops[last - 1]),
            "top": TOP,
        }
        for response, first, last in spans_of(responses)
    ]
    whole = [{"instruction": one.instruction, "response": one.text} for one in responses]
    folders = [index_of(checkout, dataset) for checkout in (PROJECT_FOLDER, earlier)]
    with Version(PROJECT_FOLDER, folders[0]) as now, Version(earlier, folders[1]) as before:
        for kind, tasks in (("evidence", spans), ("cards", spans), ("response", whole)):
            taken = np.array(
                [[one.milliseconds(kind, task) for one in (now, before)] for task in tasks]
            )[1:]
            _report(f"{name}: {kind}", taken)


def _report(title: str, taken: np.ndarray) -> None:
    print(f"\n{title}, n = {len(taken)}")
    for label, values in zip(("now", "earlier"), taken.T, strict=True):
        p50, p95 = np.percentile(values, [50, 95])
        mean = values.mean()
        print(f"  {label:8} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   mean {mean:7.2f} ms")
    ratios = [
        np.percentile(taken[:, 1], share) / np.percentile(taken[:, 0], share) for share in (50, 95)
    ]
    mean = taken[:, 1].mean() / taken[:, 0].mean()
    print(f"  earlier ÷ now: p50 {ratios[0]:.2f}, p95 {ratios[1]:.2f}, mean {mean:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commit", default=EARLIER)
    parser.add_argument("--quick", action="store_true", help="Alpaca alone, 100 responses")
    arguments = parser.parse_args()
    if not (DATASETS / "alpaca-52k.jsonl").exists():
        print(f"NOT MEASURED: no datasets in {DATASETS}. Stage alpaca-52k and just-eval there.")
        return
    if not (PROJECT_FOLDER / ".git").exists():
        print(f"NOT MEASURED: {PROJECT_FOLDER} is not a checkout with git.")
        return
    earlier = checkout_of(arguments.commit)
    responses = responses_of(load_hosts(), 100 if arguments.quick else N_RESPONSES)
    compare("Alpaca 52k", DATASETS / "alpaca-52k.jsonl", earlier, responses)
    if not arguments.quick:
        compare("made, 326,000 instances", large_dataset(), earlier, responses)


if __name__ == "__main__":
    main()
