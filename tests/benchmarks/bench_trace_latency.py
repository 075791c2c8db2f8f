"""How long a reader waits for a trace, beside infini-gram and bm25s in the same run.

    python -m tests.benchmarks.bench_trace_latency [--quick]

Responses are real ones of models that were never tuned on the datasets; spans are cut from them
at random. The ways are timed in turns, response after response, on one thread, so that a busy
machine slows all alike. `--quick` leaves out the large dataset. Every verbatim span of the first
part is compared with infini-gram's: the spans must be the same.
"""

import argparse
import itertools
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from itlim.trace import TraceIndex, build_index, open_index, trace_span, verbatim_spans
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.evidence.stretches import maximal_stretches
from itlim.trace.words.lexical import FIELDS, SEPARATOR
from itlim.trace.words.matching import match
from tests.benchmarks.bench_index import large_index
from tests.benchmarks.infini_gram_peer import InfiniGram, build
from tests.benchmarks.trace_material import DATASETS, Host, load_hosts
from tests.benchmarks.trace_peers import CACHE
from tests.benchmarks.trace_text import words as peer_words

N_RESPONSES = 1000
RESPONSE_WORDS = 300
SPAN_WORDS = (2, 4, 8, 16, 32)
TOP = 10


def dolly_index(folder: Path = CACHE / "dolly-words") -> TraceIndex:
    """Dolly's index of words, built on first use."""
    from itlim.library import load_library

    entry = load_library().dataset_at(str(DATASETS / "dolly-15k.jsonl"))
    return build_index(entry, folder, lexical_only=True)


def responses_of(hosts: Sequence[Host], n: int) -> list[Response]:
    """Responses of exactly `RESPONSE_WORDS` words: cut there, or filled up by the next one's."""
    found = []
    held = ""
    for host in random.Random(0).sample(list(hosts), len(hosts)):
        held = f"{held} {host.response}".strip()
        cut = Response.of(host.instruction, held)
        if len(cut.words) >= RESPONSE_WORDS:
            text = held[: int(cut.stops[RESPONSE_WORDS - 1])]
            found.append(Response.of(host.instruction, text))
            held = ""
        if len(found) == n:
            break
    return found


def in_turns(ways: dict[str, Callable[[int], object]], n: int) -> dict[str, np.ndarray]:
    """Milliseconds of each way for `n` tasks, taken task by task after one unmeasured round."""
    for way in ways.values():
        way(0)
    taken = {name: np.zeros(n) for name in ways}
    for task in range(n):
        for name, way in ways.items():
            started = time.perf_counter()
            way(task)
            taken[name][task] = 1000 * (time.perf_counter() - started)
    return taken


def report(title: str, taken: dict[str, np.ndarray], first: str) -> None:
    """p50 and p95, and how often the first way fits into each one's median."""
    print(f"\n{title}, n = {len(taken[first])}")
    for name, values in taken.items():
        p50, p95 = np.percentile(values, [50, 95])
        ratio = float(np.median(values / taken[first]))
        print(f"  {name:44} p50 {p50:8.2f} ms   p95 {p95:8.2f} ms   {ratio:7.1f} ×", flush=True)


def spans_of(responses: Sequence[Response]) -> list[tuple[Response, int, int]]:
    """One random span a response, of `SPAN_WORDS` in turn, as word ranges."""
    rng = random.Random(1)
    found = []
    for number, response in enumerate(responses):
        length = SPAN_WORDS[number % len(SPAN_WORDS)]
        first = rng.randrange(len(response.words) - length)
        found.append((response, first, first + length))
    return found


def measure_spans(name: str, index: TraceIndex, responses: Sequence[Response]) -> None:
    """A marked span: the evidence of all instances, and the ten candidates with all they show."""
    spans = spans_of(responses)

    def trace(task: int) -> object:
        response, first, last = spans[task]
        return trace_span(
            [index],
            instruction=response.instruction,
            response=response.text,
            start=int(response.starts[first]),
            stop=int(response.stops[last - 1]),
            top=TOP,
            lexical_only=True,
        )

    def evidence(task: int) -> object:
        response, first, last = spans[task]
        return span_evidence([index.lexical], response, first, last)

    ways = {"itlim, ten candidates with all their parts": trace, "itlim, evidence alone": evidence}
    ways["bm25s, ten rows"] = _bm25s(index, [_text_of(*span) for span in spans])
    report(f"{name}: a span by words", in_turns(ways, len(spans)), next(iter(ways)))


