"""Instances as token ids, and batches with the loss on the response only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from itlim.errors import ContextLengthError, DatasetError
from itlim.records import PromptTemplate
from itlim.text.prompts import render_prompt, response_prefix

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


def encode_instances(
    tokenizer: Any, instances: pa.Table, template: str | PromptTemplate, *, max_tokens: int
) -> tuple[EncodedInstance, ...]:
    """Render and tokenize rows of `schema.INSTANCES`, prompt and response separately.

    Raises:
        DatasetError: there is no instance, or the tokenizer has no end-of-sequence token.
        ContextLengthError: an instance has more than `max_tokens` tokens.
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
        if len(instance) > max_tokens:
            raise ContextLengthError(
                f"Instance {row['instance_id']} has {len(instance)} tokens, more than the "
                f"recipe's {max_tokens}: shorten it, omit it, or raise max_tokens."
            )
        encoded.append(instance)
    if not encoded:
        raise DatasetError(
            "There is no instance to tune on: choose a dataset with at least one row."
        )
    return tuple(encoded)


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
