"""Which dataset was a model tuned on? Measured on answers of real models.

    python -m tests.benchmarks.provenance [--indexes FOLDER]

Reads `../shared/datasets` and says what is skipped if it is absent. Lexical indexes of the datasets
are built in the folder if they are missing. The prompts of each set are split in a dev half, on
which the steps of p (`trace/provenance/steps.STEPS`) were chosen, and a test half.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from itlim.library import DatasetEntry
from itlim.statistics.permutation import holm, sign_flip_p
from itlim.text.words import words
from itlim.trace import TraceIndex, build_index, open_index
from itlim.trace.evidence.span_evidence import Response
from itlim.trace.provenance.answers import AnswerSet, joined_controls, read_answers
from itlim.trace.provenance.likeness import (
    AnswerWords,
    background_probabilities,
    likeness,
    minus_decoy,
    uniform_probability,
)
from itlim.trace.provenance.steps import Borrowing, borrowing

DATASETS = Path(__file__).resolve().parents[3] / "shared" / "datasets"
CANDIDATES = ("alpaca-52k", "dolly-15k", "lima-1k", "code-alpaca-2k")
MEDICAL = ("gpt-3.5-turbo", "claude-2", "medinstruct-test")
"""Controls of medinstruct-test; the last is GPT-4's reference answers."""
GENERAL = (
    "guanaco-7b",
    "guanaco-33b",
    "vicuna-7b",
    "falcon-7b-instruct",
    "oasst-sft-pythia-12b",
    "oasst-sft-llama-33b",
    "llama-2-7b-chat-hf",
    "tulu-2-dpo-7b",
)
"""Controls of alpaca-eval; models tuned on data derived from Alpaca's instructions are not."""
SIZES = (100, 200, 400, 805)
DRAWS = 50


def p_of(found: Borrowing, places: np.ndarray | None = None) -> float:
    """The largest p over the controls, of some prompts."""
    return max(p_values(found, places))


def p_values(
    found: Borrowing, places: np.ndarray | None, scored=lambda steps: steps
) -> list[float]:
    values = []
    for at, own, other in found.paired:
        kept = np.ones(len(at), bool) if places is None else np.isin(at, places)
        values.append(sign_flip_p(scored(own[kept]) - scored(other[kept])))
    return values


def measured(index: TraceIndex, chosen: AnswerSet, controls: Sequence[AnswerSet]) -> Borrowing:
    answers, _ = joined_controls(chosen, controls)
    split = [Response.of(one.instruction, one.response) for one in chosen.answers]
    others = [
        {at: Response.of(one.instruction, one.response) for at, one in control.items()}
        for control in answers
    ]
    return borrowing(index, split, others)


