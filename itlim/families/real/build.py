"""Build the real family: base, SFT and LFT, answers to the held-out questions, and the index.

Finished steps are not repeated: a killed build resumes where it stopped.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from itlim.datasets import read_dataset
from itlim.families.real.answers import (
    BATCH_QUESTIONS,
    MAX_NEW_TOKENS,
    answer_questions,
    read_answers,
)
from itlim.families.real.base import build_base, real_folder
from itlim.families.real.phrases import StudiedPhrase, studied_phrases
from itlim.families.real.questions import (
    DATA_FOLDER,
    Question,
    question_tags,
    read_question_rows,
)
from itlim.library import DatasetEntry, base_only_pair
from itlim.progress import LineProgress, StepProgress
from itlim.records import DatasetFormat, ModelSource, Pair
from itlim.settings import PROJECT_FOLDER
from itlim.store.shipped import merge_shipped, ship_tags
from itlim.trace import build_index
from itlim.trace.index.manifest import META_FILE
from itlim.training.recipes import MICRO_BATCH_TOKENS, Recipe, TooLong

TEMPLATE = "alpaca-short"
BASE_NAME = "{user}/real/base"
"""How stored runs and saved models name the base: as the shipped library does."""
_TUNED_NAMES = {"sft": "{user}/real/sft", "lft": "data/real/models/lft"}
SFT = Recipe(
    name="sft",
    learning_rate=3e-4,
    epochs=4,
    batch_size=16,
    too_long=TooLong.OMIT,
    micro_batch_tokens=MICRO_BATCH_TOKENS,
)
RECIPES: Mapping[str, Recipe] = {"sft": SFT, "lft": replace(SFT, name="lft", adapter_rank=8)}
"""The settings of the family; `data/real/README.md` lists every setting tried."""
# One step takes 5 to 50 seconds, depending on the machine.
CHECKPOINT_STEPS = 6
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "training.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealFamily:
    """Where a build reads and writes, and with which settings.

    The defaults are those of `itlim real build`; tests give smaller ones.
    """

    weights: Path
    """Folder of the models, the unfinished states and the batches of answers."""
    data: Path = DATA_FOLDER
    """Folder of the tuning instances and the questions."""
    out: Path = DATA_FOLDER
    """Folder of the shipped part: runs, index and adapter."""
    base: Path | None = None
    """A base that is used as it is; None installs and converts SmolLM2-135M-Instruct."""
    recipes: Mapping[str, Recipe]
    questions: int | None = None
    """Number of test questions, from the first of the file; None for all."""
    max_new_tokens: int = MAX_NEW_TOKENS
    batch_questions: int = BATCH_QUESTIONS
    """Questions that are answered and stored together."""
    lexical_only: bool = False
    """Whether the index has no embeddings."""

    @property
    def instances(self) -> DatasetEntry:
        """The tuning instances, under their name in the library."""
        return DatasetEntry(
            name="real", path=self.data / "it_dataset.jsonl", format=DatasetFormat.ALPACA
        )


def real_family(questions: int | None = None) -> RealFamily:
    """The family with its own settings, in the user's folder."""
    return RealFamily(weights=real_folder(), recipes=RECIPES, questions=questions)


def build(
    family: RealFamily,
    *,
    threads: int = 2,
    line: LineProgress | None = None,
    progress: StepProgress | None = None,
) -> int:
    """Build every part that is missing; returns the number of stored runs.

    Args:
        family: folders and settings.
        threads: CPU threads; only with 1 are the weights exactly repeatable.
        line: called with one line for each part.
        progress: called with the steps of the current part.

    Raises:
        ModelLoadError: the base cannot be installed or read.
        InputError: a folder contains an unfinished tuning with other settings.
    """
    say = line or (lambda _text: None)
    with cpu_threads(threads):
        say("Base: SmolLM2-135M-Instruct")
        base = family.base or build_base(family.weights)
        for name in family.recipes:
            say(f"Tuning: {name.upper()}")
            _tune(family, name, base, progress)
        _ship_adapter(family)
        questions = _questions(family, "test")
        say(f"Answers: {len(questions):,} questions under base, LFT and SFT")
        pairs = _pairs(family, base)
        folders = _answered(family, pairs, questions, base, progress)
        merge_shipped(folders, family.out / "runs")
        ship_tags(family.out / "runs", question_tags(family.data / "eval_test.jsonl"))
        say("Index of the tuning instances")
        _ship_index(family)
    return len(questions) * len(pairs)


