"""A loaded pair: renders prompts, encodes responses and streams both models' logits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from itlim.errors import ContextLengthError, InputError
from itlim.models.pair_facts import PairFacts
from itlim.models.pair_models import PairModels, PairStreams, Role
from itlim.models.protocol import Cursor, LogitStream, ScoredSequence
from itlim.models.vocabulary import SharedIds, check_input_ids
from itlim.records import Pair, Prompt, TokenTexts
from itlim.text.prompts import render_prompt
from itlim.text.token_text import TokenDecoder

# Logit of ids that only one model has: its probability is exactly 0 in float32, yet it is finite,
# so that the difference of two such logits is 0 and not NaN.
UNSHARED_LOGIT = -1e30


class LoadedPair:
    """Base and tuned model, ready to render, score and generate."""

    def __init__(
        self,
        pair: Pair,
        models: PairModels,
        tokenizer: Any,
        decoder: TokenDecoder,
        facts: PairFacts,
    ) -> None:
        self.pair = pair
        self.tokenizer = tokenizer
        self.facts = facts
        self._models = models
        self._decoder = decoder
        self._closed = False

    def with_models(self, models: PairModels) -> "LoadedPair":
        """A pair with other weights but the same template, tokenizer and facts."""
        return LoadedPair(self.pair, models, self.tokenizer, self._decoder, self.facts)

    @property
    def context_length(self) -> int:
        return self.facts.context_length

    @property
    def dtype(self) -> str:
        return self.facts.dtype

    @property
    def eos_ids(self) -> frozenset[int]:
        return self.facts.eos_ids

    @property
    def shared(self) -> SharedIds:
        return self.facts.shared

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user: what was ignored, or may differ from what they expect."""
        return self.facts.notices

    def length_notices(self, prompt_count: int, response_count: int) -> tuple[str, ...]:
        """Sentences about a response in which the models' rotary factors switch."""
        read = prompt_count + response_count - 1
        return tuple(
            f"Above {at} tokens the model uses other rotary factors (longrope) for the whole text, "
            f"and prompt and response have {read + 1} tokens. Each token is scored with the "
            f"factors of its own length, as when the model generates it: those up to token {at} "
            "differ from one pass over the whole text."
            for at in self.facts.rotary_switches
            if prompt_count <= at < read
        )

    @property
    def memory_bytes(self) -> int:
        """Bytes of the weights in memory; weights that both models share count once."""
        return self._models.weight_bytes()

    @property
    def supports_live(self) -> bool:
        return self._models.together

    @property
    def live_unavailable_reason(self) -> str:
        """The reason, as one sentence for the page; empty if live coloring is possible."""
        if self.supports_live:
            return ""
        return (
            "The two models do not fit into memory together, so they run one after the other: "
            "the answer is colored once it is complete."
        )

    def render(self, instruction: str, input: str = "") -> Prompt:
        """Render the prompt in the pair's template; both models receive its ids."""
        return render_prompt(self.tokenizer, self.pair.template, instruction, input)

    def encode_response(self, text: str) -> tuple[int, ...]:
        """Ids of a pasted response; see `TokenDecoder.encode_response`.

        No end-of-sequence id is added, because a pasted text may be incomplete.
        """
        return self._decoder.encode_response(text)

    def token_texts(self, token_ids: Sequence[int]) -> TokenTexts:
        """Texts and offsets of response ids; the texts concatenate to the response exactly."""
        return self._decoder.token_texts(token_ids)

    def text_of(self, token_id: int) -> str:
        """The text of one id, for lists of likely tokens."""
        return self._decoder.text_of(token_id)

    def check(self, sequence: ScoredSequence) -> None:
        """Check that both models can read a sequence.

        Raises:
            ContextLengthError: prompt and response are longer than the context.
            VocabularyError: one of the models has no embedding for an id.
        """
        length = len(sequence.prompt_ids) + len(sequence.response_ids)
        if length > self.context_length:
            raise ContextLengthError(
                f"Prompt ({len(sequence.prompt_ids)} tokens) and response "
                f"({len(sequence.response_ids)}) are longer than the models' context of "
                f"{self.context_length} tokens. Shorten one of them."
            )
        check_input_ids(sequence.input_ids, self.facts.embedding_counts)

    def room(self, prompt: Prompt) -> int:
        """Number of response tokens that fit after a prompt.

        Raises:
            ContextLengthError: the prompt fills the context.
            InputError: the prompt has no tokens.
            VocabularyError: one of the models has no embedding for an id.
        """
        if not prompt.token_ids:
            raise InputError("The prompt has no tokens: type an instruction.")
        room = self.context_length - len(prompt.token_ids)
        if room < 1:
            raise ContextLengthError(
                f"The prompt has {len(prompt.token_ids)} tokens and the models' context "
                f"{self.context_length}: no room for a response. Shorten the instruction."
            )
        check_input_ids(prompt.token_ids, self.facts.embedding_counts)
        return room

    @contextmanager
    def streams(self, sequences: Sequence[ScoredSequence]) -> Iterator[PairStreams]:
        """Both models' logits over the shared ids, for the duration of a `with` block.

        Rows have `shared.stop` columns; ids that are not shared have `UNSHARED_LOGIT`.
        """
        self._require_open()
        for sequence in sequences:
            self.check(sequence)
        with self._models.streams(sequences, self.shared.stop) as streams:
            if self.shared.holes:
                base = _MaskedStream(streams.base, self.shared)
                same = streams.base is streams.tuned
                tuned = base if same else _MaskedStream(streams.tuned, self.shared)
                streams = PairStreams(base=base, tuned=tuned)
            yield streams

    def why_not_finite(self, role: Role) -> str:
        """Why one of the models gives NaN or infinity: its weights or its dtype."""
        with self._models.hold(role) as model:
            return model.why_not_finite()

    @contextmanager
    def tuned_model(self) -> "Iterator[Any]":
        """The tuned model for generation: a `CausalModel`, in memory inside the `with` block."""
        self._require_open()
        with self._models.hold("tuned") as model:
            yield model

    @contextmanager
    def base_model(self) -> "Iterator[Any]":
        """The base model; as `tuned_model`, and the same object if the pair has one model."""
        self._require_open()
        with self._models.hold("base") as model:
            yield model

    def cursors(self) -> tuple[Cursor, Cursor | None]:
        """New cursors of the tuned and the base model; None for a base that is the tuned model.

        Raises:
            InputError: the pair cannot run live (`live_unavailable_reason`).
        """
        self._require_open()
        if not self.supports_live:
            raise InputError(self.live_unavailable_reason)
        with self._models.hold("tuned") as tuned, self._models.hold("base") as base:
            return tuned.cursor(), None if tuned is base else base.cursor()

    def close(self) -> None:
        """Free the models' memory."""
        self._closed = True
        self._models.close()

    def _require_open(self) -> None:
        if self._closed:
            raise InputError(f"The pair {self.pair.name!r} is closed: load it again.")


class _MaskedStream:
    """Masks the ids that are not shared."""

    def __init__(self, stream: LogitStream, shared: SharedIds) -> None:
        self.row_count = stream.row_count
        self._stream = stream
        self._holes = list(shared.holes)

    @torch.inference_mode()
    def read(self, start: int, stop: int) -> torch.Tensor:
        logits = self._stream.read(start, stop)
        logits[:, self._holes] = UNSHARED_LOGIT
        return logits
