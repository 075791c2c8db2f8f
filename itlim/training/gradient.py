"""The gradient of one batch, accumulated over micro-batches that fit into memory.

However a batch is split, its gradient is the same up to rounding: each micro-batch adds the
summed loss of its response tokens, divided by the number of response tokens of the whole batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from itlim.training.encoding import IGNORED, EncodedInstance, response_batch
from itlim.training.recipes import Recipe

if TYPE_CHECKING:
    import torch


def accumulate_gradient(
    model: Any, batch: Sequence[EncodedInstance], recipe: Recipe, without: frozenset[str]
) -> float:
    """Add the gradient of the mean loss per response token; return that loss, in nats.

    The normalizer counts all response tokens of the batch, including those with weight 0.
    """
    tokens = sum(len(instance.response_ids) for instance in batch)
    by_tokens = recipe.micro_batch_tokens is not None
    total = 0.0
    for micro_batch in micro_batches(batch, recipe):
        ids, labels = response_batch(micro_batch, pad_id=0, without=without)
        with _precision(model, recipe.dtype):
            loss = response_loss(model, ids, labels, labeled_only=by_tokens) / tokens
        loss.backward()
        total += loss.item()
    return total


def micro_batches(batch: Sequence[EncodedInstance], recipe: Recipe) -> list[list[EncodedInstance]]:
    """Split a batch into the parts that are in memory at once.

    With `recipe.micro_batch_tokens`, instances of similar length share a part, the longest first,
    so that little is padded and the largest part is the first. An instance that is longer than
    the limit is a part of its own. Instances of equal length keep their order.
    """
    limit = recipe.micro_batch_tokens
    if limit is None:
        size = recipe.micro_batch_size
        return [list(batch[start : start + size]) for start in range(0, len(batch), size)]
    parts: list[list[EncodedInstance]] = []
    for instance in sorted(batch, key=len, reverse=True):
        if parts and len(parts[-1][0]) * (len(parts[-1]) + 1) <= limit:
            parts[-1].append(instance)
        else:
            parts.append([instance])
    return parts


def padded_tokens(parts: Sequence[Sequence[EncodedInstance]]) -> int:
    """Number of tokens that the model computes for some micro-batches, with padding."""
    return sum(len(part) * max(map(len, part)) for part in parts)


def response_loss(
    model: Any, ids: "torch.Tensor", labels: "torch.Tensor", *, labeled_only: bool = False
) -> "torch.Tensor":
    """Summed cross-entropy of the labeled tokens, in nats, from float32 logits.

    Args:
        model: causal language model.
        ids: (B, L) int64.
        labels: (B, L) int64; `IGNORED` where no token is scored. Position t is predicted at t - 1.
        labeled_only: compute logits only where a label follows, which saves memory and time. The
            loss is the same up to rounding.
    """
    from torch.nn.functional import cross_entropy

    targets = labels[:, 1:]
    rows, places = (targets != IGNORED).nonzero(as_tuple=True)
    scored = (rows * ids.shape[1] + places).to(model.device)
    with _only_labeled(model, ids.shape, scored if labeled_only else None) as selected:
        logits = model(input_ids=ids.to(model.device), use_cache=False).logits
    # Only the labeled positions are computed: the gradient of the others is 0.
    logits = logits.flatten(0, 1)
    if not selected:
        logits = logits.index_select(0, scored.to(logits.device))
    return cross_entropy(
        logits.float(),
        targets[rows, places].to(logits.device),
        reduction="sum",
    )


@contextmanager
def _only_labeled(
    model: Any, shape: "torch.Size", scored: "torch.Tensor | None"
) -> Iterator[list[bool]]:
    """Give the output layer only some positions; the list is filled once it has received them.

    Args:
        model: causal language model.
        shape: (B, L), the shape of the ids.
        scored: (n,) int64 positions in the flattened ids; None changes nothing.
    """
    selected: list[bool] = []
    head = model.get_output_embeddings()
    if scored is None or head is None:
        yield selected
        return

    def select(_module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        hidden = inputs[0]
        if hidden.shape[:2] != shape:
            return None
        selected.append(True)
        return (hidden.flatten(0, 1).index_select(0, scored).unsqueeze(0), *inputs[1:])

    handle = head.register_forward_pre_hook(select)
    try:
        yield selected
    finally:
        handle.remove()


def _precision(model: Any, dtype: str) -> AbstractContextManager[Any]:
    """Context in which matrix products have this dtype."""
    import torch

    if dtype == "float32":
        return nullcontext()
    return torch.autocast(model.device.type, dtype=getattr(torch, dtype))
