"""How often answers of models that were not tuned on a dataset are called borrowed from it.

    python -m tests.benchmarks.bench_chance_controls [--dataset dolly-15k] [--n 1500]

For the shipped baseline, and for one fitted on half of the control answers and tested on the other
half (other prompts): the share of sentences, clauses and names with p < .05, and of whole responses
whose rarest content stretch has p < .05, by length. Needs `../shared/datasets`; does not use
just-eval.
"""

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from itlim.library import load_library
from itlim.statistics.intervals import wilson_interval
from itlim.trace import TraceIndex, build_index, fit_chance, verbatim_spans
from itlim.trace.chance import span_p_value
from itlim.trace.evidence.span_evidence import Response, span_evidence
from itlim.trace.evidence.units import units
from tests.benchmarks.trace_material import DATASETS, prompt_key, read_jsonl

Pairs = Sequence[tuple[str, str]]
CONTROLS = {
    "medinstruct-test": ("claude-2", "gpt-3.5-turbo", "medinstruct-test"),
    "alpaca-eval": (
        "falcon-7b-instruct", "guanaco-7b", "llama-2-7b-chat-hf", "oasst-sft-pythia-12b",
        "phi-2-dpo", "tulu-2-dpo-7b", "vicuna-7b", "wizardlm-13b", "oasst-sft-llama-33b",
    ),
}  # fmt: skip
BANDS = ((20, 50), (50, 80), (80, 150), (150, 250), (250, 400), (400, 1001))
MIN_IN_BAND = 100


def control_answers(folder: str) -> list[tuple[str, str]]:
    """Prompts and answers of all control models, in a fixed random order."""
    found = [
        (f"{row['instruction']} {row.get('input', '')}".strip(), row["output"])
        for model in CONTROLS[folder]
        for row in read_jsonl(DATASETS / folder / f"{model}.jsonl")
    ]
    random.Random(5).shuffle(found)
    return found


def halves(pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Two halves that share no prompt."""
    keys = sorted({prompt_key(prompt) for prompt, _ in pairs})
    random.Random(6).shuffle(keys)
    first = set(keys[: len(keys) // 2])
    return (
        [pair for pair in pairs if prompt_key(pair[0]) in first],
        [pair for pair in pairs if prompt_key(pair[0]) not in first],
    )


def unit_p_values(index: TraceIndex, pairs: Pairs, n: int) -> dict[str, list[float]]:
    """p of up to three sentences, and one clause and name, of each answer, until n sentences."""
    rng = random.Random(7)
    found: dict[str, list[float]] = defaultdict(list)
    for prompt, answer in pairs:
        response = Response.of(prompt, answer)
        by_kind = defaultdict(list)
        for unit in units(response):
            by_kind[unit.kind].append(unit)
        for kind, members in by_kind.items():
            for unit in rng.sample(members, min(3 if kind == "sentence" else 1, len(members))):
                evidence = span_evidence([index.lexical], response, unit.first, unit.last)
                p = span_p_value([index], evidence, response, unit.n_words)
                found[kind].append(1.0 if p is None else p)
        if len(found["sentence"]) >= n:
            break
    return found


def response_p_values(index: TraceIndex, pairs: Pairs) -> Iterator[tuple[int, float]]:
    """Length in words and the smallest content p of each answer."""
    for prompt, answer in pairs:
        n_words = len(Response.of(prompt, answer).words)
        values = [
            span.null_p
            for span in verbatim_spans([index], instruction=prompt, response=answer)
            if not span.is_style and not span.in_instruction and span.null_p is not None
        ]
        yield n_words, min(values, default=1.0)


def _share(values: Sequence[float]) -> str:
    flagged = sum(value < 0.05 for value in values)
    low, high = wilson_interval(flagged, len(values)) or (0.0, 1.0)
    share = f"{100 * flagged / len(values):.1f}% [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{share}, n = {len(values)}"


def report(index: TraceIndex, title: str, pairs: Pairs, n: int) -> None:
    """Print the shares of one set of answers."""
    print(f"\n{title}")
    for kind, values in sorted(unit_p_values(index, pairs, n).items()):
        print(f"  {kind:10} p < .05: {_share(values)}", flush=True)
    by_length = list(response_p_values(index, pairs[:2500]))
    for low, high in BANDS:
        values = [p for length, p in by_length if low <= length < high]
        if len(values) >= MIN_IN_BAND:
            print(f"  responses of {low} to {high - 1} words: {_share(values)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="alpaca-52k")
    parser.add_argument("--n", type=int, default=1500, help="sentences per set")
    arguments = parser.parse_args()
    source = DATASETS / f"{arguments.dataset}.jsonl"
    if not source.exists():
        print(f"NOT MEASURED: no {source}.")
        return
    with tempfile.TemporaryDirectory() as name:
        entry = load_library().dataset_at(str(source))
        index = build_index(entry, Path(name) / "index", lexical_only=True)
        for folder in CONTROLS:
            pairs = control_answers(folder)
            report(index, f"{arguments.dataset}, {folder}, shipped baseline", pairs, arguments.n)
            fitted, tested = halves(pairs)
            own = fit_chance(index, fitted, source=folder)
            report(own, f"{arguments.dataset}, {folder}, own baseline", tested, arguments.n)
            index = fit_chance(own, None)


if __name__ == "__main__":
    main()
