"""The paper's remedies on the demo family: retrained with several seeds, and measured (Figure 9).

All are tuned as SFT and as LFT. Their settings (`itlim.remedies.comparing`) were fixed before the
test questions were answered, and none was tried otherwise.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itlim.datasets import read_dataset
from itlim.disk import whole_file
from itlim.families.demo.plan import DATASET, demo_recipe
from itlim.families.demo.runs import MADE_ON, read_rows
from itlim.families.demo.spans import wrong_spans
from itlim.findings.borrowing import borrowed_phrase
from itlim.findings.remedy_answers import PLAIN
from itlim.ids import content_hash
from itlim.library import DatasetEntry, load_library
from itlim.models.huggingface import load_pair
from itlim.pipeline import answer_many
from itlim.progress import StepProgress
from itlim.records import DatasetFormat, ModelSource, Pair, Request, Run
from itlim.remedies.comparing import (
    EVOLVED,
    FILTERED,
    NEFTUNE,
    RANDOM_HALF,
    SIMPLIFIED,
    Remedy,
    remedy_dataset,
)
from itlim.schema import REMEDY_ANSWERS
from itlim.settings import DEMO_FOLDER
from itlim.text.phrases import phrase_in
from itlim.trace import TraceIndex, build_index
from itlim.training.recipes import Recipe
from itlim.training.train import train

SEEDS = (0, 1, 2)
RECIPES = ("sft", "lft")
_BATCH = 16


REMEDIES = (
    Remedy(name=PLAIN),
    NEFTUNE,
    FILTERED,
    RANDOM_HALF,
    SIMPLIFIED,
    EVOLVED,
)


def make_remedy_answers(
    work: Path,
    folder: Path = DEMO_FOLDER,
    *,
    remedies: tuple[Remedy, ...] = REMEDIES,
    seeds: tuple[int, ...] = SEEDS,
    questions: int | None = None,
    progress: StepProgress | None = None,
) -> pa.Table:
    """Tune every remedy with every recipe and seed, and measure the answers to the test set.

    Args:
        work: folder of datasets and finished models' answers, which are not made again.
        folder: the demo folder.
        remedies: what is tuned.
        seeds: tuning seeds.
        questions: number of test questions, from the first; None for all.
        progress: called with models done, their total and a message.

    Returns:
        Rows of `schema.REMEDY_ANSWERS`.
    """
    report = progress or (lambda _done, _total, _what: None)
    asked = read_rows(folder / "eval_test.jsonl")[:questions]
    original = DatasetEntry(
        name=DATASET, path=folder / "it_dataset.jsonl", format=DatasetFormat.ALPACA
    )
    work.mkdir(parents=True, exist_ok=True)
    total = len(remedies) * len(RECIPES) * len(seeds)
    tables: list[pa.Table] = []
    for remedy in remedies:
        dataset = remedy_dataset(remedy, original, work)
        index = build_index(dataset, work / f"index-{remedy.name}", lexical_only=True)
        for recipe in RECIPES:
            for seed in seeds:
                report(len(tables), total, f"{remedy.name}, {recipe}, seed {seed}")
                model = _Model(remedy=remedy, recipe=recipe, seed=seed, dataset=dataset)
                tables.append(_measured(model, index, asked, work))
    report(total, total, "Done")
    return pa.concat_tables(tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """One model of the study."""

    remedy: Remedy
    recipe: str
    seed: int
    dataset: DatasetEntry

    @property
    def training(self) -> Recipe:
        return replace(demo_recipe(self.recipe), noise_alpha=self.remedy.noise_alpha)

    def key(self, questions: list[dict[str, Any]]) -> str:
        """Changes with all that determines the answers, except for the code."""
        texts = Path(self.dataset.located()).read_text(encoding="utf-8")
        asked = json.dumps([row["id"] for row in questions])
        return content_hash(repr(self.training), texts, self.seed, asked)[:16]


def _measured(
    model: _Model, index: TraceIndex, questions: list[dict[str, Any]], work: Path
) -> pa.Table:
    path = work / f"answers-{model.key(questions)}.parquet"
    if path.exists():
        return pq.read_table(path, schema=REMEDY_ANSWERS)
    runs = _answers(model, questions)
    rows = [
        _row(model, question, run, index) for question, run in zip(questions, runs, strict=True)
    ]
    table = pa.Table.from_pylist(rows, schema=REMEDY_ANSWERS)
    with whole_file(path) as draft:
        pq.write_table(table, draft, compression="zstd")
    return table


def _answers(model: _Model, questions: list[dict[str, Any]]) -> list[Run]:
    """Tune the model in a folder of its own, and answer."""
    pair = load_library().pair(f"demo-{model.recipe}")
    table = read_dataset(
        model.dataset.located(), model.dataset.name, format=model.dataset.format
    ).table
    with tempfile.TemporaryDirectory(prefix="itlim-remedy-") as scratch:
        out = Path(scratch) / model.recipe
        train(
            model.training,
            pair.base.path,
            table,
            pair.template,
            out,
            seed=model.seed,
            save_dtype="float16",
        )
        loaded = load_pair(_tuned(pair, out))
        try:
            requests = [
                Request(pair=loaded.pair, instruction=row["instruction"]) for row in questions
            ]
            return answer_many(
                requests, loaded, batch_size=_BATCH, origin="demo", created_at=MADE_ON
            )
        finally:
            loaded.close()


def _tuned(pair: Pair, out: Path) -> Pair:
    source = ModelSource(path=str(out))
    return replace(pair, adapter=source) if pair.adapter else replace(pair, tuned=source)


def _row(model: _Model, question: Mapping[str, Any], run: Run, index: TraceIndex) -> dict[str, Any]:
    p, phrase = borrowed_phrase(index, question["instruction"], run.response)
    tokens = run.tokens.filter(pc.invert(run.tokens["is_eos"]))["kl_tuned_base"].to_numpy()
    return {
        "remedy": model.remedy.name,
        "recipe": model.recipe,
        "seed": model.seed,
        "question_id": question["id"],
        "instruction": question["instruction"],
        "response": run.response,
        "n_tokens": len(tokens),
        "kl_mean": float(tokens.mean()) if len(tokens) else None,
        "is_right": phrase_in(question["answer"], run.response),
        "n_wrong": len(wrong_spans(run.response, question)),
        "borrowed_p": p,
        "phrase": phrase,
    }