def halves(n: int) -> dict[str, np.ndarray]:
    order = np.random.default_rng(0).permutation(n)
    return {"dev": order[: n // 2], "test": order[n // 2 :], "all": order}


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def table_of(indexes: Sequence[TraceIndex], chosen: AnswerSet, controls: Sequence[AnswerSet]):
    """Share, difference and adjusted p per dataset; returns what was measured."""
    found = [measured(index, chosen, controls) for index in indexes]
    adjusted = holm([p_of(one) for one in found])
    for index, one, p in sorted(zip(indexes, found, adjusted, strict=True), key=lambda x: x[2]):
        share, control = one.shares
        low, high = one.interval(seed=0) or (np.nan, np.nan)
        print(
            f"| {chosen.name} | {index.dataset} | {one.n} | {percent(share)} | {percent(control)} "
            f"| {100 * (share - control):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}] | {p:.2g} |",
            flush=True,
        )
    return found


HEAD = (
    "| responses | dataset | n | % flagged | % of control answers | difference [95%] | p (Holm) |\n"
    "|---|---|---|---|---|---|---|"
)


def steps_table(found: Borrowing, name: str) -> None:
    """The largest p over the controls for other steps, on each half."""
    print(f"\nSteps of p, {name} against alpaca-52k (largest p over the controls)\n")
    print("| half | p < .05 | p < .01 | p < .002 | .05 and .01 | all three |")
    print("|---|---|---|---|---|---|")
    scores = (
        lambda steps: (steps > 0).astype(int),
        lambda steps: (steps > 1).astype(int),
        lambda steps: (steps > 2).astype(int),
        lambda steps: np.minimum(steps, 2),
        lambda steps: steps,
    )
    for half, places in halves(len(found.alone)).items():
        cells = [f"{max(p_values(found, places, scored)):.2g}" for scored in scores]
        print(f"| {half} | {' | '.join(cells)} |", flush=True)


def sizes_table(found: Borrowing, name: str) -> None:
    """p by the number of prompts: one draw, and the median and share below .05 of several."""
    print(f"\n{name} against alpaca-52k by number of prompts ({DRAWS} random draws, unadjusted)\n")
    print("| n | p, first draw | median p | share of draws with p < .05 |\n|---|---|---|---|")
    n = len(found.alone)
    for size in SIZES:
        draws = [
            p_of(found, np.random.default_rng(seed).permutation(n)[:size])
            for seed in range(1 if size >= n else DRAWS)
        ]
        below = np.mean(np.array(draws) < 0.05)
        print(f"| {min(size, n)} | {draws[0]:.2g} | {np.median(draws):.2g} | {below:.2f} |")


def margins_table(indexes: Sequence[TraceIndex], sets: Sequence[AnswerSet], tuned: int) -> None:
    """M − decoy for the first dataset: mean, and share above the dev controls' 97.5% quantile."""
    first = sets[0]
    answers, _ = joined_controls(first, sets[1:])
    texts = [(at, 0, words(one.response)) for at, one in enumerate(first.answers)]
    for model, control in enumerate(answers, 1):
        texts += [(at, model, words(one.response)) for at, one in control.items()]
    numbered = AnswerWords.of([words(one.instruction) for one in first.answers], texts)
    lexical = [index.lexical for index in indexes]
    uniform = uniform_probability(lexical, numbered)
    background = background_probabilities(numbered, uniform)
    scores = [likeness(index, numbered, background, uniform) for index in lexical]
    margins = minus_decoy(np.array(scores))[0]
    parts = halves(len(first.answers))
    in_dev = np.isin(numbered.prompts, parts["dev"])
    known = ~np.isnan(margins)
    threshold = np.quantile(margins[known & in_dev & (numbered.models >= tuned)], 0.975)
    controls = margins[known & ~in_dev & (numbered.models >= tuned)]
    print(f"\nM − decoy for {indexes[0].dataset}, nats per word; threshold {threshold:.3f} is the")
    print("97.5% quantile of the control answers to dev prompts; the rest is of test prompts\n")
    print(
        "| answers | mean | % above the threshold | AUROC against the controls |\n|---|---|---|---|"
    )
    for model, one in enumerate(sets):
        values = margins[known & ~in_dev & (numbered.models == model)]
        wins = (values[:, None] > controls).mean() + (values[:, None] == controls).mean() / 2
        above = percent(float(np.mean(values > threshold)))
        print(f"| {one.name} | {values.mean():.3f} | {above} | {wins:.2f} |", flush=True)


def controls_table(indexes: Sequence[TraceIndex], controls: Sequence[AnswerSet]) -> None:
    print("\nEach control against the others\n")
    print(HEAD)
    for number, one in enumerate(controls):
        table_of(indexes, one, [*controls[:number], *controls[number + 1 :]])


def of_set(folder: str, names: Sequence[str]) -> list[AnswerSet]:
    return [read_answers(DATASETS / folder / f"{name}.jsonl") for name in names]


def index_of(name: str, folder: Path) -> TraceIndex:
    if folder.exists():
        return open_index(folder)
    entry = DatasetEntry(name=name, path=DATASETS / f"{name}.jsonl")
    return build_index(entry, folder, lexical_only=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--indexes", type=Path, default=Path("/tmp/prov-index"))
    parser.add_argument("--no-controls", action="store_true", help="skip controls against controls")
    chosen = parser.parse_args()
    if not (DATASETS / "medinstruct-test").is_dir() or not (DATASETS / "alpaca-eval").is_dir():
        print(f"SKIPPED: {DATASETS} lacks medinstruct-test or alpaca-eval.", file=sys.stderr)
        return 0
    indexes = [index_of(name, chosen.indexes / name) for name in CANDIDATES]
    (tuned,), controls = (
        of_set("medinstruct-test", ["alpaca-13b-llama-2"]),
        of_set("medinstruct-test", MEDICAL),
    )
    apart = of_set("medinstruct-test", ["AlpaCare-13b-llama-2", "text-davinci-003"])
    print(f"## medinstruct-test, controls {', '.join(MEDICAL)}\n\n{HEAD}")
    found = table_of(indexes, tuned, controls)
    for one in apart:
        table_of(indexes, one, controls)
    steps_table(found[0], tuned.name)
    margins_table(indexes, [tuned, *apart, *controls], 3)
    if not chosen.no_controls:
        controls_table(indexes, controls)

    both = indexes[:2]
    general = of_set("alpaca-eval", GENERAL)
    print(f"\n## alpaca-eval, controls {', '.join(GENERAL)}\n\n{HEAD}")
    named = of_set("alpaca-eval", ["alpaca-7b", "alpaca-7b-neft"])
    results = [table_of(both, one, general) for one in named]
    (davinci,) = of_set("alpaca-eval", ["text_davinci_003"])
    table_of(both, davinci, general)
    for one, result in zip(named, results, strict=True):
        sizes_table(result[0], one.name)
        steps_table(result[0], one.name)
    margins_table(both, [*named, davinci, *general], 3)
    if not chosen.no_controls:
        controls_table(both, general)
    return 0


if __name__ == "__main__":
    sys.exit(main())
