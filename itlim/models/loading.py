"""Checkpoints and their tokenizers from disk or hub, offline-safe and without pickle."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from itlim.errors import ModelLoadError
from itlim.models.sources import (
    check_model_folder,
    has_tokenizer,
    is_local,
    load_errors,
    location,
    resolve_device,
    resolve_dtype,
    warn_about_pickle,
)
from itlim.models.vocabulary import Vocabulary
from itlim.records import ModelSource

# Soft-capped attention (Gemma-2) differs from its definition in the fused attention kernels.
_EAGER_MODEL_TYPES = frozenset({"gemma2"})
# A limit above this is a tokenizer's way of saying "none".
_NO_LIMIT = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint says about itself, read without its weights."""

    source: ModelSource
    config: Any
    generation_config: Any | None
    tokenizer: Any

    @property
    def text_config(self) -> Any:
        return self.config.get_text_config()

    @property
    def logit_count(self) -> int:
        """Rows of the embeddings, padding included."""
        return int(self.text_config.vocab_size)

    @property
    def vocabulary(self) -> Vocabulary:
        return vocabulary_of(self.tokenizer, self.logit_count)

    @property
    def context_length(self) -> int:
        """Most tokens the model has positions for."""
        length = getattr(self.text_config, "max_position_embeddings", None)
        if length is None:
            length = getattr(self.tokenizer, "model_max_length", None)
        return _NO_LIMIT if length is None else min(int(length), _NO_LIMIT)

    @property
    def device(self) -> str:
        return resolve_device(self.source)

    @property
    def dtype(self) -> torch.dtype:
        return resolve_dtype(self.source, getattr(self.config, "dtype", None), self.device)

    def weight_bytes(self) -> int:
        """Bytes the weights will take in memory, counted on a model without any."""
        from transformers import AutoModelForCausalLM

        with load_errors(self.source, "model"), torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(self.config, trust_remote_code=False)
        # Tied embeddings are one parameter.
        return self.dtype.itemsize * sum(parameter.numel() for parameter in empty.parameters())

    def eos_ids(self, tokenizer: Any) -> frozenset[int]:
        """Every id that ends a response, by the model's own records and a tokenizer."""
        found: set[int] = set()
        for holder in (self.generation_config, self.text_config, tokenizer):
            value = getattr(holder, "eos_token_id", None)
            if value is not None:
                found.update(value if isinstance(value, (list, tuple)) else [value])
        return frozenset(int(token_id) for token_id in found)


def vocabulary_of(tokenizer: Any, logit_count: int) -> Vocabulary:
    """The tokens of a tokenizer over a model with `logit_count` rows."""
    special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    return Vocabulary(
        tokens=tokenizer.get_vocab(), special_ids=frozenset(special), logit_count=logit_count
    )


def read_checkpoint(source: ModelSource) -> Checkpoint:
    """Config and tokenizer of a full checkpoint.

    Raises:
        ModelLoadError: missing, no model, or unreachable.
    """
    from transformers import AutoConfig

    check_model_folder(source)
    with load_errors(source, "model"):
        config = AutoConfig.from_pretrained(
            location(source), revision=source.revision, trust_remote_code=False
        )
    return Checkpoint(
        source=source,
        config=config,
        generation_config=_generation_config(source),
        tokenizer=load_tokenizer(source),
    )


def load_tokenizer(source: ModelSource) -> Any:
    """The tokenizer that lies beside a checkpoint.

    Raises:
        ModelLoadError: there is none, or it needs code of its own.
    """
    from transformers import AutoTokenizer

    if is_local(source) and not has_tokenizer(source):
        raise ModelLoadError(
            f"{location(source)} has no tokenizer. Save the model's tokenizer into that folder."
        )
    with load_errors(source, "tokenizer"):
        return AutoTokenizer.from_pretrained(
            location(source), revision=source.revision, trust_remote_code=False
        )


def load_model(checkpoint: Checkpoint) -> Any:
    """The weights, on their device and in evaluation mode.

    Raises:
        ModelLoadError: unreadable, incomplete, pickled only, or of an unknown architecture.
        OutOfMemoryError: memory ran out.
    """
    from transformers import AutoModelForCausalLM

    source, config = checkpoint.source, checkpoint.config
    warn_about_pickle(source)
    options: dict[str, Any] = {"revision": source.revision, "dtype": checkpoint.dtype}
    if config.model_type in _EAGER_MODEL_TYPES:
        options["attn_implementation"] = "eager"
    with load_errors(source, "model"), _quiet_progress_bars():
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            location(source),
            use_safetensors=None if source.allow_pickle else True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
        model, report = loaded
        _refuse_incomplete(source, report)
        model.requires_grad_(requires_grad=False)
        return model.to(checkpoint.device).eval()


def _generation_config(source: ModelSource) -> Any | None:
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(
            location(source), revision=source.revision or "main"
        )
    except OSError:
        # The file is optional; the config's own end-of-sequence id then counts.
        return None


@contextmanager
def _quiet_progress_bars() -> Iterator[None]:
    """Keep transformers' own bars off the terminal: the caller shows progress in its way."""
    from transformers.utils import logging as library_logging

    shown = library_logging.is_progress_bar_enabled()
    library_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            library_logging.enable_progress_bar()


def _refuse_incomplete(source: ModelSource, report: Any) -> None:
    # transformers fills missing weights with random numbers and goes on.
    missing = sorted(report["missing_keys"])
    mismatched = [str(item) for item in report["mismatched_keys"]]
    if missing or mismatched:
        first = (missing or mismatched)[0]
        raise ModelLoadError(
            f"{location(source)} lacks {len(missing)} weight tensor(s) and holds "
            f"{len(mismatched)} of another shape, first {first}: it is no complete causal "
            "language model. Save it again."
        )
