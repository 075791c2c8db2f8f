"""Read how a pair's tuned model was trained, from the `training.json` next to its weights."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.causality.retraining.without_instances import Retraining, saved_as_hash
from itlim.datasets import read_dataset
from itlim.errors import DatasetError, InputError, ModelLoadError, NotFoundError
from itlim.ids import content_hash
from itlim.library import Library
from itlim.models.model_files import how_to_build
from itlim.models.sources import free_memory
from itlim.records import Pair, PromptTemplate
from itlim.text.prompts import CHAT, resolve_template, same_template
from itlim.training.recipes import Recipe

NOTE = "training.json"
_STATES_BYTES = 2**29
"""Memory for the states of the full tuning run from which retrainings start."""
_STATES_SHARE = 0.25
"""Share of the free memory that states may use if it is more than that."""
_REQUIRED = ("recipe", "template", "seed", "dataset_sha256", "base_weights_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRecipe:
    """Everything that is needed to tune a pair's model again."""

    pair: Pair
    recipe: Recipe
    seed: int
    already_without: frozenset[str]
    """Ids of instances that the original tuning left out."""
    saved_as: str
    """float32, float16 or bfloat16: the dtype of the saved weights."""
    instances: pa.Table
    """Rows of `schema.INSTANCES`: exactly those on which the model was tuned."""
    dataset_sha256: str
    base_sha256: str
    """Hash of the base's weights from `training.checkpoint.weights_sha256`."""
    seconds: float | None
    """CPU time of the original tuning, from its note; None if it is not recorded."""

    def identity(self) -> str:
        """Hash of everything that determines the tuned weights, except the kind of CPU."""
        template = resolve_template(self.pair.template)
        return content_hash(
            self.recipe.identity(),
            self.seed,
            sorted(self.already_without),
            saved_as_hash(self.saved_as),
            self.dataset_sha256,
            self.base_sha256,
            asdict(template) | {"name": "", "source": ""} if template else CHAT,
        )

    def retraining(self) -> Retraining:
        """Load the base model, ready to be tuned. Takes seconds, because it imports torch.

        Raises:
            ModelLoadError: the base cannot be loaded, or its weights have changed.
        """
        # Tuning runs on a CPU in float32, so the models compared with it must too.
        base = replace(self.pair.base, device="cpu", dtype="float32")
        made = Retraining(
            replace(self.pair, base=base),
            self.instances,
            self.recipe,
            seed=self.seed,
            saved_as=self.saved_as,
            most_states=0,
            always_without=self.already_without,
        )
        if made.base_sha256 != self.base_sha256:
            raise ModelLoadError(
                f"The base {self.pair.base.path} has other weights now (hash "
                f"{made.base_sha256[:12]}) than when {self.pair.name} was tuned from it (hash "
                f"{self.base_sha256[:12]}). Restore it, or tune again with `python -m itlim train`."
            )
        budget = max(_STATES_BYTES, int(_STATES_SHARE * free_memory("cpu")))
        made.keep_states(budget // made.state_bytes)
        return made


def known_recipe(pair: Pair, library: Library) -> KnownRecipe:
    """Find the recipe of a pair without loading a model.

    Args:
        pair: a pair of the library.
        library: library with the pair's dataset.

    Raises:
        NotFoundError: there is no record of the tuning.
        InputError: the note is damaged, or the pair's prompt template is not the one of tuning.
        DatasetError: the dataset is not the one on which the model was tuned.
    """
    note = _note(pair)
    return KnownRecipe(
        pair=pair,
        recipe=_recipe(note, pair),
        seed=int(note["seed"]),
        # Ids contain the dataset's name, which may have changed; the row number has not.
        already_without=frozenset(
            f"{pair.dataset}-{one.rpartition('-')[2]}" for one in note.get("without", ())
        ),
        saved_as=note.get("saved_as", "float32"),
        instances=_instances(note, _checked_template(note, pair), library),
        dataset_sha256=note["dataset_sha256"],
        base_sha256=note["base_weights_sha256"],
        # Retraining runs on a CPU, so the time on a GPU says nothing about it.
        seconds=(note.get("cpu_seconds") or note.get("seconds"))
        if note.get("device", "cpu") == "cpu"
        else None,
    )


def _note(pair: Pair) -> dict[str, Any]:
    """The `training.json` that training wrote next to the weights."""
    if pair.tuned is None and pair.adapter is None:
        raise NotFoundError(
            f"{pair.name} is an untuned base, so there is no tuning to repeat. Choose an answer of "
            "a tuned model."
        )
    folder = Path(pair.tuned_source.path).expanduser()
    path = folder / NOTE
    if hint := how_to_build(pair.tuned_source):
        raise NotFoundError(hint)
    if not path.is_file():
        raise NotFoundError(
            f"There is no record of how {pair.name} was tuned: {path} is missing. Retraining needs "
            "a model trained with `python -m itlim train`, or one of the demo family."
        )
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}. Restore it or tune again.") from error
    missing = [name for name in _REQUIRED if not isinstance(note, dict) or name not in note]
    if missing:
        raise InputError(
            f"{path} lacks {', '.join(missing)}: expected the file that `python -m itlim "
            "train` writes. Tune the model again to be able to retrain it."
        )
    return dict(note)


