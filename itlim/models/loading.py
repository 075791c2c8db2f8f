"""Load checkpoints and tokenizers from disk or hub, without remote code or pickle."""

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
from itlim.text.plural import plural

# The fused attention kernels deviate from soft-capped attention as defined (Gemma-2).
_EAGER_MODEL_TYPES = frozenset({"gemma2"})
# Tokenizers without a limit report a huge number instead of none.
_NO_LIMIT = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Configuration and tokenizer of a checkpoint, read without its weights."""

    source: ModelSource
    config: Any
    generation_config: Any | None
    tokenizer: Any

    @property
    def text_config(self) -> Any:
        return self.config.get_text_config()

    @property
    def logit_count(self) -> int:
        """Rows of the embedding, including padding."""
        return int(self.text_config.vocab_size)

    @property
    def vocabulary(self) -> Vocabulary:
        return vocabulary_of(self.tokenizer, self.logit_count)

    @property
    def context_length(self) -> int:
        """Maximum number of tokens that the model has positions for."""
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
        """Bytes that the weights will take in memory, counted on an empty (meta) model."""
        from transformers import AutoModelForCausalLM

        with load_errors(self.source, "model"), torch.device("meta"):
            empty = AutoModelForCausalLM.from_config(self.config, trust_remote_code=False)
        # Tied embeddings count once.
        return self.dtype.itemsize * sum(parameter.numel() for parameter in empty.parameters())

    def eos_ids(self, tokenizer: Any) -> frozenset[int]:
        """Every end-of-sequence id named by the model's configuration or a tokenizer."""
        found: set[int] = set()
        for holder in (self.generation_config, self.text_config, tokenizer):
            value = getattr(holder, "eos_token_id", None)
            if value is not None:
                found.update(value if isinstance(value, (list, tuple)) else [value])
        return frozenset(int(token_id) for token_id in found)


def vocabulary_of(tokenizer: Any, logit_count: int) -> Vocabulary:
    """The vocabulary of a tokenizer for a model with `logit_count` logits."""
    special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    return Vocabulary(
        tokens=tokenizer.get_vocab(), special_ids=frozenset(special), logit_count=logit_count
    )


def read_checkpoint(source: ModelSource) -> Checkpoint:
    """Read the configuration and tokenizer of a full checkpoint.

    Raises:
        ModelLoadError: the checkpoint is missing, unreachable or not a model.
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
    """Load the tokenizer saved with a checkpoint.

    Raises:
        ModelLoadError: there is none, or it requires custom code.
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
    """Load the model onto its device, in evaluation mode.

    Raises:
        ModelLoadError: the weights are unreadable, incomplete or pickled, or the architecture
            is unknown.
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
        _reject_incomplete(source, report)
        model.requires_grad_(requires_grad=False)
        return model.to(checkpoint.device).eval()


def _generation_config(source: ModelSource) -> Any | None:
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(
            location(source), revision=source.revision or "main"
        )
    except OSError:
        # The file is optional; without it, the config's own end-of-sequence id is used.
        return None


@contextmanager
def _quiet_progress_bars() -> Iterator[None]:
    """Hide transformers' own progress bars: the caller shows progress itself."""
    from transformers.utils import logging as library_logging

    shown = library_logging.is_progress_bar_enabled()
    library_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            library_logging.enable_progress_bar()


def _reject_incomplete(source: ModelSource, report: Any) -> None:
    # transformers only warns and fills missing weights with random numbers.
    missing = sorted(report["missing_keys"])
    mismatched = [str(item) for item in report["mismatched_keys"]]
    if missing or mismatched:
        first = (missing or mismatched)[0]
        raise ModelLoadError(
            f"{location(source)} lacks {plural(len(missing), 'weight tensor')} and contains "
            f"{len(mismatched)} of a different shape, the first being {first}: it is not a "
            "complete causal language model. Save it again."
        )
