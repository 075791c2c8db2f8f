"""Pre-train a small Llama from scratch, on text generated for each pass."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from typing import TYPE_CHECKING

from itlim.errors import CancelledError, InputError
from itlim.progress import Cancelled, StepProgress
from itlim.training.recipes import cosine_rate

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

PassTexts = Callable[[int], list[str]]
"""Returns the documents of a pass, given the number of the pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of the Llama. The context exceeds the training window, to leave room for prompts."""

    hidden_size: int = 128
    intermediate_size: int = 352
    layers: int = 4
    heads: int = 4
    vocabulary_size: int = 2048
    context_length: int = 256

    def __post_init__(self) -> None:
        if self.hidden_size % self.heads:
            raise InputError(
                f"hidden_size is {self.hidden_size}: expected a multiple of the {self.heads} heads."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainRecipe:
    """AdamW with a cosine schedule over windows of packed documents."""

    steps: int = 1600
    batch_size: int = 16
    window: int = 128
    """Tokens per window; documents are packed without padding."""
    learning_rate: float = 4e-3
    final_rate_share: float = 0.05
    warmup_share: float = 0.05
    weight_decay: float = 0.05
    autocast_bf16: bool = True
    """Compute matrix products in bfloat16; weights and loss stay in float32."""
    seed: int = 0


def build_model(
    architecture: Architecture, tokenizer: "PreTrainedTokenizerFast", seed: int
) -> "LlamaForCausalLM":
    """Build a Llama with tied embeddings and random weights that depend only on the seed."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=architecture.hidden_size,
        intermediate_size=architecture.intermediate_size,
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        num_key_value_heads=architecture.heads,
        max_position_embeddings=architecture.context_length,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def packed_windows(
    tokenizer: "PreTrainedTokenizerFast", texts_of_pass: PassTexts, recipe: PretrainRecipe
) -> Iterator["torch.Tensor"]:
    """Yield endless (batch_size, window + 1) int64 batches of packed documents."""
    import torch

    needed = recipe.batch_size * (recipe.window + 1)
    ids: list[int] = []
    end = tokenizer.eos_token_id
    for number in count():
        for document in tokenizer(texts_of_pass(number))["input_ids"]:
            ids += [*document, end]
        while len(ids) >= needed:
            yield torch.tensor(ids[:needed]).view(recipe.batch_size, recipe.window + 1)
            del ids[:needed]


def pretrain(
    model: "LlamaForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
    texts_of_pass: PassTexts,
    recipe: PretrainRecipe,
    *,
    progress: StepProgress | None = None,
    cancelled: Cancelled | None = None,
) -> list[float]:
    """Train in place; returns the loss of each step, in nats per token.

    Raises:
        CancelledError: `cancelled` returned True between two steps.
        InputError: the loss is not finite, because the learning rate is too high.
    """
    import torch
    from torch.nn.functional import cross_entropy

    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(), betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    losses: list[float] = []
    batches = packed_windows(tokenizer, texts_of_pass, recipe)
    for step in range(recipe.steps):
        if cancelled is not None and cancelled():
            raise CancelledError(f"Pre-training stopped after {step} of {recipe.steps} steps.")
        for group in optimizer.param_groups:
            group["lr"] = cosine_rate(
                step,
                recipe.steps,
                peak=recipe.learning_rate,
                warmup_share=recipe.warmup_share,
                final_share=recipe.final_rate_share,
            )
        batch = next(batches)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.autocast_bf16):
            logits = model(input_ids=batch[:, :-1], use_cache=False).logits
        loss = cross_entropy(logits.float().flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise InputError(
                f"The loss is {losses[-1]} at step {step}: the learning rate "
                f"{recipe.learning_rate} is too high for {asdict(recipe)}. Lower it."
            )
        if progress is not None:
            progress(step + 1, recipe.steps, f"loss {losses[-1]:.3f}")
    model.eval()
    return losses