def _text_of(response: Response, first: int, last: int) -> str:
    return response.text[int(response.starts[first]) : int(response.stops[last - 1])]


def _bm25s(index: TraceIndex, queries: Sequence[str]) -> Callable[[int], object]:
    import bm25s

    texts = [
        peer_words(text)
        for batch in index.instances.batches()
        for text in batch["response"].to_pylist()
    ]
    retriever = bm25s.BM25(backend="numba")
    retriever.index(texts, show_progress=False)
    return lambda task: retriever.retrieve(
        [peer_words(queries[task])], k=TOP, n_threads=1, show_progress=False
    )


def measure_responses(
    name: str, index: TraceIndex, responses: Sequence[Response], rival: InfiniGram | None
) -> None:
    """A whole response: its verbatim spans with rows, rarity and chance; and the bare stretches."""

    def spans(task: int) -> object:
        one = responses[task]
        return verbatim_spans([index], instruction=one.instruction, response=one.text)

    def stretches(task: int) -> object:
        return maximal_stretches(match(index.lexical, list(responses[task].words)).longest)

    def attribute(task: int) -> object:
        assert rival is not None
        return rival.attribute(index.lexical.ids(responses[task].words).tolist(), 1)

    ways: dict[str, Callable[[int], object]] = {
        "itlim, verbatim spans with rarity and rows": spans,
        "itlim, all maximal stretches": stretches,
    }
    if rival is not None:
        ways["infini-gram, attribute"] = attribute
    report(
        f"{name}: a response of {RESPONSE_WORDS} words",
        in_turns(ways, len(responses)),
        next(iter(ways)),
    )


def compare_spans(index: TraceIndex, responses: Sequence[Response], rival: InfiniGram) -> int:
    """Of how many responses the maximal stretches and their counts equal infini-gram's."""
    equal = 0
    for response in responses:
        matches = match(index.lexical, list(response.words))
        own = [
            (start, stop, matches.n_occurrences(start, stop))
            for start, stop in maximal_stretches(matches.longest)
        ]
        theirs = rival.spans(index.lexical.ids(response.words).tolist())
        equal += own == sorted((one.start, one.stop, one.count) for one in theirs)
    return equal


def infini_gram_of(index: TraceIndex) -> InfiniGram:
    """infini-gram over the very same word ids, each field a document."""
    folder = CACHE / f"infini-gram-{index.meta.dataset_sha256[:12]}"
    if not (folder / "table.0").exists():
        lexical = index.lexical
        bounds = lexical.fields.tolist()
        assert len(bounds) == FIELDS * len(lexical.groups) + 1
        fields = [lexical.words[a : b - 1] for a, b in itertools.pairwise(bounds)]
        assert all((field != SEPARATOR).all() for field in fields)
        build(fields, folder)
    return InfiniGram(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="Dolly alone, 100 responses")
    arguments = parser.parse_args()
    if not (DATASETS / "dolly-15k.jsonl").exists():
        print(f"NOT MEASURED: no datasets in {DATASETS}. Stage dolly-15k and just-eval there.")
        return
    responses = responses_of(load_hosts(), 100 if arguments.quick else N_RESPONSES)
    print(f"{len(responses)} responses")
    dolly = dolly_index()
    rival = infini_gram_of(dolly)
    equal = compare_spans(dolly, responses, rival)
    print(f"maximal stretches and counts equal infini-gram's in {equal} of {len(responses)}")
    name = f"Dolly, {dolly.meta.n_instances:,} instances"
    measure_spans(name, dolly, responses)
    measure_responses(name, dolly, responses, rival)
    if arguments.quick:
        return
    large = open_index(large_index())
    name = f"made, {large.meta.n_instances:,} instances"
    measure_spans(name, large, responses)
    measure_responses(name, large, responses, None)


if __name__ == "__main__":
    main()
