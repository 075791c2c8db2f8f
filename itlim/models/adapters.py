"""PEFT adapters laid over a loaded base, and refused where they do not fit it."""

import warnings
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.sources import (
    check_adapter_folder,
    load_errors,
    location,
    warn_about_pickle,
)
from itlim.records import ModelSource


def load_adapter(model: Any, source: ModelSource) -> Any:
    """Lay a PEFT adapter over a loaded base model, whose weights stay where they are.

    Raises:
        ModelLoadError: no adapter, one for another base, or one that adds virtual tokens.
    """
    check_adapter_folder(source)
    warn_about_pickle(source)
    # PEFT imports slowly; only adapter pairs pay for it.
    from peft import PeftConfig, PeftModel

    with load_errors(source, "adapter"):
        config = PeftConfig.from_pretrained(location(source), revision=source.revision)
        if config.is_prompt_learning:
            raise ModelLoadError(
                f"The adapter {source.path} adds virtual tokens ({config.peft_type}), so base and "
                "tuned model would not read the same ids. Use a weight adapter such as LoRA."
            )
    try:
        # PEFT only warns where weights do not fit; they are checked below.
        with load_errors(source, "adapter"), warnings.catch_warnings(action="ignore"):
            tuned = PeftModel.from_pretrained(
                model, location(source), is_trainable=False, revision=source.revision
            )
        _refuse_misfit(tuned, source)
    except ModelLoadError as error:
        raise ModelLoadError(
            f"{error} Is it an adapter of {model.name_or_path}? Its own record names "
            f"{config.base_model_name_or_path!r} as base."
        ) from error
    return tuned.eval()


def _refuse_misfit(tuned: Any, source: ModelSource) -> None:
    """Compare the adapter's tensors with those that the base has room for."""
    from peft import get_peft_model_state_dict, load_peft_weights

    with load_errors(source, "adapter"):
        stored = set(load_peft_weights(location(source), device="cpu", revision=source.revision))
        wanted = set(get_peft_model_state_dict(tuned, save_embedding_layers=False))
    if stored - wanted:
        # Whole layers of the base would be overwritten; layers it lacks, left out.
        raise ModelLoadError(
            f"The adapter {source.path} holds {len(stored - wanted)} tensor(s) that are no adapter "
            f"weights of this base, such as {min(stored - wanted)}. If it carries whole layers, "
            "merge it into its base and load that as the tuned model."
        )
    if wanted - stored:
        raise ModelLoadError(
            f"The adapter {source.path} lacks {len(wanted - stored)} tensor(s) for this base, such "
            f"as {min(wanted - stored)}."
        )
