"""Bring the models of a pair into memory, together or one at a time."""

from threading import Lock
from typing import Literal

from itlim.models.checkpoint import Checkpoint
from itlim.models.language_model import CausalModel
from itlim.models.loading import load_model
from itlim.models.pair_models import Role
from itlim.models.sources import free_memory
from itlim.records import ModelSource

Placement = Literal["auto", "together", "sequential"]

# Memory on top of the weights for activations, caches and logit buffers.
_HEADROOM = 1.1


def causal_model(checkpoint: Checkpoint, role: Role, lock: Lock) -> CausalModel:
    """Load a checkpoint as one model of a pair.

    Raises:
        ModelLoadError, OutOfMemoryError, NonFiniteError: see `load_model` and `CausalModel`.
    """
    return CausalModel(
        load_model(checkpoint),
        context_length=checkpoint.context_length,
        lock=lock,
        name=model_name(role, checkpoint.source),
    )


def model_name(role: Role, source: ModelSource) -> str:
    """What to call a model at the start of an error."""
    return f"The {role} model {source.path}"


def loading_message(role: Role, source: ModelSource) -> str:
    """What to show while a model loads."""
    return f"Loading the {role} model {source.path}"


def fit_into_memory(*checkpoints: Checkpoint, loaded: bool = False) -> bool:
    """Whether checkpoints of one device fit into its free memory together.

    Args:
        checkpoints: the models.
        loaded: whether the first of them is in memory already.
    """
    needed = [one.weight_bytes() for one in checkpoints]
    return _HEADROOM * sum(needed[1:] if loaded else needed) <= free_memory(checkpoints[0].device)
