"""The demo family's answers to its test set, as the runs that ship with the app."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from itlim.errors import NotFoundError
from itlim.families.demo.scores import score_answers
from itlim.library import base_only_pair, load_library
from itlim.models.huggingface import load_pair
from itlim.pipeline import answer_many
from itlim.progress import Progress
from itlim.records import Pair, Request, Run
from itlim.schema import ShiftCategory
from itlim.shift.counts import category_counts
from itlim.store.shipped import Tag, ship_runs, ship_tags
from itlim.text.phrases import phrase_in

PAIRS = ("demo-sft", "demo-lft")
TASK = "question answering"
VARIANT_TOP_K = 3
"""Top tokens kept of each variant's token, for small files; the findings use none."""
# A fixed date, so that the same weights give the same files.
MADE_ON = datetime(2026, 11, 20, tzinfo=UTC)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file of the demo family.

    Raises:
        NotFoundError: the file does not exist.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is missing: run `make demo`, or restore data/demo.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def answers_of(
    pair: Pair,
    questions: list[dict[str, Any]],
    progress: Progress | None = None,
    *,
    top_k: int = 10,
) -> list[Run]:
    """Run the pair on the instructions of an evaluation set, in its order."""
    import torch

    threads = torch.get_num_threads()
    # Rounding depends on the number of threads: one gives the same files on any number of cores.
    torch.set_num_threads(1)
    loaded = load_pair(pair)
    try:
        requests = [
            Request(pair=pair, instruction=row["instruction"], top_k=top_k) for row in questions
        ]
        return answer_many(requests, loaded, origin="demo", created_at=MADE_ON, progress=progress)
    finally:
        loaded.close()
        torch.set_num_threads(threads)


def make_demo_runs(folder: Path, progress: Progress | None = None) -> None:
    """Answer the test set with base, LFT and SFT, and write `runs/` in the store's schemas."""
    questions = read_rows(folder / "eval_test.jsonl")
    pairs = [load_library().pair(name) for name in PAIRS]
    runs = [
        run
        for pair in (base_only_pair(pairs[0]), *pairs)
        for run in answers_of(pair, questions, progress)
    ]
    ship_runs(runs, folder / "runs")
    ship_tags(folder / "runs", question_tags(questions))
    featured = _featured(runs, questions, read_rows(folder / "it_dataset.jsonl"))
    (folder / "runs" / "featured.txt").write_text(featured + "\n", encoding="utf-8")


def make_variant_runs(folder: Path, progress: Progress | None = None) -> None:
    """Answer the test set with the library's variants, and write `variants/`."""
    questions = read_rows(folder / "eval_test.jsonl")
    runs = [
        run
        for pair in load_library().variants.values()
        for run in answers_of(pair, questions, progress, top_k=VARIANT_TOP_K)
    ]
    ship_runs(runs, folder / "variants")
    ship_tags(folder / "variants", question_tags(questions))


def question_tags(questions: list[dict[str, Any]]) -> dict[str, Tag]:
    """Item, task and topic of each question by instruction: the topic is its category."""
    return {row["instruction"]: (row["id"], TASK, row["category"]) for row in questions}


def _featured(
    runs: list[Run], questions: list[dict[str, Any]], instances: list[dict[str, Any]]
) -> str:
    """Id of the run that a first visit shows: the one with the most shifted tokens among the SFT
    answers that name the question's entity and whose wrong phrase has exactly one source."""
    sft = [run for run in runs if run.pair == PAIRS[0]]
    scores = score_answers(questions, [run.response for run in sft], instances)
    by_question = {row["id"]: (row, run) for row, run in zip(questions, sft, strict=True)}
    clear = []
    for phrase in scores.wrong_main:
        question, run = by_question[phrase.question_id]
        one_source = len(phrase.source_rows) == len(phrase.same_category_rows) == 1
        if one_source and phrase_in(question["entity"], run.response):
            clear.append(run)

    def shifted(run: Run) -> int:
        return category_counts(run.tokens).counts[ShiftCategory.SHIFTED]

    return max(clear or sft, key=shifted).run_id
