"""A loaded pair: what the stages and the page ask, whatever is underneath."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from itlim.errors import ContextLengthError, InputError
from itlim.models.pair_models import PairModels, PairStreams
from itlim.models.protocol import Cursor, LogitStream, ScoredSequence
from itlim.models.vocabulary import SharedIds, check_fed_ids
from itlim.records import Pair, Prompt, TokenTexts
from itlim.text.prompts import render_prompt
from itlim.text.token_text import TokenDecoder

# Logit of ids that only one model knows: its probability is exactly 0 in float32, and finite, so
# that differences of two such logits are 0.
UNSHARED_LOGIT = -1e30


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """What is known of a pair beyond its weights."""

    shared: SharedIds
    """The ids over which the models are compared."""
    token_ids: frozenset[int]
    """Ids the tuned model may emit: those that its tokenizer names."""
    eos_ids: frozenset[int]
    context_length: int
    """The shorter of the two models' context lengths."""
    embedding_counts: dict[str, int]
    dtype: str
    """Of the weights, such as "float32"; "float32/bfloat16" where base and tuned differ."""


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
        """Other weights under the same template, tokenizer and facts."""
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
    def live_possible(self) -> bool:
        return self._models.together

    @property
    def why_not_live(self) -> str:
        """One sentence for the page; empty where live colouring works."""
        if self.live_possible:
            return ""
        return (
            "The two models do not fit into memory together, so they run one after the other: "
            "the colours come when the answer is complete."
        )

    def render(self, instruction: str, input: str = "") -> Prompt:
        """The prompt in the pair's template; both models get its ids."""
        return render_prompt(self.tokenizer, self.pair.template, instruction, input)

    def encode_response(self, text: str) -> tuple[int, ...]:
        """Ids of a pasted response; see `TokenDecoder.encode_response`.

        No end-of-sequence id is added: a pasted text need not be complete.
        """
        return self._decoder.encode_response(text)

    def token_texts(self, token_ids: Sequence[int]) -> TokenTexts:
        """Texts and offsets of response ids; they concatenate to the response exactly."""
        return self._decoder.token_texts(token_ids)

    def text_of(self, token_id: int) -> str:
        """One id as text, for lists of likely tokens."""
        return self._decoder.text_of(token_id)

    def check(self, sequence: ScoredSequence) -> None:
        """Refuse what the models cannot be fed.

        Raises:
            ContextLengthError: prompt and response are longer than the context.
            VocabularyError: an id that one of the models does not know.
        """
        length = len(sequence.prompt_ids) + len(sequence.response_ids)
        if length > self.context_length:
            raise ContextLengthError(
                f"Prompt ({len(sequence.prompt_ids)} tokens) and response "
                f"({len(sequence.response_ids)}) are longer than the models' context of "
                f"{self.context_length} tokens. Shorten one of them."
            )
        check_fed_ids(sequence.input_ids, self.facts.embedding_counts)

    def room(self, prompt: Prompt) -> int:
        """How many response tokens fit behind a prompt.

        Raises:
            ContextLengthError: none does.
            InputError: the prompt has no tokens.
            VocabularyError: an id that one of the models does not know.
        """
        if not prompt.token_ids:
            raise InputError("The prompt has no tokens: the models have nothing to follow.")
        room = self.context_length - len(prompt.token_ids)
        if room < 1:
            raise ContextLengthError(
                f"The prompt has {len(prompt.token_ids)} tokens, the models' context "
                f"{self.context_length}: no room for a response. Shorten the instruction."
            )
        check_fed_ids(prompt.token_ids, self.facts.embedding_counts)
        return room

    @contextmanager
    def streams(self, sequences: Sequence[ScoredSequence]) -> Iterator[PairStreams]:
        """Both models' logits over the shared ids, for the length of a `with` block.

        Rows have `shared.stop` columns; ids that are not shared get `UNSHARED_LOGIT`.
        """
        self._refuse_closed()
        for sequence in sequences:
            self.check(sequence)
        with self._models.streams(sequences, self.shared.stop) as streams:
            if self.shared.holes:
                base = _MaskedStream(streams.base, self.shared)
                same = streams.base is streams.tuned
                tuned = base if same else _MaskedStream(streams.tuned, self.shared)
                streams = PairStreams(base=base, tuned=tuned)
            yield streams

    @contextmanager
    def tuned_model(self) -> "Iterator[Any]":
        """The tuned model for generation: a `CausalModel`, in memory while the block lasts."""
        self._refuse_closed()
        with self._models.hold("tuned") as model:
            yield model

    def cursors(self) -> tuple[Cursor, Cursor | None]:
        """Fresh cursors of the tuned and the base model; no second one for a model with itself.

        Raises:
            InputError: the pair cannot run live (`why_not_live`).
        """
        self._refuse_closed()
        if not self.live_possible:
            raise InputError(self.why_not_live)
        with self._models.hold("tuned") as tuned, self._models.hold("base") as base:
            return tuned.cursor(), None if tuned is base else base.cursor()

    def close(self) -> None:
        """Free the models' memory."""
        self._closed = True
        self._models.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise InputError(f"The pair {self.pair.name!r} was closed: load it again.")


class _MaskedStream:
    """Hides the ids that are not shared."""

    def __init__(self, stream: LogitStream, shared: SharedIds) -> None:
        self.row_count = stream.row_count
        self._stream = stream
        self._holes = list(shared.holes)

    @torch.inference_mode()
    def read(self, start: int, stop: int) -> torch.Tensor:
        logits = self._stream.read(start, stop)
        logits[:, self._holes] = UNSHARED_LOGIT
        return logits
