"""Tune a model in memory on encoded instances, the same way each time.

Leave-out retraining must differ by nothing but the instance left out. So an
instance in `without` keeps its place in its batch, its row of ids, its share of
the normaliser and its noise; only the loss on its tokens has the weight 0.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from itlim.errors import CancelledError, InputError, NonFiniteError
from itlim.training.encoding import IGNORED, EncodedInstance, response_batch
from itlim.training.noise import noisy_embeddings
from itlim.training.recipes import Recipe
from itlim.training.schedule import cosine_rate

if TYPE_CHECKING:
    import torch

Progress = Callable[[int, int, str], None]
Cancelled = Callable[[], bool]


def epoch_orders(instances: int, epochs: int, seed: int) -> list[list[int]]:
    """The order of the instances in each epoch; depends on these three numbers alone."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(instances, generator=generator).tolist() for _ in range(epochs)]


def with_adapter(model: Any, recipe: Recipe, seed: int) -> Any:
    """Wrap the model in a fresh LoRA adapter on every linear layer but the head.

    The adapter starts as no change at all, and with the same weights for the same seed.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=recipe.adapter_rank or 0,
        lora_alpha=recipe.adapter_alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return get_peft_model(model, config)


def tune(
    model: Any,
    instances: Sequence[EncodedInstance],
    recipe: Recipe,
    *,
    without: frozenset[str] = frozenset(),
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Any:
    """Tune a model and return it, or the adapter around it. Changes `model`: pass a copy.

    Args:
        model: a causal language model in float32, as transformers loads it.
        instances: from `encode_instances`.
        recipe: how to tune.
        without: instance ids whose loss weighs 0.
        seed: decides order, noise, dropout and the adapter's start.
        progress: called with steps done, steps in all and the step's loss.
        cancelled: asked before each step.

    Raises:
        InputError: an id in `without` is not among the instances.
        NonFiniteError: the loss is no number any more.
        CancelledError: `cancelled` said so.
    """
    import torch

    unknown = without - {instance.instance_id for instance in instances}
    if unknown:
        raise InputError(
            f"No instance {', '.join(sorted(unknown))} in this dataset of {len(instances)}: "
            f"ids look like {instances[0].instance_id}."
        )
    if recipe.adapter_rank is not None:
        model = with_adapter(model, recipe, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _optimise(model, instances, recipe, without, seed, progress, cancelled)
    return model.eval()


def _optimise(
    model: Any,
    instances: Sequence[EncodedInstance],
    recipe: Recipe,
    without: frozenset[str],
    seed: int,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> None:
    import torch

    model.train()
    parameters = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    noise = torch.Generator().manual_seed(seed + 1)
    size = recipe.batch_size
    batches = [
        [instances[index] for index in order[start : start + size]]
        for order in epoch_orders(len(instances), recipe.epochs, seed)
        for start in range(0, len(order), size)
    ]
    with noisy_embeddings(model, recipe.noise_alpha, noise):
        for step, batch in enumerate(batches):
            if cancelled is not None and cancelled():
                raise CancelledError(f"Tuning stopped after {step} of {len(batches)} steps.")
            for group in optimizer.param_groups:
                group["lr"] = cosine_rate(
                    step,
                    len(batches),
                    peak=recipe.learning_rate,
                    warmup_share=recipe.warmup_share,
                    final_share=0.0,
                )
            loss = _accumulate_gradient(model, batch, recipe.micro_batch_size, without)
            if not math.isfinite(loss):
                raise NonFiniteError(
                    f"The loss is {loss} at step {step + 1} of {len(batches)}: try a learning "
                    f"rate below {recipe.learning_rate}."
                )
            torch.nn.utils.clip_grad_norm_(parameters, recipe.gradient_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if progress is not None:
                progress(step + 1, len(batches), f"loss {loss:.3f}")


def _accumulate_gradient(
    model: Any, batch: Sequence[EncodedInstance], micro: int, without: frozenset[str]
) -> float:
    """Add the gradient of the mean loss a response token; return that loss, in nats.

    The normaliser counts all response tokens of the batch, also those that weigh 0.
    """
    tokens = sum(len(instance.response_ids) for instance in batch)
    total = 0.0
    for start in range(0, len(batch), micro):
        ids, labels = response_batch(batch[start : start + micro], pad_id=0, without=without)
        loss = response_loss(model, ids, labels) / tokens
        loss.backward()
        total += loss.item()
    return total


def response_loss(model: Any, ids: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """Summed cross-entropy of the labelled tokens, in nats, from float32 logits.

    Args:
        model: causal language model.
        ids: (B, L) int64.
        labels: (B, L) int64, `IGNORED` where nothing is scored. Position t is predicted at t - 1.
    """
    from torch.nn.functional import cross_entropy

    logits = model(input_ids=ids.to(model.device), use_cache=False).logits
    return cross_entropy(
        logits[:, :-1].float().flatten(0, 1),
        labels[:, 1:].flatten().to(logits.device),
        ignore_index=IGNORED,
        reduction="sum",
    )