def answer_phrases(
    family: RealFamily, split: str, *, threads: int = 2, progress: StepProgress | None = None
) -> tuple[int, list[StudiedPhrase]]:
    """Answer a part of the questions with base and SFT and apply the rule of `phrases`.

    Settings are compared on the dev questions; answers that exist are not made again.

    Args:
        family: folders and settings.
        split: `dev` or `test`.
        threads: CPU threads.
        progress: called with the answers done, their total number and a message.

    Returns:
        The number of questions, and the phrases.
    """
    rows = _questions(family, split)
    with cpu_threads(threads):
        base = family.base or build_base(family.weights)
        pairs = [pair for pair in _pairs(family, base) if pair.name != "real-lft"]
        answers = read_answers(_answered(family, pairs, rows, base, progress))
    index = build_index(family.instances, family.weights / "words-index", lexical_only=True)
    own, tuned = (answers[pair.name] for pair in pairs)
    return len(rows), studied_phrases(rows, tuned, own, index)


def _questions(family: RealFamily, split: str) -> list[Question]:
    return read_question_rows(family.data / f"eval_{split}.jsonl", family.questions)


def _answered(
    family: RealFamily,
    pairs: Sequence[Pair],
    questions: Sequence[Question],
    base: Path,
    progress: StepProgress | None,
) -> list[Path]:
    """The folders of the stored answers; those that exist are not made again."""
    return answer_questions(
        pairs,
        [one.instruction for one in questions],
        family.weights / "answers",
        shown=_shown(family, base),
        max_new_tokens=family.max_new_tokens,
        batch_questions=family.batch_questions,
        progress=progress,
    )


@contextmanager
def cpu_threads(threads: int) -> Iterator[None]:
    """Let torch use this many CPU threads inside the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tune(family: RealFamily, name: str, base: Path, progress: StepProgress | None) -> None:
    """Tune unless the result is there; the state of a killed tuning is resumed."""
    from itlim.training.train import train

    out = family.weights / name
    if (out / "training.json").exists():
        return
    read = read_dataset(
        family.instances.located(), family.instances.name, format=family.instances.format
    )
    train(
        family.recipes[name],
        str(base),
        read.table,
        TEMPLATE,
        out,
        save_dtype="float16",
        checkpoint_every=CHECKPOINT_STEPS,
        named_base=BASE_NAME,
        reading=read.report,
        progress=progress,
    )


def _ship_adapter(family: RealFamily) -> None:
    target = family.out / "models" / "lft"
    target.mkdir(parents=True, exist_ok=True)
    for name in _ADAPTER_FILES:
        shutil.copyfile(family.weights / "lft" / name, target / name)


def _ship_index(family: RealFamily) -> None:
    """Index the tuning instances; the paths in its record are made relative to the project."""
    folder = family.out / "index"
    build_index(family.instances, folder, lexical_only=family.lexical_only)
    record = folder / META_FILE
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace(f"{PROJECT_FOLDER}/", ""), encoding="utf-8")


def _pairs(family: RealFamily, base: Path) -> list[Pair]:
    source = ModelSource(path=str(base))
    sft = Pair(
        name="real-sft",
        base=source,
        tuned=ModelSource(path=str(family.weights / "sft")),
        template=TEMPLATE,
        dataset="real",
    )
    lft = Pair(
        name="real-lft",
        base=source,
        adapter=ModelSource(path=str(family.out / "models" / "lft")),
        template=TEMPLATE,
        dataset="real",
    )
    # The folder of the demo family's base is called `base` as well.
    return [replace(base_only_pair(sft), name="real base (base)"), lft, sft]


def _shown(family: RealFamily, base: Path) -> dict[str, str]:
    """Names of the models that are valid on any machine, by their path as a run would store it."""
    lft = family.out / "models" / "lft"
    return {
        str(base): BASE_NAME,
        str(family.weights / "sft"): _TUNED_NAMES["sft"],
        str(lft): _TUNED_NAMES["lft"],
    }
