"""Frozen records of what has identity or configures work.

Tables (schema.py) hold what is stored, joined or drawn; records hold what a
function is asked to do and what one model pass gives back.
"""

from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from itlim.errors import InputError, NonFiniteError, ShapeError
from itlim.schema import RUNS, DecodingMode, FinishReason, ShiftCategory, TuningKind

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DTYPES = ("auto", "float32", "bfloat16", "float16")
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Where one checkpoint or adapter lies and how to load it."""

    path: str
    """Local folder or hub id."""
    revision: str | None = None
    """Hub revision; None takes the default branch. Ignored for folders."""
    dtype: str = "auto"
    """auto, float32, bfloat16 or float16. auto takes the checkpoint's own, but widens float16
    to float32 on a CPU, where half precision is slow."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    allow_pickle: bool = False
    """Also load weights that are not safetensors. They can run code: off by default."""

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise InputError("The model path is empty: give a local folder or a hub id.")
        if self.dtype not in DTYPES:
            raise InputError(f"Unknown dtype {self.dtype!r}: expected one of {', '.join(DTYPES)}.")
        if self.device not in DEVICES:
            raise InputError(
                f"Unknown device {self.device!r}: expected one of {', '.join(DEVICES)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTemplate:
    """How an instruction becomes a prompt, and who says so."""

    name: str
    without_input: str
    with_input: str
    source: str = ""
    adds_special_tokens: bool = True
    """Whether the tokenizer adds its own start token to the rendered text."""
    response_prefix: str = ""
    """Text between prompt and response that training puts before the response."""

    def render(self, instruction: str, input: str = "") -> str:
        """Fill the template.

        >>> qa = PromptTemplate(name="qa", without_input="Q: {instruction} A:", with_input="")
        >>> qa.render("Name a river.")
        'Q: Name a river. A:'
        """
        text = self.with_input if input else self.without_input
        # Not str.format: braces that the user typed must stay as they are.
        head, _, tail = text.partition("{instruction}")
        return head.replace("{input}", input) + instruction + tail.replace("{input}", input)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A base model, its tuned version, and what they are prompted with."""

    name: str
    base: ModelSource
    tuned: ModelSource | None = None
    """A full tuned checkpoint; None if `adapter` is given or the base is compared with itself."""
    adapter: ModelSource | None = None
    """A PEFT adapter of `base`."""
    template: str | PromptTemplate = "alpaca"
    """Name of a shipped template (prompts.py), `chat`, or a template of one's own."""
    dataset: str | None = None
    """Name of the instruction-tuning dataset the tuned model saw, where known."""
    note: str = ""

    def __post_init__(self) -> None:
        if self.tuned is not None and self.adapter is not None:
            raise InputError(
                f"Pair {self.name!r} names both a tuned model and an adapter: give one of them."
            )

    @property
    def template_name(self) -> str:
        return self.template if isinstance(self.template, str) else self.template.name

    @property
    def kind(self) -> TuningKind:
        if self.adapter is not None:
            return TuningKind.ADAPTER
        return TuningKind.NONE if self.tuned is None else TuningKind.FULL

    @property
    def tuned_source(self) -> ModelSource:
        """The source that differs from the base; the base itself where nothing does."""
        return self.adapter or self.tuned or self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Base ranks that bound the shift categories.

    The defaults are the paper's (section 3, after Lin et al. 2023): unshifted
    rank 1, marginal rank 2 or 3, shifted beyond.
    """

    marginal_above: int = 1
    shifted_above: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.marginal_above <= self.shifted_above:
            raise InputError(
                f"Thresholds {self.marginal_above} and {self.shifted_above} do not work: "
                "expected 1 <= marginal_above <= shifted_above."
            )

    def category(self, base_rank: int) -> ShiftCategory:
        """The category of a 1-based base rank.

        >>> [str(Thresholds().category(rank)) for rank in (1, 3, 4)]
        ['unshifted', 'marginal', 'shifted']
        """
        if base_rank <= self.marginal_above:
            return ShiftCategory.UNSHIFTED
        return ShiftCategory.MARGINAL if base_rank <= self.shifted_above else ShiftCategory.SHIFTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to one pair: everything that decides the numbers of a run."""

    pair: Pair
    instruction: str
    input: str = ""
    response: str | None = None
    """Text to score teacher-forced; None lets the tuned model answer greedily."""
    max_new_tokens: int = 256
    top_k: int = 10

    def __post_init__(self) -> None:
        if not self.instruction.strip():
            raise InputError("The instruction is empty: type what the model should do.")
        if self.response is not None and not self.response.strip():
            raise InputError(
                "The response to score is empty: paste some text, or let the model answer."
            )
        if self.max_new_tokens < 1:
            raise InputError(f"max_new_tokens is {self.max_new_tokens}: expected at least 1.")
        if not 1 <= self.top_k <= 100:
            raise InputError(f"top_k is {self.top_k}: expected 1 to 100.")

    @property
    def decoding(self) -> DecodingMode:
        return DecodingMode.GREEDY if self.response is None else DecodingMode.PASTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A rendered prompt and the ids that both models are given."""

    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A response as token ids. Ids never round-trip through text."""

    prompt: Prompt
    token_ids: tuple[int, ...]
    """Response ids in order; an emitted end-of-sequence id is the last one."""
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShifts:
    """Shift measures of T response positions (DESIGN section 5). Row t scores token t.

    Ranks are 1-based, ties share the better rank. Probabilities are in [0, 1],
    divergences and entropies in nats, all over the whole shared vocabulary.
    """

    token_ids: IntArray
    """(T,) emitted ids r_t."""
    tuned_argmax_ids: IntArray
    """(T,) y_t = argmax P_tuned."""
    base_ranks: IntArray
    """(T,) rank of y_t under P_base."""
    base_probs: FloatArray
    """(T,) P_base(y_t)."""
    tuned_probs: FloatArray
    """(T,) P_tuned(y_t)."""
    emitted_ranks: IntArray
    """(T,) rank of r_t under P_base."""
    emitted_probs: FloatArray
    """(T,) P_base(r_t)."""
    emitted_tuned_probs: FloatArray
    """(T,) P_tuned(r_t)."""
    kl_tuned_base: FloatArray
    kl_base_tuned: FloatArray
    js: FloatArray
    base_entropies: FloatArray
    tuned_entropies: FloatArray
    top_base_ids: IntArray
    """(T, k) ids by falling P_base."""
    top_base_probs: FloatArray
    """(T, k)"""
    top_tuned_ids: IntArray
    """(T, k) ids by falling P_tuned."""
    top_tuned_probs: FloatArray
    """(T, k)"""

    def __post_init__(self) -> None:
        positions = self.token_ids.shape[0]
        for item in fields(self):
            array = getattr(self, item.name)
            if array.shape[0] != positions:
                raise ShapeError(
                    f"{item.name} has {array.shape[0]} rows, token_ids has {positions}."
                )
            if not np.isfinite(array).all():
                raise NonFiniteError(f"{item.name} holds NaN or infinity: the logits overflowed.")

    def __len__(self) -> int:
        return int(self.token_ids.shape[0])

    @classmethod
    def concatenate(cls, parts: "list[TokenShifts]") -> "TokenShifts":
        """Join consecutive stretches of one response; chunked equals whole."""
        return cls(
            **{
                item.name: np.concatenate([getattr(part, item.name) for part in parts])
                for item in fields(cls)
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTexts:
    """Text and place of each token; the texts concatenate to the response exactly."""

    texts: tuple[str, ...]
    char_starts: tuple[int, ...]
    char_stops: tuple[int, ...]
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One stored inspection. The fields but the last are the columns of `schema.RUNS`."""

    run_id: str
    created_at: datetime
    pair: str
    base_model: str
    base_hash: str
    tuned_model: str
    tuned_hash: str
    tuning: str
    dtype: str
    template: str
    instruction: str
    input: str
    prompt: str
    prompt_token_ids: list[int]
    response: str
    decoding: str
    max_new_tokens: int | None
    finish_reason: str
    marginal_above: int
    shifted_above: int
    top_k: int
    origin: str
    itlim_version: str
    tokens: pa.Table
    """`schema.TOKEN_SHIFTS`, in order of position."""

    def row(self) -> dict[str, object]:
        """The columns of `schema.RUNS` by name."""
        return {name: getattr(self, name) for name in RUNS.names}
