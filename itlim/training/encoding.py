"""Instances as token ids, and batches with the loss on the response only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from itlim.errors import ContextLengthError, DatasetError
from itlim.records import PromptTemplate
from itlim.text.messages import plural
from itlim.text.prompts import render_prompt, response_prefix
from itlim.training.recipes import TooLong

if TYPE_CHECKING:
    import torch

IGNORED = -100
"""The label that torch's cross-entropy ignores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedInstance:
    """One instance as token ids. The response ends with the end-of-sequence id."""

    instance_id: str
    prompt_ids: tuple[int, ...]
    response_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.response_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedInstances:
    """Encoded instances of at most `max_tokens` tokens, and what became of the longer ones."""

    instances: tuple[EncodedInstance, ...]
    omitted: tuple[str, ...] = ()
    """Ids in dataset order."""
    truncated: tuple[str, ...] = ()
    """Ids in dataset order; their responses do not end with the end-of-sequence id."""


def encode_instances(
    tokenizer: Any,
    instances: pa.Table,
    template: str | PromptTemplate,
    *,
    max_tokens: int,
    too_long: str = TooLong.REJECT,
) -> tuple[EncodedInstance, ...]:
    """The instances of `encode_fitting` alone."""
    return encode_fitting(
        tokenizer, instances, template, max_tokens=max_tokens, too_long=too_long
    ).instances


def encode_fitting(
    tokenizer: Any,
    instances: pa.Table,
    template: str | PromptTemplate,
    *,
    max_tokens: int,
    too_long: str = TooLong.REJECT,
) -> FittedInstances:
    """Render and tokenize rows of `schema.INSTANCES`, prompt and response separately.

    With `TooLong.TRUNCATE`, an instance whose prompt alone has `max_tokens` tokens is omitted.

    Raises:
        DatasetError: there is no instance, or the tokenizer has no end-of-sequence token.
        ContextLengthError: instances have more than `max_tokens` tokens and `too_long` is
            `TooLong.REJECT`, or no instance is left.
    """
    if tokenizer.eos_token_id is None:
        raise DatasetError(
            "The tokenizer has no end-of-sequence token, which must end each response. "
            "Use a tokenizer that defines one."
        )
    encoded = []
    for row in instances.to_pylist():
        prompt = render_prompt(tokenizer, template, row["instruction"], row["input"])
        text = response_prefix(template) + row["response"]
        response = tokenizer.encode(text, add_special_tokens=False)
        instance = EncodedInstance(
            instance_id=row["instance_id"],
            prompt_ids=prompt.token_ids,
            response_ids=(*response, tokenizer.eos_token_id),
        )
        encoded.append(instance)
    if not encoded:
        raise DatasetError(
            "There is no instance to tune on: choose a dataset with at least one row."
        )
    return _fitted(encoded, max_tokens, too_long)


def _fitted(encoded: Sequence[EncodedInstance], max_tokens: int, too_long: str) -> FittedInstances:
    """Reject, omit or truncate the instances that are too long."""
    longer = [instance for instance in encoded if len(instance) > max_tokens]
    if longer and too_long == TooLong.REJECT:
        longest = max(longer, key=len)
        raise ContextLengthError(
            f"{len(longer):,} of {plural(len(encoded), 'instance')} have more than {max_tokens} "
            f"tokens; the longest, {longest.instance_id}, has {len(longest)}. Omit or truncate "
            "them, or raise max_tokens."
        )
    kept, omitted, truncated = [], [], []
    for instance in encoded:
        room = max_tokens - len(instance.prompt_ids)
        if len(instance) <= max_tokens:
            kept.append(instance)
        elif too_long == TooLong.TRUNCATE and room > 0:
            kept.append(replace(instance, response_ids=instance.response_ids[:room]))
            truncated.append(instance.instance_id)
        else:
            omitted.append(instance.instance_id)
    if not kept:
        shortest = min(encoded, key=len)
        raise ContextLengthError(
            f"None of {plural(len(encoded), 'instance')} fits into {max_tokens} tokens; the "
            f"shortest, {shortest.instance_id}, has {len(shortest)}. Raise max_tokens."
        )
    return FittedInstances(
        instances=tuple(kept), omitted=tuple(omitted), truncated=tuple(truncated)
    )


def response_batch(
    instances: Sequence[EncodedInstance], pad_id: int, *, without: frozenset[str] = frozenset()
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Pad on the right and label the response tokens.

    An instance in `without` keeps its row, so that shapes do not change, but none of its
    tokens is labeled. No attention mask is needed: in a causal model a token never attends
    to the padding after it.

    Returns:
        ids: (B, L) int64.
        labels: (B, L) int64; `labels[:, t]` is the id at position t, or `IGNORED`.
    """
    import torch

    length = max(len(instance) for instance in instances)
    ids = torch.full((len(instances), length), pad_id)
    labels = torch.full((len(instances), length), IGNORED)
    for row, instance in enumerate(instances):
        start = len(instance.prompt_ids)
        ids[row, : len(instance)] = torch.tensor(instance.prompt_ids + instance.response_ids)
        if instance.instance_id not in without:
            labels[row, start : len(instance)] = torch.tensor(instance.response_ids)
    return ids, labels
