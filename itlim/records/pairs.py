"""Model sources, prompt templates, and pairs of models to compare."""

from dataclasses import dataclass

from itlim.errors import InputError
from itlim.schema import TuningKind

DTYPES = ("auto", "float32", "bfloat16", "float16")
DEVICES = ("auto", "cpu", "cuda", "mps")
LFT, SFT, CHAT = "LFT", "SFT", "chat"
TUNING_KINDS = (LFT, SFT, CHAT)
"""LoRA or another adapter, all parameters, and models tuned for chat or on preferences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Location of a checkpoint or adapter, and how to load it."""

    path: str
    """Local folder, GGUF file or hub id."""
    revision: str | None = None
    """Hub revision; None means the default branch. Ignored for local models."""
    dtype: str = "auto"
    """auto, float32, bfloat16 or float16. auto uses the checkpoint's own dtype, but converts
    float16 to float32 on a CPU, where half precision is slow."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    allow_pickle: bool = False
    """Also load pickled weights. Off by default, because they can run code."""

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
    """A prompt template and its source."""

    name: str
    without_input: str
    with_input: str
    source: str = ""
    adds_special_tokens: bool = True
    """Whether the tokenizer adds its own start token to the rendered text."""
    response_prefix: str = ""
    """Text that training inserts between prompt and response."""

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
    """A base model, its tuned version, and their prompt template."""

    name: str
    base: ModelSource
    tuned: ModelSource | None = None
    """A full tuned checkpoint; None if `adapter` is given or the base is compared with itself."""
    adapter: ModelSource | None = None
    """A PEFT adapter of `base`."""
    template: str | PromptTemplate = "alpaca"
    """Name of a shipped template (prompts.py), `chat`, or a user-defined template."""
    dataset: str | None = None
    """Name of the dataset on which the tuned model was tuned, if known."""
    note: str = ""
    tuning: str = ""
    """Kind of tuning (`TUNING_KINDS`); empty if it follows from how the model is held."""
    instances: int | None = None
    """Number of tuning instances, if it differs from what `training.json` says, or that is not
    there."""
    parameters: int | None = None
    """Number of the base model's parameters, where its files are not on this machine."""

    def __post_init__(self) -> None:
        if self.tuning and self.tuning not in TUNING_KINDS:
            raise InputError(
                f"Pair {self.name!r} has the tuning {self.tuning!r}: expected one of "
                f"{', '.join(TUNING_KINDS)}."
            )
        for name, value in (("instances", self.instances), ("parameters", self.parameters)):
            if value is not None and (type(value) is not int or value < 1):
                raise InputError(
                    f"Pair {self.name!r} has {name} = {value!r}: expected a whole number of at "
                    "least 1."
                )
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
        """The adapter or tuned model; the base itself if there is neither."""
        return self.adapter or self.tuned or self.base


@dataclass(frozen=True, slots=True, kw_only=True)
class PairHashes:
    """Content hashes of a pair's models (models/fingerprint.py)."""

    base: str
    tuned: str
    """Of the tuned checkpoint, of the adapter, or of the base model compared with itself."""
