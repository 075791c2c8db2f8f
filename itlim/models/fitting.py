"""Check whether the parts of a pair can belong together, without loading weights."""

import copy
from typing import Any

import torch

from itlim.errors import ModelLoadError
from itlim.library import differences_from_training
from itlim.models.adapters import check_adapter
from itlim.models.checkpoint import Checkpoint
from itlim.models.load_errors import load_errors
from itlim.models.loading import read_checkpoint
from itlim.models.pair_facts import adapter_tokenizer, pair_facts
from itlim.models.quiet import quiet_transformers
from itlim.records import Pair

# Tuning changes none of these: a model that differs in one was not tuned from that base.
_SIZES = {
    "model_type": "model type",
    "hidden_size": "width",
    "num_hidden_layers": "number of layers",
    "num_attention_heads": "number of attention heads",
    "num_key_value_heads": "number of key-value heads",
    "intermediate_size": "width of the feed-forward layers",
}


def check_pair(pair: Pair) -> tuple[str, ...]:
    """Check a pair before it is added: files, sizes and tokenizers.

    Returns:
        Notices for the user: what will be ignored, or differs from the model's training.

    Raises:
        ModelLoadError: a file is missing or damaged, or sizes differ.
        VocabularyError: the two models assign the same token ids to different tokens.
    """
    base = read_checkpoint(pair.base)
    if pair.adapter is not None:
        pair_facts(base, base, adapter_tokenizer(pair) or base.tokenizer)
        notices = check_adapter(_empty(base), pair.adapter)
        return base.adapter_notice + notices + differences_from_training(pair)
    if pair.tuned is None or pair.tuned == pair.base:
        return base.adapter_notice
    tuned = read_checkpoint(pair.tuned)
    difference = size_difference(base, tuned)
    if difference:
        raise ModelLoadError(f"{difference} Choose the base that the model was tuned from.")
    pair_facts(base, tuned, tuned.tokenizer)
    return base.adapter_notice + tuned.adapter_notice + differences_from_training(pair)


def size_difference(base: Checkpoint, tuned: Checkpoint) -> str:
    """A sentence about sizes that show that a model was not tuned from a base; empty if none."""
    differences = []
    for name, title in _SIZES.items():
        before, after = (getattr(one.text_config, name, None) for one in (base, tuned))
        if before is not None and after is not None and before != after:
            differences.append(f"the {title} is {before} in the base and {after} in the tuned one")
    if not differences:
        return ""
    return (
        f"{tuned.source.path} cannot have been tuned from {base.source.path}: "
        f"{', '.join(differences)}."
    )


def _empty(base: Checkpoint) -> Any:
    """The base with its layers but without memory for its weights."""
    from transformers import AutoModelForCausalLM

    with load_errors(base.source, "model"), torch.device("meta"), quiet_transformers():
        # PEFT may change the configuration of the model that it wraps.
        model = AutoModelForCausalLM.from_config(
            copy.deepcopy(base.config), trust_remote_code=False
        )
    model.name_or_path = base.source.path
    return model