def _recipe(note: dict[str, Any], pair: Pair) -> Recipe:
    names = {one.name for one in fields(Recipe)}
    settings = note["recipe"]
    if not isinstance(settings, dict) or not {"name"} <= settings.keys() <= names:
        raise InputError(
            f"The note of {pair.name} has the recipe {settings!r:.120}: expected the settings "
            f"{', '.join(sorted(names))}. Was it written by a newer itlim?"
        )
    return Recipe(**settings)


def _checked_template(note: dict[str, Any], pair: Pair) -> Pair:
    """Return the pair if it uses the prompt template with which it was tuned."""
    stored = note["template"]
    tuned_with = PromptTemplate(**stored) if isinstance(stored, dict) else stored
    if not same_template(tuned_with, pair.template):
        name = stored if isinstance(stored, str) else stored.get("name")
        raise InputError(
            f"{pair.name} uses the prompt template {pair.template_name}, but was tuned with "
            f"{name}: set the template of the pair to {name} in the library."
        )
    return pair


def dataset_sha256(instances: pa.Table) -> str:
    """Hash of the instances' contents in order, as stored in `training.json`."""
    hashes = instances["content_sha256"].to_pylist()
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def _without(instances: pa.Table, omitted: Iterable[str]) -> pa.Table:
    """The instances except those that tuning omitted because they were too long."""
    numbers = {one.rpartition("-")[2] for one in omitted}
    ids = instances["instance_id"].to_pylist()
    return instances.filter(pa.array([one.rpartition("-")[2] not in numbers for one in ids]))


def _instances(note: dict[str, Any], pair: Pair, library: Library) -> pa.Table:
    """The instances with the hash in the note: the whole dataset or its first rows."""
    if pair.dataset is None:
        raise NotFoundError(
            f"The library does not name the dataset that {pair.name} was tuned on (its note says "
            f"{', '.join(note.get('dataset', ['nothing']))}): add it to the pair's entry."
        )
    entry = library.dataset(pair.dataset)
    table = read_dataset(
        entry.located(), entry.name, format=entry.format, mapping=entry.mapping
    ).table
    omitted = note.get("too_long", {}).get("omitted", ())
    wanted, number = note["dataset_sha256"], note.get("instances", len(table)) + len(omitted)
    # Some models of the demo family are tuned on the first eighth, quarter or half.
    first = table.slice(0, number)
    if len(first) == number and dataset_sha256(first) == wanted:
        return _without(first, omitted)
    raise DatasetError(
        f"The dataset {entry.name} is not what {pair.name} was tuned on: expected {number} "
        f"instances with the hash {wanted[:12]}, but {entry.located()} has {len(table)}, and the "
        f"first {len(first)} have the hash {dataset_sha256(first)[:12]}. Restore the file, or name "
        "the right dataset in the pair's entry."
    )
