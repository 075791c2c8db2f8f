"""The paper's remedies on the real family: one tuning each, and the answers measured (Figure 9).

Plain SFT and LFT are the family's own models, with their stored answers. The remedies are tuned as
SFT with the family's settings, which were not chosen for them, and answer the same questions.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.datasets import read_dataset
from itlim.families.real.answers import answer_questions
from itlim.families.real.base import build_base
from itlim.families.real.build import (
    BASE_NAME,
    CHECKPOINT_STEPS,
    TEMPLATE,
    RealFamily,
    cpu_threads,
)
from itlim.families.real.questions import Question, read_question_rows
from itlim.findings.answers import Answer
from itlim.findings.borrowing import borrowed_phrase
from itlim.findings.comparison import mean_kl
from itlim.findings.reading import read_folder
from itlim.findings.remedy_answers import PLAIN
from itlim.library import DatasetEntry
from itlim.progress import LineProgress, StepProgress
from itlim.records import ModelSource, Pair
from itlim.remedies.comparing import (
    FILTERED,
    NEFTUNE,
    RANDOM_HALF,
    SIMPLIFIED,
    Remedy,
    remedy_dataset,
)
from itlim.schema import REMEDY_ANSWERS
from itlim.store.shipped import merge_shipped
from itlim.trace import TraceIndex, build_index, open_index
from itlim.training.train import train

REMEDIES = (NEFTUNE, FILTERED, RANDOM_HALF, SIMPLIFIED)
SEED = 0


def make_remedy_answers(
    family: RealFamily,
    *,
    remedies: tuple[Remedy, ...] = REMEDIES,
    threads: int = 2,
    line: LineProgress | None = None,
    progress: StepProgress | None = None,
) -> pa.Table:
    """Tune every remedy, answer the questions that the family has answered, and measure.

    Finished models and batches of answers are kept in `family.weights / "remedies"`.

    Args:
        family: the family, with its stored runs and its index.
        remedies: what is tuned.
        threads: CPU threads; only with 1 are the weights exactly repeatable.
        line: called with one line for each part.
        progress: called with the steps of the current part.

    Returns:
        Rows of `schema.REMEDY_ANSWERS`. Whether a phrase is wrong is not known.

    Raises:
        ModelLoadError: the base cannot be installed or read.
        InputError: a folder contains an unfinished tuning with other settings.
    """
    say = line or (lambda _text: None)
    index = open_index(family.out / "index")
    plain = {
        recipe: read_folder(family.out / "runs", f"real-{recipe}").answers
        for recipe in ("sft", "lft")
    }
    asked = [one.instruction for one in plain["sft"]]
    known = {one.instruction: one for one in read_question_rows(family.data / "eval_test.jsonl")}
    rows = [
        _row(PLAIN, recipe, answer, known, index)
        for recipe, answers in plain.items()
        for answer in answers
    ]
    with cpu_threads(threads):
        base = family.base or build_base(family.weights)
        for remedy in remedies:
            say(f"Tuning: {remedy.name}")
            dataset, pair = _tuned(family, remedy, base, progress)
            say(f"Answers: {len(asked):,} questions, {remedy.name}")
            answers = _answers(family, remedy, pair, asked, progress)
            own = build_index(dataset, _work(family, remedy, "index"), lexical_only=True)
            rows += [_row(remedy.name, "sft", answer, known, own) for answer in answers]
    return pa.Table.from_pylist(rows, schema=REMEDY_ANSWERS)


def _work(family: RealFamily, remedy: Remedy, part: str) -> Path:
    return family.weights / "remedies" / f"{part}-{remedy.name.replace(' ', '-')}"


def _tuned(
    family: RealFamily, remedy: Remedy, base: Path, progress: StepProgress | None
) -> tuple[DatasetEntry, Pair]:
    """Tune unless the result is there; the state of a killed tuning is resumed."""
    (family.weights / "remedies").mkdir(parents=True, exist_ok=True)
    dataset = remedy_dataset(remedy, family.instances, family.weights / "remedies")
    out = _work(family, remedy, "model")
    if not (out / "training.json").exists():
        read = read_dataset(dataset.located(), dataset.name, format=dataset.format)
        train(
            replace(family.recipes["sft"], noise_alpha=remedy.noise_alpha),
            str(base),
            read.table,
            TEMPLATE,
            out,
            seed=SEED,
            save_dtype="float16",
            checkpoint_every=CHECKPOINT_STEPS,
            named_base=BASE_NAME,
            reading=read.report,
            progress=progress,
        )
    pair = Pair(
        name=f"real-{remedy.name.replace(' ', '-')}",
        base=ModelSource(path=str(base)),
        tuned=ModelSource(path=str(out)),
        template=TEMPLATE,
        dataset=dataset.name,
    )
    return dataset, pair


def _answers(
    family: RealFamily,
    remedy: Remedy,
    pair: Pair,
    asked: list[str],
    progress: StepProgress | None,
) -> tuple[Answer, ...]:
    folders = answer_questions(
        [pair],
        asked,
        family.weights / "remedies" / "answers",
        shown={},
        max_new_tokens=family.max_new_tokens,
        batch_questions=family.batch_questions,
        progress=progress,
    )
    runs = _work(family, remedy, "runs")
    merge_shipped(folders, runs)
    return read_folder(runs, pair.name).answers


def _row(
    remedy: str,
    recipe: str,
    answer: Answer,
    known: Mapping[str, Question],
    index: TraceIndex,
) -> dict[str, Any]:
    question = known[answer.instruction]
    p, phrase = borrowed_phrase(index, answer.instruction, answer.response)
    return {
        "remedy": remedy,
        "recipe": recipe,
        "seed": SEED,
        "question_id": answer.instruction,
        "instruction": answer.instruction,
        "response": answer.response,
        "n_tokens": answer.tokens.num_rows,
        "kl_mean": mean_kl(answer),
        # Only questions with a single short answer tell whether an answer is right.
        "is_right": bool(question.is_right(answer.response)) if question.aliases else None,
        "n_wrong": None,
        "borrowed_p": p,
        "phrase": phrase,
    }
