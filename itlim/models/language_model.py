"""One loaded transformers model as a `LanguageModel`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import Any

import torch

from itlim.models.heads import choose_head
from itlim.models.load_errors import memory_errors
from itlim.models.protocol import ScoredSequence
from itlim.models.streamed_logits import HiddenStateStream, RerunStream, response_states


class CausalModel:
    """A causal language model, or one face of a model with an adapter.

    The base and the tuned model of an adapter pair share one module; `face`
    switches the adapter off for the base. The lock keeps threads from meeting
    inside a forward or a switch.
    """

    def __init__(
        self,
        model: Any,
        *,
        context_length: int,
        lock: Lock,
        face: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        self.model = model
        self.context_length = context_length
        self.logit_count = int(model.get_output_embeddings().weight.shape[0])
        self.embedding_count = int(model.get_input_embeddings().weight.shape[0])
        self.device = model.get_input_embeddings().weight.device
        self._lock = lock
        self._face = face
        with self.guard():
            self._head = choose_head(model)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Alone inside the model, with the right face on."""
        with self._lock, self._face(), memory_errors("running the model"):
            yield

    def stream(
        self, sequences: Sequence[ScoredSequence], logit_count: int | None = None
    ) -> HiddenStateStream | RerunStream:
        count = self.logit_count if logit_count is None else logit_count
        if self._head is None:
            return RerunStream(self.model, sequences, count, self.guard)
        hidden = response_states(self.model, sequences, self.guard)
        return HiddenStateStream(hidden, self._head, count, self.guard)

    def cursor(self) -> "CachedCursor":
        return CachedCursor(self)

    def batch_cursor(self, prompts: Sequence[Sequence[int]]) -> "BatchCursor":
        """Several fresh sequences to extend side by side."""
        return BatchCursor(self, prompts)


class CachedCursor:
    """One sequence with its key-value cache."""

    def __init__(self, owner: CausalModel) -> None:
        self._owner = owner
        self._cache: Any = None

    @torch.inference_mode()
    def feed(self, token_ids: Sequence[int], keep: int = 1) -> torch.Tensor:
        ids = torch.tensor([list(token_ids)], device=self._owner.device)
        with self._owner.guard():
            output = self._owner.model(
                input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=keep
            )
        self._cache = output.past_key_values
        return output.logits[0, -keep:].float()  # type: ignore[no-any-return]


class BatchCursor:
    """Several sequences side by side, padded on the left."""

    def __init__(self, owner: CausalModel, prompts: Sequence[Sequence[int]]) -> None:
        width = max(len(prompt) for prompt in prompts)
        self._owner = owner
        self._cache: Any = None
        self._ids = torch.zeros((len(prompts), width), dtype=torch.long)
        self._mask = torch.zeros((len(prompts), width), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            self._ids[row, width - len(prompt) :] = torch.tensor(list(prompt))
            self._mask[row, width - len(prompt) :] = 1

    def first(self) -> torch.Tensor:
        """Logits after each prompt: (B, V) float32."""
        # Not every model derives positions from the mask (GPT-2, Phi).
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
        return self._forward(self._ids, positions)

    def feed(self, token_ids: Sequence[int]) -> torch.Tensor:
        """Append one id to every sequence: (B, V) float32."""
        ids = torch.tensor(list(token_ids)).unsqueeze(-1)
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=-1)
        return self._forward(ids, self._mask.sum(-1, keepdim=True) - 1)

    @torch.inference_mode()
    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        device = self._owner.device
        with self._owner.guard():
            output = self._owner.model(
                input_ids=ids.to(device),
                attention_mask=self._mask.to(device),
                position_ids=positions.to(device),
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
        self._cache = output.past_key_values
        return output.logits[:, -1].float()  # type: ignore[no-any-return]
