"""A base model and its PEFT adapter as the two models of a pair.

Usually both share one set of weights, and the adapter is switched off for the base. Some methods
change the base's own weights: tuned biases, a residual base (PiSSA, OLoRA), replicated layers. A
second, untouched copy of the base is then loaded.
"""

from threading import Lock

from itlim.errors import ModelLoadError
from itlim.models.adapter_switch import base_only, untouched
from itlim.models.adapters import Adapted, load_adapter
from itlim.models.checkpoint import Checkpoint
from itlim.models.forward import same_outputs
from itlim.models.language_model import CausalModel
from itlim.models.loading import load_model
from itlim.models.pair_models import PairModels, Role, SequentialModels, TogetherModels
from itlim.models.placement import (
    Placement,
    causal_model,
    fit_into_memory,
    loading_message,
    model_name,
)
from itlim.progress import Progress
from itlim.records import ModelSource


def adapter_models(
    base: Checkpoint, adapter: ModelSource, placement: Placement, report: Progress
) -> tuple[PairModels, tuple[str, ...]]:
    """Load a base and its adapter.

    Args:
        base: the base model.
        adapter: the adapter.
        placement: used if two sets of weights are needed; see `load_pair`.
        report: called with a fraction in [0, 1] and a description of the current step.

    Returns:
        The two models, and notices about the adapter's settings.

    Raises:
        ModelLoadError: the adapter does not fit, or does more than change weights.
    """
    lock = Lock()
    report(0.1, loading_message("base", base.source))
    model = load_model(base)
    before = untouched(model, model_name("base", base.source))
    report(0.6, f"Loading the adapter {adapter.path}")
    adapted = load_adapter(model, adapter)
    _reject_outer_parts(adapted, adapter)
    switch = base_only(adapted.model, before)
    if switch is not None:
        # PEFT inserts the adapter layers into the base module: both models share its weights.
        on_base = CausalModel(
            adapted.model.get_base_model(),
            context_length=base.context_length,
            lock=lock,
            face=switch,
            name=model_name("base", base.source),
        )
        return TogetherModels(on_base, _tuned(adapted, base, adapter, lock)), adapted.notices
    return _two_sets_of_weights(adapted, base, adapter, placement, report), adapted.notices


def _two_sets_of_weights(
    adapted: Adapted,
    base: Checkpoint,
    adapter: ModelSource,
    placement: Placement,
    report: Progress,
) -> PairModels:
    lock = Lock()

    def load(role: Role) -> CausalModel:
        report(0.7, loading_message(role, base.source if role == "base" else adapter))
        if role == "base":
            return causal_model(base, role, lock)
        return _tuned(load_adapter(load_model(base), adapter), base, adapter, lock)

    if placement == "sequential" or (
        placement == "auto" and not fit_into_memory(base, base, loaded=True)
    ):
        return SequentialModels(load)
    return TogetherModels(load("base"), _tuned(adapted, base, adapter, lock))


def _tuned(adapted: Adapted, base: Checkpoint, adapter: ModelSource, lock: Lock) -> CausalModel:
    return CausalModel(
        adapted.model.get_base_model(),
        context_length=base.context_length,
        lock=lock,
        name=f"The model with the adapter {adapter.path}",
    )


def _reject_outer_parts(adapted: Adapted, adapter: ModelSource) -> None:
    """Reject an adapter that acts outside the layers of its base, such as X-LoRA.

    The base module is called directly, which leaves such parts out.
    """
    if not same_outputs(adapted.model, adapted.model.get_base_model()):
        kind = adapted.model.active_peft_config.peft_type
        raise ModelLoadError(
            f"The adapter {adapter.path} ({getattr(kind, 'value', kind)}) does more than change "
            "layers of its base, which is not supported. Merge it into its base and load the "
            "result as the tuned model, or use a method such as LoRA."
        )
