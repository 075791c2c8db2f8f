"""Load a PEFT adapter on top of a base model, and reject one that does not fit it."""

import warnings
from typing import Any

from itlim.errors import ModelLoadError
from itlim.models.load_errors import load_errors
from itlim.models.model_files import check_adapter_folder
from itlim.models.sources import location, warn_about_pickle
from itlim.records import ModelSource
from itlim.text.plural import plural


def load_adapter(model: Any, source: ModelSource) -> Any:
    """Load a PEFT adapter on top of a base model, sharing its weights.

    Raises:
        ModelLoadError: the source is not an adapter, belongs to another base, or adds virtual
            tokens.
    """
    check_adapter_folder(source)
    warn_about_pickle(source)
    # Imported here because PEFT is slow to import and only adapter pairs need it.
    from peft import PeftConfig, PeftModel

    with load_errors(source, "adapter"):
        config = PeftConfig.from_pretrained(location(source), revision=source.revision)
        if config.is_prompt_learning:
            raise ModelLoadError(
                f"The adapter {source.path} adds virtual tokens ({config.peft_type}), so base and "
                "tuned model would read different ids. Use a weight adapter such as LoRA."
            )
    try:
        # PEFT only warns about weights that do not fit; `_reject_misfit` raises instead.
        with load_errors(source, "adapter"), warnings.catch_warnings(action="ignore"):
            tuned = PeftModel.from_pretrained(
                model, location(source), is_trainable=False, revision=source.revision
            )
        _reject_misfit(tuned, source)
    except ModelLoadError as error:
        raise ModelLoadError(
            f"{error} Is it an adapter of {model.name_or_path}? Its configuration names "
            f"{config.base_model_name_or_path!r} as the base."
        ) from error
    return tuned.eval()


def _reject_misfit(tuned: Any, source: ModelSource) -> None:
    """Compare the adapter's tensors with those that the base model expects."""
    from peft import get_peft_model_state_dict, load_peft_weights

    with load_errors(source, "adapter"):
        stored = set(load_peft_weights(location(source), device="cpu", revision=source.revision))
        expected = set(get_peft_model_state_dict(tuned, save_embedding_layers=False))
    if stored - expected:
        # Loading would overwrite whole layers of the base and skip layers that it lacks.
        raise ModelLoadError(
            f"The adapter {source.path} contains {plural(len(stored - expected), 'tensor')} that "
            f"do not fit this base, such as {min(stored - expected)}. If it contains whole "
            "layers, merge it into its base and load the result as the tuned model."
        )
    if expected - stored:
        raise ModelLoadError(
            f"The adapter {source.path} lacks {plural(len(expected - stored), 'tensor')} for this "
            f"base, such as {min(expected - stored)}."
        )
