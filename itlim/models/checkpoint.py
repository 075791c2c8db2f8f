"""Configuration and tokenizer of a checkpoint, and what follows from them without weights."""

from dataclasses import dataclass
from typing import Any

import torch

from itlim.models.generation_settings import GenerationSettings, valid_token_ids
from itlim.models.load_errors import load_errors
from itlim.models.model_files import ADAPTER_FILE, has_adapter_files
from itlim.models.quiet import quiet_transformers
from itlim.models.sources import location, resolve_device, resolve_dtype
from itlim.models.vocabulary import Vocabulary
from itlim.records import ModelSource

# Tokenizers without a limit report a huge number instead of none.
_NO_LIMIT = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Configuration and tokenizer of a checkpoint, read without its weights."""

    source: ModelSource
    config: Any
    generation: GenerationSettings
    tokenizer: Any
    quantization: str | None = None
    """Of a GGUF file, such as "Q4_K_M"; None for other formats."""

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
        for holder, name in (
            (self.text_config, "max_position_embeddings"),
            (self.tokenizer, "model_max_length"),
        ):
            length = getattr(holder, name, None)
            # XLNet states -1 for no limit.
            if length is not None and length > 0:
                return min(int(length), _NO_LIMIT)
        return _NO_LIMIT

    @property
    def device(self) -> str:
        return resolve_device(self.source)

    @property
    def dtype(self) -> torch.dtype:
        return resolve_dtype(self.source, getattr(self.config, "dtype", None), self.device)

    @property
    def dtype_name(self) -> str:
        """Such as "float32", or "float32 (GGUF Q4_K_M)" for converted weights."""
        name = str(self.dtype).removeprefix("torch.")
        return name if self.quantization is None else f"{name} (GGUF {self.quantization})"

    @property
    def adapter_notice(self) -> tuple[str, ...]:
        """A sentence about an adapter next to the weights, which is not applied."""
        if not has_adapter_files(self.source):
            return ()
        return (
            f"{location(self.source)} contains a full model and an adapter ({ADAPTER_FILE}). Only "
            "the model's own weights are used. To apply the adapter, give its base as the base "
            "and this folder as the adapter.",
        )

    def weight_bytes(self) -> int:
        """Bytes that the weights will take in memory, counted on an empty (meta) model."""
        from transformers import AutoModelForCausalLM

        with load_errors(self.source, "model"), torch.device("meta"), quiet_transformers():
            empty = AutoModelForCausalLM.from_config(self.config, trust_remote_code=False)
        # Tied embeddings count once.
        return self.dtype.itemsize * sum(parameter.numel() for parameter in empty.parameters())

    def eos_ids(self, tokenizer: Any) -> frozenset[int]:
        """Every end-of-sequence id named by the model's configuration or a tokenizer."""
        stated = (getattr(one, "eos_token_id", None) for one in (self.text_config, tokenizer))
        return self.generation.eos_ids.union(*map(valid_token_ids, stated))


def vocabulary_of(tokenizer: Any, logit_count: int) -> Vocabulary:
    """The vocabulary of a tokenizer for a model with `logit_count` logits."""
    special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    return Vocabulary(
        tokens=tokenizer.get_vocab(), special_ids=frozenset(special), logit_count=logit_count
    )
