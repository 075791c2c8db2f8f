"""Retrain a pair's tuned model without some instances, to the bits of a plain retraining.

Every tuning of one seed goes the same way until the first batch that holds an
instance left out. The full tuning therefore keeps its state before the batches of
its first epoch, and each retraining starts from the last of these states that it
shares.
"""

import copy
from threading import Lock
from typing import Any

import pyarrow as pa

from itlim.errors import InputError
from itlim.ids import content_hash
from itlim.library import base_alone
from itlim.models.huggingface import load_pair
from itlim.models.language_model import CausalModel
from itlim.models.pair import LoadedPair
from itlim.models.pair_models import TogetherModels
from itlim.progress import Cancelled, StepProgress
from itlim.records import Pair
from itlim.training.checkpoint import load_base, weights_sha256
from itlim.training.encoding import encode_instances
from itlim.training.recipes import Recipe
from itlim.training.tune import TuningState, batches_of, tune


class Retraining:
    """One seed's tuning of a base model, with or without some of the instances.

    Args:
        pair: names the base model and the template; its tuned model is not read.
        instances: rows of `schema.INSTANCES`, in the dataset's order.
        recipe: how to tune.
        seed: the tuning seed.
        half: round the tuned weights to float16 and back, as models saved with
            `train(half=True)` are when they are loaded on a CPU.
        most_states: how many states of the full tuning to keep in memory; each has three
            times the size of the tuned weights.

    Raises:
        ModelLoadError, DatasetError, ContextLengthError: see `load_base`, `encode_instances`.
    """

    def __init__(
        self,
        pair: Pair,
        instances: pa.Table,
        recipe: Recipe,
        *,
        seed: int,
        half: bool,
        most_states: int = 16,
        always_without: frozenset[str] = frozenset(),
    ) -> None:
        self.instances = instances
        self.recipe = recipe
        self.seed = seed
        self._half = half
        self._always_without = always_without
        self._base, tokenizer = load_base(pair.base.path)
        self._encoded = encode_instances(
            tokenizer, instances, pair.template, max_tokens=recipe.max_tokens
        )
        self._shell = load_pair(base_alone(pair))
        batches = batches_of(len(self._encoded), recipe, seed)
        self._first_step: dict[str, int] = {}
        for step, batch in enumerate(batches):
            for index in batch:
                self._first_step.setdefault(self._encoded[index].instance_id, step)
        self._states: dict[int, TuningState] = {}
        self.keep_states(most_states)

    def keep_states(self, most: int) -> None:
        """How many states the next full tuning keeps; see the class."""
        epoch = -(-len(self._encoded) // self.recipe.batch_size)
        stride = -(-epoch // max(1, most))
        self._keep_before = frozenset(range(stride, epoch, stride)) if most else frozenset()

    @property
    def n_weights(self) -> int:
        """Of the base."""
        return sum(weight.numel() for weight in self._base.parameters())

    @property
    def shell(self) -> LoadedPair:
        """The base model under the pair's template: renders prompts, decodes ids."""
        return self._shell

    def identity(self) -> str:
        """Hash of everything that decides a retraining but the instances left out."""
        rows = self.instances.select(["instance_id", "content_sha256"]).to_pylist()
        encoded = [[one.prompt_ids, one.response_ids] for one in self._encoded]
        recipe = {name: getattr(self.recipe, name) for name in self.recipe.__dataclass_fields__}
        always = [sorted(self._always_without)] if self._always_without else []
        return content_hash(self.base_sha256, rows, encoded, recipe, self.seed, self._half, *always)

    @property
    def base_sha256(self) -> str:
        """Hash of the base's weights, as `training.json` names it."""
        return weights_sha256(self._base)

    def against_base(self, loaded: LoadedPair) -> LoadedPair:
        """A model that `full` or `without` gave, as the tuned one beside the base.

        What those give has the tuned model in both places, which is enough to read what it
        says; its shifts need the base.
        """
        with self._shell.tuned_model() as base, loaded.tuned_model() as tuned:
            return self._shell.with_models(TogetherModels(base, tuned))

    def full(
        self, cancelled: Cancelled | None = None, progress: StepProgress | None = None
    ) -> LoadedPair:
        """The model tuned on everything; keeps the states that `without` starts from."""
        return self._tuned(frozenset(), None, cancelled, progress, keep=True)

    def without(
        self,
        instance_ids: frozenset[str],
        cancelled: Cancelled | None = None,
        progress: StepProgress | None = None,
    ) -> LoadedPair:
        """The model retrained with these instances' loss weighing 0.

        Raises:
            InputError: an id is not in the dataset.
            NonFiniteError, CancelledError: see `tune`.
        """
        unknown = sorted(instance_ids - self._first_step.keys())
        if unknown:
            raise InputError(
                f"No instance {', '.join(unknown)} in this dataset of {len(self._encoded)}: "
                f"ids look like {self._encoded[0].instance_id}."
            )
        # Without anything left out no batch differs; the last state is as good as any.
        shared = min((self._first_step[one] for one in instance_ids), default=len(self._encoded))
        kept = max((step for step in self._states if step <= shared), default=None)
        start = None if kept is None else self._states[kept]
        return self._tuned(instance_ids, start, cancelled, progress, keep=False)

    def _tuned(
        self,
        without: frozenset[str],
        start: TuningState | None,
        cancelled: Cancelled | None,
        progress: StepProgress | None,
        *,
        keep: bool,
    ) -> LoadedPair:
        def remember(state: TuningState) -> None:
            self._states[state.step] = state

        tuned = tune(
            copy.deepcopy(self._base),
            self._encoded,
            self.recipe,
            without=without | self._always_without,
            seed=self.seed,
            progress=progress,
            cancelled=cancelled,
            start=start,
            keep_before=self._keep_before if keep else (),
            keep=remember if keep else None,
        )
        return self._loaded(tuned)

    def _loaded(self, tuned: Any) -> LoadedPair:
        """The tuned model in the place of both models of the shell."""
        import torch

        if self._half:
            with torch.no_grad():
                for weight in tuned.parameters():
                    if weight.requires_grad:
                        weight.copy_(weight.to(torch.float16))
        tuned.requires_grad_(requires_grad=False)
        inner = tuned if self.recipe.adapter_rank is None else tuned.get_base_model()
        alone = CausalModel(inner, context_length=self._shell.context_length, lock=Lock())
        return self._shell.with_models(TogetherModels(alone, alone))
