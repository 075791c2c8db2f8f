"""How a pair's tuned model was made, from the note that training left beside it."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from itlim.causality.retraining.without_instances import Retraining
from itlim.datasets import read_dataset
from itlim.errors import DatasetError, InputError, ModelLoadError, NotFoundError
from itlim.ids import content_hash
from itlim.library import Library
from itlim.records import Pair, PromptTemplate
from itlim.text.prompts import CHAT, resolve_template
from itlim.training.recipes import Recipe

NOTE = "training.json"
_STATES_BYTES = 2**29
"""Memory for states of the full tuning, from which retrainings start."""
_STATE_BYTES_A_WEIGHT = 12
"""A float32 weight and AdamW's two moments."""
_REQUIRED = ("recipe", "template", "seed", "dataset_sha256", "base_weights_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRecipe:
    """Everything that tuning a pair's model again needs."""

    pair: Pair
    recipe: Recipe
    seed: int
    already_without: frozenset[str]
    """Instances that the pair's own tuning left out."""
    half: bool
    """Whether the weights were saved as float16."""
    instances: pa.Table
    """Rows of `schema.INSTANCES`: exactly those that it was tuned on."""
    dataset_sha256: str
    base_sha256: str
    """Of the base's weights, as `training.checkpoint.weights_sha256` gives them."""
    seconds: float | None
    """CPU time that the tuning took, as its note says."""

    def identity(self) -> str:
        """Hash of all that decides the tuned weights, but the kind of CPU."""
        template = resolve_template(self.pair.template)
        return content_hash(
            asdict(self.recipe),
            self.seed,
            sorted(self.already_without),
            self.half,
            self.dataset_sha256,
            self.base_sha256,
            asdict(template) | {"name": "", "source": ""} if template else CHAT,
        )

    def retraining(self) -> Retraining:
        """The base in memory, ready to be tuned; seconds at least, since it loads torch.

        Raises:
            ModelLoadError: the base cannot be loaded, or has other weights than it had.
        """
        # What tunes runs on a CPU in float32, so what it is compared with must too.
        base = replace(self.pair.base, device="cpu", dtype="float32")
        made = Retraining(
            replace(self.pair, base=base),
            self.instances,
            self.recipe,
            seed=self.seed,
            half=self.half,
            most_states=0,
            always_without=self.already_without,
        )
        if made.base_sha256 != self.base_sha256:
            raise ModelLoadError(
                f"The base {self.pair.base.path} has other weights now (hash "
                f"{made.base_sha256[:12]}) than when {self.pair.name} was tuned from it (hash "
                f"{self.base_sha256[:12]}). Restore it, or tune anew with `python -m itlim train`."
            )
        made.keep_states(max(0, _STATES_BYTES // (_STATE_BYTES_A_WEIGHT * made.n_weights)))
        return made


def known_recipe(pair: Pair, library: Library) -> KnownRecipe:
    """Find how a pair was made. Loads no model.

    Args:
        pair: of the library.
        library: names the pair's dataset.

    Raises:
        NotFoundError: nothing tells how it was made.
        InputError: the note is damaged, or the pair is prompted otherwise than it was tuned.
        DatasetError: the dataset is not the one that it was tuned on.
    """
    note = _note(pair)
    return KnownRecipe(
        pair=pair,
        recipe=_recipe(note, pair),
        seed=int(note["seed"]),
        # Ids bear the dataset's name, which may be another one now; the row stays.
        already_without=frozenset(
            f"{pair.dataset}-{one.rpartition('-')[2]}" for one in note.get("without", ())
        ),
        half=note.get("saved_as") == "float16",
        instances=_instances(note, _checked_template(note, pair), library),
        dataset_sha256=note["dataset_sha256"],
        base_sha256=note["base_weights_sha256"],
        seconds=note.get("cpu_seconds") or note.get("seconds"),
    )


def _note(pair: Pair) -> dict[str, Any]:
    """What training wrote beside the weights."""
    if pair.tuned is None and pair.adapter is None:
        raise NotFoundError(
            f"{pair.name} is an untuned base: there is no tuning to repeat. Choose an answer of a "
            "tuned model."
        )
    folder = Path(pair.tuned_source.path).expanduser()
    path = folder / NOTE
    if not path.is_file():
        raise NotFoundError(
            f"How {pair.name} was tuned is not known: {path} is missing. Retraining needs a model "
            "that was made with `python -m itlim train`, or the demo family."
        )
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}. Restore it or tune anew.") from error
    missing = [name for name in _REQUIRED if not isinstance(note, dict) or name not in note]
    if missing:
        raise InputError(
            f"{path} does not say {', '.join(missing)}: expected what `python -m itlim train` "
            "writes. Tune anew to be able to retrain."
        )
    return dict(note)


def _recipe(note: dict[str, Any], pair: Pair) -> Recipe:
    names = {one.name for one in fields(Recipe)}
    said = note["recipe"]
    if not isinstance(said, dict) or not {"name"} <= said.keys() <= names:
        raise InputError(
            f"The note beside {pair.name} has the recipe {said!r:.120}: expected the settings "
            f"{', '.join(sorted(names))}. Was it written by a newer itlim?"
        )
    return Recipe(**said)


def _checked_template(note: dict[str, Any], pair: Pair) -> Pair:
    """The pair, if it is prompted as it was tuned."""
    said = note["template"]
    tuned_with = PromptTemplate(**said) if isinstance(said, dict) else said
    if _content(tuned_with) != _content(pair.template):
        name = said if isinstance(said, str) else said.get("name")
        raise InputError(
            f"{pair.name} is prompted with the template {pair.template_name}, but was tuned with "
            f"{name}: name that one in the library, so that retraining repeats what was done."
        )
    return pair


def _content(template: str | PromptTemplate) -> PromptTemplate | None:
    """What a template writes, whatever it is called; None for the tokenizer's own."""
    found = resolve_template(template)
    return replace(found, name="", source="") if found else None


def dataset_sha256(instances: pa.Table) -> str:
    """Hash of the instances' contents in their order, as `training.json` names it."""
    hashes = instances["content_sha256"].to_pylist()
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def _instances(note: dict[str, Any], pair: Pair, library: Library) -> pa.Table:
    """The instances that the note's hash is of: the dataset's, or its first ones."""
    if pair.dataset is None:
        raise NotFoundError(
            f"The library does not say which dataset {pair.name} was tuned on (its note says "
            f"{', '.join(note.get('dataset', ['nothing']))}): name it in the pair's entry."
        )
    entry = library.dataset(pair.dataset)
    table = read_dataset(
        entry.located(), entry.name, format=entry.format, mapping=entry.mapping
    ).table
    wanted, number = note["dataset_sha256"], note.get("instances", len(table))
    # Some models of the demo family are tuned on the first eighth, quarter or half.
    first = table.slice(0, number)
    if len(first) == number and dataset_sha256(first) == wanted:
        return first
    raise DatasetError(
        f"The dataset {entry.name} is not what {pair.name} was tuned on: {number} instances with "
        f"the hash {wanted[:12]} were, but {entry.located()} has {len(table)}, and the first "
        f"{len(first)} have the hash {dataset_sha256(first)[:12]}. Restore the file, or name the "
        "right dataset in the pair's entry."
    )
