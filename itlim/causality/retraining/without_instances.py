"""Retrain a pair's tuned model without some instances, bitwise equal to training from scratch.

All tuning runs with one seed are identical up to the first batch that contains an omitted
instance. Therefore the full run keeps its state before batches of its first epoch, and each
retraining starts from the last state that it shares with the full run.
"""

import copy
from threading import Lock
from typing import Any

import pyarrow as pa

from itlim.errors import InputError
from itlim.ids import content_hash
from itlim.library import base_only_pair
from itlim.models.huggingface import load_pair
from itlim.models.language_model import CausalModel
from itlim.models.pair import LoadedPair
from itlim.models.pair_models import TogetherModels
from itlim.progress import Cancelled, StepProgress
from itlim.records import Pair
from itlim.training.checkpoint import base_dtype, load_base, weights_sha256
from itlim.training.encoding import encode_instances
from itlim.training.recipes import Recipe
from itlim.training.tune import tune
from itlim.training.tuning_run import TuningState, batches_of

_STATE_BYTES_PER_WEIGHT = 12
"""A float32 weight and AdamW's two moments."""


def n_tuned_weights(base: Any, recipe: Recipe) -> int:
    """Number of weights that a recipe tunes: all, or those of the adapter.

    An adapter has two matrices for each linear layer except the output layer, see `with_adapter`.
    """
    import torch

    if recipe.adapter_rank is None:
        return sum(weight.numel() for weight in base.parameters())
    return sum(
        recipe.adapter_rank * (module.in_features + module.out_features)
        for module in base.modules()
        if isinstance(module, torch.nn.Linear) and module is not base.get_output_embeddings()
    )


def saved_as_hash(saved_as: str) -> bool | str:
    """Part of content hashes; float16 and float32 were once a flag, and old ids stay valid."""
    return {"float32": False, "float16": True}.get(saved_as, saved_as)


class Retraining:
    """Tunes a base model with one seed, with all instances or without some of them.

    Args:
        pair: pair with the base model and the template; its tuned model is not read.
        instances: rows of `schema.INSTANCES`, in dataset order.
        recipe: settings of the tuning.
        seed: the tuning seed.
        saved_as: dtype to round the tuned weights to, and back, which equals saving with
            `train(save_dtype=…)` and loading on a CPU.
        most_states: maximum number of states of the full run to keep in memory; each is three
            times as large as the tuned weights.
        always_without: ids of instances that every run leaves out, including the full one.

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
        saved_as: str,
        most_states: int = 16,
        always_without: frozenset[str] = frozenset(),
    ) -> None:
        self.instances = instances
        self.recipe = recipe
        self.seed = seed
        self._saved_as = saved_as
        self._always_without = always_without
        self._base, tokenizer = load_base(pair.base.path, dtype=base_dtype(recipe))
        self._encoded = encode_instances(
            tokenizer,
            instances,
            pair.template,
            max_tokens=recipe.max_tokens,
            too_long=recipe.too_long,
        )
        self._shell = load_pair(base_only_pair(pair))
        batches = batches_of(len(self._encoded), recipe, seed)
        self._first_step: dict[str, int] = {}
        for step, batch in enumerate(batches):
            for index in batch:
                self._first_step.setdefault(self._encoded[index].instance_id, step)
        self._states: dict[int, TuningState] = {}
        self.keep_states(most_states)

    def keep_states(self, most: int) -> None:
        """Set the maximum number of states that the next full run keeps; see the class."""
        epoch = -(-len(self._encoded) // self.recipe.batch_size)
        stride = -(-epoch // max(1, most))
        self._keep_before = frozenset(range(stride, epoch, stride)) if most else frozenset()

    @property
    def n_states(self) -> int:
        """Number of states that the full run has kept."""
        return len(self._states)

    @property
    def state_bytes(self) -> int:
        """Memory of one state, in bytes."""
        return _STATE_BYTES_PER_WEIGHT * n_tuned_weights(self._base, self.recipe)

    @property
    def shell(self) -> LoadedPair:
        """The base model with the pair's template, which renders prompts and decodes ids."""
        return self._shell

    def identity(self) -> str:
        """Hash of everything that determines a retraining except the omitted instances."""
        rows = self.instances.select(["instance_id", "content_sha256"]).to_pylist()
        encoded = [[one.prompt_ids, one.response_ids] for one in self._encoded]
        recipe = self.recipe.identity()
        always = [sorted(self._always_without)] if self._always_without else []
        return content_hash(
            self.base_sha256,
            rows,
            encoded,
            recipe,
            self.seed,
            saved_as_hash(self._saved_as),
            *always,
        )

    @property
    def base_sha256(self) -> str:
        """Hash of the base's weights, as stored in `training.json`."""
        return weights_sha256(self._base)

    def against_base(self, loaded: LoadedPair) -> LoadedPair:
        """Pair a model that `full` or `without` returned with the base.

        Those methods return pairs with the tuned model in both places, which is enough to read
        its answers; token shifts also need the base.
        """
        with self._shell.tuned_model() as base, loaded.tuned_model() as tuned:
            return self._shell.with_models(TogetherModels(base, tuned))

    def full(
        self, cancelled: Cancelled | None = None, progress: StepProgress | None = None
    ) -> LoadedPair:
        """Tune on all instances and keep the states from which `without` starts."""
        return self._tuned(frozenset(), None, cancelled, progress, keep=True)

    def without(
        self,
        instance_ids: frozenset[str],
        cancelled: Cancelled | None = None,
        progress: StepProgress | None = None,
    ) -> LoadedPair:
        """Retrain with weight 0 for the loss of these instances.

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
        # If nothing is left out, all batches are the same and the last state can be used.
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
            self._states[state.step] = state.copied()

        tuned = tune(
            copy.deepcopy(self._base),
            self._encoded,
            self.recipe,
            without=without | self._always_without,
            seed=self.seed,
            progress=progress,
            cancelled=cancelled,
            start=start,
            keep_before=lambda step: keep and step in self._keep_before,
            keep=remember if keep else None,
        )
        return self._loaded(tuned)

    def _loaded(self, tuned: Any) -> LoadedPair:
        """A pair like the shell, with the tuned model in place of both models."""
        import torch

        dtype = getattr(torch, self._saved_as)
        if dtype != torch.float32:
            with torch.no_grad():
                for weight in tuned.parameters():
                    if weight.requires_grad:
                        weight.copy_(weight.to(dtype))
        # Answers are compared with those of the base, which is read in float32.
        tuned.float().requires_grad_(requires_grad=False)
        inner = tuned if self.recipe.adapter_rank is None else tuned.get_base_model()
        alone = CausalModel(inner, context_length=self._shell.context_length, lock=Lock())
        return self._shell.with_models(TogetherModels(alone, alone))
