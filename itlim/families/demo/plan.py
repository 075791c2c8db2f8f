"""The models of the demo family: two bases, and the models tuned from each."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from itlim.datasets import read_dataset
from itlim.families.demo.dataset import tuning_instances
from itlim.families.demo.facts import load_facts
from itlim.families.demo.split import split_facts
from itlim.settings import DEMO_FOLDER
from itlim.training.pretrain import Architecture, PretrainRecipe
from itlim.training.recipes import Recipe, recipe_named

DATASET = "demo"
MODELS = "models"
LEARNING_RATE = 6e-4
"""For both SFT and LFT: twelve times the paper's 5e-5, for a model of a million parameters
that trains for 39 steps. Chosen on dev (data/demo/settings_tried.csv)."""
LARGE = "-large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One tuned model of the family."""

    name: str
    recipe: str
    rows: float = 1.0
    """Share of the dataset, starting at its first row."""
    dataset_file: str = "it_dataset.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A base and the models tuned from it."""

    base: str
    architecture: Architecture
    pretraining: PretrainRecipe
    tunings: tuple[Tuning, ...]


_SHARES = {"1_8": 1 / 8, "1_4": 1 / 4, "1_2": 1 / 2}

CHAINS: tuple[Chain, ...] = (
    Chain(
        base="base",
        architecture=Architecture(),
        pretraining=PretrainRecipe(steps=2000),
        tunings=(
            Tuning(name="sft", recipe="sft"),
            Tuning(name="lft", recipe="lft"),
            *(
                Tuning(name=f"{recipe}-{label}", recipe=recipe, rows=share)
                for label, share in _SHARES.items()
                for recipe in ("sft", "lft")
            ),
            Tuning(name="sft-short", recipe="sft", dataset_file="it_dataset_short.jsonl"),
        ),
    ),
    Chain(
        base="base" + LARGE,
        architecture=Architecture(
            hidden_size=192, intermediate_size=528, layers=6, heads=6, context_length=256
        ),
        pretraining=PretrainRecipe(steps=1400, learning_rate=3e-3),
        tunings=(
            Tuning(name="sft" + LARGE, recipe="sft"),
            Tuning(name="lft" + LARGE, recipe="lft"),
        ),
    ),
)


def demo_recipe(name: str) -> Recipe:
    """A named recipe with the demo family's learning rate."""
    return recipe_named(name, learning_rate=LEARNING_RATE)


def chain_steps(chain: Chain) -> int:
    """Number of optimizer steps of a chain, for the progress bar."""
    rows = len(tuning_instances(split_facts(load_facts())))
    steps = chain.pretraining.steps
    for tuning in chain.tunings:
        recipe = demo_recipe(tuning.recipe)
        steps += recipe.epochs * -(-round(rows * tuning.rows) // recipe.batch_size)
    return steps


def tuning_table(tuning: Tuning, folder: Path = DEMO_FOLDER) -> pa.Table:
    """Read the instances that a model of the family is tuned on, in the dataset's order."""
    table = read_dataset(folder / tuning.dataset_file, DATASET).table
    return table.slice(0, round(len(table) * tuning.rows))
