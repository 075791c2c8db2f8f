"""The demo family's effects on its test set, recomputed from the weights.

Each tuning seed has its own findings: first the shipped weights, then seeds that are
retrained for the report and labeled as such. The family was built to exhibit the effects: it
illustrates the tools and does not replicate the paper.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from itlim.datasets import read_dataset
from itlim.families.demo.claims import FAMILY_NOTE, claims
from itlim.families.demo.plan import LEARNING_RATE
from itlim.families.demo.runs import answers_of, read_rows
from itlim.library import base_only_pair, load_library
from itlim.progress import Progress
from itlim.records import ModelSource, Pair, Run
from itlim.settings import DEMO_FOLDER
from itlim.statistics.finding import Finding
from itlim.training.recipes import recipe_named
from itlim.training.train import train


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedAnswers:
    """Answers of one tuning seed's models to the test set."""

    retrained: bool
    sft: list[Run]
    lft: list[Run]


def demo_report(
    folder: Path = DEMO_FOLDER, *, seeds: int = 3, progress: Progress | None = None
) -> dict[str, Any]:
    """Answer the test set with base, SFT and LFT of several seeds and test the family's claims.

    Args:
        folder: the family's folder, `data/demo`.
        seeds: number of tuning seeds; seed 0 ships, the others are retrained.
        progress: called with a fraction in [0, 1] and the current step.
    """
    report = progress or (lambda _fraction, _what: None)
    questions = read_rows(folder / "eval_test.jsonl")
    instances = read_rows(folder / "it_dataset.jsonl")
    sft, lft = (load_library().pair(name) for name in ("demo-sft", "demo-lft"))
    report(0.0, "The base answers the test set")
    base = answers_of(base_only_pair(sft), questions)
    found = []
    for seed in range(seeds):
        work = "retrain and answer" if seed else "answer"
        report((1 + seed) / (1 + seeds), f"Seed {seed}: {work}")
        if seed == 0:
            answers = SeedAnswers(
                retrained=False, sft=answers_of(sft, questions), lft=answers_of(lft, questions)
            )
        else:
            answers = _retrained(sft, lft, questions, folder, seed)
        found.append(
            {
                "seed": seed,
                "weights": "retrained for this report" if answers.retrained else "shipped",
                "claims": [
                    replace(finding, split="test", seed=seed).row()
                    for finding in claims(questions, instances, base, answers.sft, answers.lft)
                ],
            }
        )
    report(1.0, "Done")
    return {"honesty": FAMILY_NOTE, "split": "test", "n_questions": len(questions), "seeds": found}


def report_lines(report: dict[str, Any]) -> list[str]:
    """Format the report as text, one finding per line."""
    lines = [report["honesty"], ""]
    for seed in report["seeds"]:
        lines.append(f"Tuning seed {seed['seed']} ({seed['weights']}), split {report['split']}:")
        lines += [Finding.from_row(row).line() for row in seed["claims"]]
        lines.append("")
    return lines


def _retrained(
    sft: Pair, lft: Pair, questions: list[dict[str, Any]], folder: Path, seed: int
) -> SeedAnswers:
    table = read_dataset(folder / "it_dataset.jsonl", "demo").table
    with tempfile.TemporaryDirectory(prefix="itlim-demo-") as scratch:
        paths = {name: Path(scratch) / name for name in ("sft", "lft")}
        for name, path in paths.items():
            recipe = recipe_named(name, learning_rate=LEARNING_RATE)
            train(recipe, sft.base.path, table, sft.template, path, seed=seed, save_dtype="float16")
        tuned = replace(sft, tuned=ModelSource(path=str(paths["sft"])))
        adapted = replace(lft, adapter=ModelSource(path=str(paths["lft"])))
        return SeedAnswers(
            retrained=True,
            sft=answers_of(tuned, questions),
            lft=answers_of(adapted, questions),
        )
