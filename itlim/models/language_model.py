"""One loaded transformers model as a `LanguageModel`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from threading import Lock
from typing import Any

from itlim.errors import ItlimError, ModelRunError
from itlim.models.cursors import (
    BatchCursor,
    Continuing,
    PaddedCursor,
    SeparateCursors,
    SequenceCursor,
    choose_continuing,
    padding_is_harmless,
)
from itlim.models.forward import Forward, check_causal, why_not_finite
from itlim.models.heads import choose_head
from itlim.models.load_errors import memory_errors
from itlim.models.protocol import ScoredSequence
from itlim.models.rotary import rotary_switches
from itlim.models.streamed_logits import HiddenStateStream, RerunStream, response_states
from itlim.text.messages import reason_of


class CausalModel:
    """A causal language model, or one face of a model with an adapter.

    The base and the tuned model of an adapter pair share one module; `face`
    switches the adapter off for the base. The lock keeps threads from meeting
    inside a forward or a switch.

    Args:
        model: a transformers causal language model, or one with adapter layers.
        context_length: maximum number of tokens of prompt and response together.
        lock: shared by all faces of a module.
        face: context manager inside which the module computes this model's outputs.
        name: what to call the model in errors.

    Raises:
        ModelLoadError: the model is not causal.
        NonFiniteError: the model gives NaN.
    """

    def __init__(
        self,
        model: Any,
        *,
        context_length: int,
        lock: Lock,
        face: Callable[[], AbstractContextManager[Any]] = nullcontext,
        name: str = "The model",
    ) -> None:
        self.model = model
        self.forward = Forward(model)
        self.context_length = context_length
        self.logit_count = int(model.get_output_embeddings().weight.shape[0])
        self.embedding_count = int(model.get_input_embeddings().weight.shape[0])
        self.device = model.get_input_embeddings().weight.device
        self.rotary_switches = rotary_switches(model.config, context_length)
        self._lock = lock
        self._face = face
        self._name = name
        with self.guard():
            check_causal(model, name)
            self._head = choose_head(model)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Alone inside the model, with the right face on.

        Raises:
            OutOfMemoryError: memory ran out inside the block.
            ModelRunError: the model's own code failed inside the block.
        """
        with self._lock, self._face(), memory_errors("running the model"):
            try:
                yield
            except (ItlimError, MemoryError):
                raise
            except Exception as error:
                raise ModelRunError(f"{self._name} failed: {reason_of(error)}") from error

    def why_not_finite(self) -> str:
        """Why the model gives NaN or infinity, as one sentence."""
        with self.guard():
            return why_not_finite(self.model, self._name)

    def stream(
        self, sequences: Sequence[ScoredSequence], logit_count: int | None = None
    ) -> HiddenStateStream | RerunStream:
        count = self.logit_count if logit_count is None else logit_count
        switches = self.rotary_switches
        if self._head is None:
            return RerunStream(self.forward, sequences, count, self.guard, switches)
        hidden = response_states(self.model, sequences, self.guard, switches)
        return HiddenStateStream(hidden, self._head, count, self.guard)

    def cursor(self) -> SequenceCursor:
        return SequenceCursor(self, self._continuing)

    def batch_cursor(self, prompts: Sequence[Sequence[int]]) -> BatchCursor:
        """Several fresh sequences to extend side by side."""
        if self._pads:
            return PaddedCursor(self, prompts)
        return SeparateCursors(self, prompts, self._continuing)

    @cached_property
    def _continuing(self) -> Continuing:
        return choose_continuing(self, self.rotary_switches)

    @cached_property
    def _pads(self) -> bool:
        return not self.rotary_switches and self._continuing.cached and padding_is_harmless(self)
